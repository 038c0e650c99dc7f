/**
 * What `race` must find in services whose faults are known, and what it must prove of those that have none. The scenarios are
 * those of examples/race.
 */
import { expect, it } from 'vitest';
import { THOROUGH } from '../../support/thorough.ts';
import { causesOf, type Language, shipped, withRaces } from './races.ts';

/** Runs of one replay: of the example that stands for all of a language, and of the others. */
const TIMES = { thorough: 20, short: 2 };

/** Ways that leave something open, and what is found of each: start, fault, cause. */
const OPEN: readonly (readonly [string, readonly string[]])[] = [
  ['delete-after-commit', ['cold, no fault: WS104']],
  ['delete-before-commit', ['cold, no fault: WS103', 'warm, no fault: WS103']],
  ['missing-delete', ['cold, no fault: WS101', 'warm, no fault: WS101']],
  ['wrong-key', ['cold, no fault: WS102', 'warm, no fault: WS102']],
  ['write-through', ['cold, no fault: WS104']],
];

/** Ways that are proved. */
const CLOSED = ['lease', 'lease-2-1', 'generation-fence', 'generation-fence-2-1', 'version-compare'] as const;

/** What is left to a thorough run: it says the same of a second language, and takes its time. */
const THOROUGHLY: Readonly<Record<Language, readonly string[]>> = {
  Node: ['lease-2-1'],
  FastAPI: [
    'delete-before-commit',
    'missing-delete',
    'wrong-key',
    'write-through',
    'lease-2-1',
    'generation-fence',
    'generation-fence-2-1',
    'version-compare',
  ],
};

/** What is explored without reduction as well. */
const PLAIN: Readonly<Record<Language, readonly string[]>> = THOROUGH
  ? {
      Node: ['delete-after-commit', 'delete-before-commit', 'lease'],
      FastAPI: ['delete-after-commit', 'delete-before-commit', 'lease'],
    }
  : { Node: ['delete-after-commit'], FastAPI: [] };

export function proofs(language: Language): void {
  const races = withRaces();
  const wanted = (name: string): boolean => THOROUGH || !THOROUGHLY[language].includes(name);
  const closed = CLOSED.filter(wanted);
  const open = OPEN.filter(([name]) => wanted(name));
  it.each(open)('%s ends stale, and does so again', async (name, causes) => {
    const raced = await races.race(shipped(name, language));
    expect(raced).toMatchObject({
      exitCode: 1,
      verdict: 'invalid',
      complete: true,
      divergences: 0,
      gaps: [],
    });
    expect(causesOf(raced)).toEqual(causes);
    const [first] = raced.counterexamples;
    const times = name === 'delete-after-commit' ? TIMES.thorough : TIMES.short;
    const replayed = await races.replay(raced, first!.schedule, times);
    expect(replayed).toMatchObject({ times, reproduced: times, diverged: 0 });
  });

  it.each(closed)('%s is proved', async (name) => {
    // The warm start of three actors adds little to that of two.
    const start = name.endsWith('2-1') ? 'cold' : ['cold' as const, 'warm' as const];
    const raced = await races.race(shipped(name, language, { start }));
    expect(raced.counterexamples).toEqual([]);
    expect(raced).toMatchObject({ exitCode: 0, verdict: 'valid', complete: true, divergences: 0, gaps: [] });
    expect(raced.bound).toContain('all explored');
  });

  it('version-compare is open to a writer that dies', async () => {
    const raced = await races.race(
      shipped('version-compare', language, { start: 'warm' }),
      '--fault',
      'crash',
    );
    expect(raced).toMatchObject({ exitCode: 1, verdict: 'invalid', complete: true, divergences: 0 });
    expect(causesOf(raced)).toEqual(['warm, crash: WS105']);
    const [first] = raced.counterexamples;
    const replayed = await races.replay(raced, first!.schedule, TIMES.short);
    expect(replayed).toMatchObject({ reproduced: TIMES.short, diverged: 0 });
  });

  it.each(PLAIN[language])('%s comes to the same without reduction', async (name) => {
    const scene = shipped(name, language, { start: 'cold' });
    const reduced = await races.race(scene);
    const plain = await races.race(scene, '--por', 'none');
    expect(plain).toMatchObject({ verdict: reduced.verdict, complete: true, classes: reduced.classes });
    expect(causesOf(plain)).toEqual(causesOf(reduced));
    expect(reduced.executions).toBe(reduced.classes);
    expect(plain.executions).toBeGreaterThan(reduced.executions);
  });
}
