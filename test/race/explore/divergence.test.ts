import { describe, expect, it } from 'vitest';
import type { ChoicePoint, Explorer } from '../../../src/race/explore/contract.ts';
import { createDpor } from '../../../src/race/explore/dpor.ts';
import { createNone } from '../../../src/race/explore/none.ts';
import { drive, explore } from './drive.ts';
import { program, reader, writer } from './programs.ts';

const system = program({ reader, writer: writer(1) });

const explorers: readonly [string, () => Explorer, number][] = [
  ['dpor', () => createDpor({ retries: 2 }), 5],
  ['plain enumeration', () => createNone({ retries: 2 }), 20],
];

const distortions: readonly [string, (point: ChoicePoint) => ChoicePoint, RegExp][] = [
  [
    'a step is not there',
    ({ enabled, pending }) => ({ enabled: enabled.slice(1), pending }),
    /missing reader#1 GET item:1/,
  ],
  [
    'a step is new',
    ({ enabled, pending }) => ({ enabled: [...enabled, { ...enabled[0]!, actor: 'other' }], pending }),
    /unexpected other#1 GET item:1/,
  ],
  [
    'a label differs',
    ({ enabled, pending }) => ({ enabled: enabled.map((step) => ({ ...step, label: 'PING' })), pending }),
    /reader#1 was GET item:1 .*, is PING/,
  ],
  [
    'a footprint differs',
    ({ enabled, pending }) => ({ enabled: enabled.map((step) => ({ ...step, footprint: [] })), pending }),
    /reader#1 was GET item:1 \{r redis:0:item:1\}, is GET item:1 \{\}/,
  ],
  ['others wait', ({ enabled }) => ({ enabled, pending: ['writer#9'] }), /other steps wait/],
];

describe.each(explorers)('a prefix that does not replay (%s)', (_, create, executions) => {
  it.each(distortions)('%s, once: it is tried again', (_name, distortion) => {
    const distort = (point: ChoicePoint, execution: number, depth: number) =>
      execution === 2 && depth === 0 ? distortion(point) : point;
    expect(explore(create(), system, { distort })).toMatchObject({
      executions,
      complete: true,
      divergences: 1,
      gaps: [],
    });
  });

  it.each(distortions)('%s, always: it is told and never called complete', (_name, distortion, told) => {
    const distort = (point: ChoicePoint, execution: number, depth: number) =>
      execution > 1 && depth === 0 ? distortion(point) : point;
    const found = explore(create(), system, { distort });
    expect(found.complete).toBe(false);
    expect(found.divergences).toBeGreaterThanOrEqual(3);
    expect(found.gaps.join()).toMatch(told);
  });

  it('a world that breaks at once is given up after the retries', () => {
    const explorer = create();
    let runs = 0;
    for (; explorer.next() !== null; runs++) explorer.ended({ ending: 'failed', pending: [] });
    expect(runs).toBe(3);
    expect(explorer.progress()).toMatchObject({ complete: false, executions: 0, divergences: 3 });
  });

  it('an execution that ends before its prefix does is a divergence', () => {
    const explorer = create();
    drive(explorer, system, { stopAfter: 1 });
    expect(explorer.next()?.prefix.length).toBeGreaterThan(0);
    explorer.ended({ ending: 'finished', pending: [] });
    expect(explorer.progress().divergences).toBe(1);
    expect(explorer.next()?.attempt).toBe(1);
  });
});

describe('an assumption that does not hold is found out', () => {
  it('a commit that does not own up to the lock it frees', () => {
    const distort = ({ enabled, pending }: ChoicePoint) => ({
      enabled: enabled.map((step) => ({ ...step, footprint: step.label === 'COMMIT' ? [] : step.footprint })),
      pending,
    });
    const touch = { do: 'set', key: 'k', value: 1 } as const;
    const [update, ...rest] = writer(1);
    const waiting = program({ w1: [update!, touch, ...rest], w2: [touch, update!, ...rest] });
    const found = explore(createDpor(), waiting, { distort });
    expect(found.complete).toBe(false);
    expect(found.gaps.join()).toMatch(/w1#3 \(COMMIT\) woke w2#2 \(UPDATE 1\) without a conflict/);
  });

  it('a step that takes the step of another away', () => {
    const distort = (point: ChoicePoint, _execution: number, depth: number) => ({
      enabled: depth === 0 ? point.enabled : point.enabled.filter(({ actor }) => actor === 'reader'),
      pending: point.pending,
    });
    const found = explore(createDpor(), program({ reader, writer: writer(1) }), { distort });
    expect(found.complete).toBe(false);
    expect(found.gaps.join()).toMatch(/reader#1 \(GET item:1\) took writer#1 \(UPDATE 1\) away/);
  });
});
