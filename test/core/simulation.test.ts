/**
 * The analysis against simulated services whose truth is known: right ones give no staleness finding however much they
 * overlap, wrong ones are found and named, and what is called proved is true hit by hit.
 */
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/core/analyse.ts';
import { CODES } from '../../src/core/codes.ts';
import type { Finding } from '../../src/core/finding.ts';
import type { Operation } from '../../src/core/operation.ts';
import { BUGGY } from '../support/simulation/buggy.ts';
import { CORRECT } from '../support/simulation/correct.ts';
import { type Run, simulate } from '../support/simulation/run.ts';
import { THOROUGH } from '../support/thorough.ts';

const SEEDS = THOROUGH ? { correct: 10, buggy: 6 } : { correct: 5, buggy: 4 };
const REQUESTS = 150;
/** Long enough for a machine that is busy; a run takes some tens of milliseconds. */
const TIMEOUT = 120_000;
/** Stale hits from which on a bug must be found. */
const HANDFUL = 5;
/** Share of the runs with at least a handful of stale hits in which the bug must have its right name. */
const RECALL = 0.5;

function isStaleness(finding: Finding): boolean {
  // What a key lost of its time to live is counted among the costs.
  return CODES[finding.code].group === 'staleness' && finding.endedBy !== null;
}

function findingsOf(run: Run, operations: readonly Operation[] = run.operations): readonly Finding[] {
  return analyse(operations, { reveal: run.reveal }).findings;
}

function where(run: Run): string {
  const { style, shape, bystanders, blocks } = run.variety;
  return `seed ${run.seed}: ${run.clients} clients, http ${run.http}, ${style}, ${shape}, bystanders ${bystanders}, blocks ${blocks}`;
}

/** Findings that say more than is true: each proved one's hits are true stale hits of its template, and so is its witness. */
function exaggerations(run: Run, findings: readonly Finding[]): string[] {
  const stale = new Set(run.stale.map((hit) => hit.op));
  return findings
    .filter((finding) => isStaleness(finding) && finding.confidence === 'proved')
    .flatMap((finding) => {
      const ofKey = run.stale.filter((hit) => hit.key === finding.key).length;
      const most = finding.keys === 1 ? ofKey : run.stale.length;
      const shown = finding.witness.filter((step) => step.note === 'stale' || step.note === 'last stale hit');
      const untrue = shown.filter((step) => !stale.has(step.op)).map((step) => step.op);
      const what = `${where(run)}: ${finding.code} ${finding.key}`;
      return [
        ...(finding.hits > most ? [`${what}: ${finding.hits} hits, ${most} are stale`] : []),
        ...(untrue.length > 0 ? [`${what}: hit ${untrue.join(', ')} is not stale`] : []),
      ];
    });
}

function runs(variant: Run['variant'], count: number): Run[] {
  return Array.from({ length: count }, (_, i) =>
    simulate(variant, { seed: i + 1, http: i % 2 === 0, requests: REQUESTS }),
  );
}

describe('services that are right', { timeout: TIMEOUT }, () => {
  // An outbox is late by design: after the response its old values are stale until the worker has come. A hit of a
  // versioned key may begin with a version that was read before the write: the store alone cannot tell it.
  const late = new Set(['outbox', 'versioned keys']);
  it.each(CORRECT.filter(({ name }) => !late.has(name)))('$name: no staleness', (variant) => {
    for (const run of runs(variant, SEEDS.correct)) {
      const found = findingsOf(run).filter(isStaleness);
      expect(run.stale, where(run)).toEqual([]);
      expect(
        found.map(({ code, key, confidence }) => `${code} ${key} ${confidence}`),
        where(run),
      ).toEqual([]);
    }
  });
});

describe('services with a bug', { timeout: TIMEOUT }, () => {
  it.each(BUGGY)('$code: $name', (variant) => {
    const untrue: string[] = [];
    const missed: string[] = [];
    let due = 0;
    for (const run of runs(variant, SEEDS.buggy)) {
      const findings = findingsOf(run);
      untrue.push(...exaggerations(run, findings));
      const cost = CODES[variant.code!].group === 'cost';
      if (!cost && run.stale.filter((hit) => hit.observable).length < HANDFUL) continue;
      due++;
      const named = findings.some(({ code, template }) => code === variant.code && template === run.template);
      if (!named)
        missed.push(`${where(run)}: ${findings.map(({ code, template }) => `${code} ${template}`)}`);
    }
    expect(untrue.join('\n')).toBe('');
    if (missed.length > (1 - RECALL) * due) expect(missed).toEqual([]);
  });
});

describe('the same history gives the same findings', { timeout: TIMEOUT }, () => {
  const variants = [CORRECT[6]!, BUGGY[0]!, BUGGY[5]!, BUGGY[6]!, BUGGY[10]!];

  it.each(variants)('$name: written down and read back', (variant) => {
    const run = simulate(variant, { seed: 5, clients: 25, requests: REQUESTS });
    const copy = JSON.parse(JSON.stringify(run.operations)) as Operation[];
    expect(findingsOf(run, copy)).toEqual(findingsOf(run));
  });

  it.each(variants)('$name: in another order of the same return times', (variant) => {
    const run = simulate(variant, { seed: 6, clients: 25, requests: REQUESTS });
    expect(findingsOf(run, swapped(run.operations))).toEqual(findingsOf(run));
  });
});

/** Operations that returned at the same moment, and do not belong to one command, in the opposite order. */
function swapped(operations: readonly Operation[]): Operation[] {
  const moments = new Map<number, Operation[]>();
  const order: Operation[][] = [];
  for (const op of operations) {
    const at = op.kind === 'key' || op.return === null ? null : op.return;
    const group = at === null ? undefined : moments.get(at);
    if (group !== undefined && group[0]!.session !== op.session) group.unshift(op);
    else {
      const next = [op];
      order.push(next);
      if (at !== null) moments.set(at, next);
    }
  }
  return order.flat();
}

describe('the change stream', { timeout: TIMEOUT }, () => {
  const told = (run: Run, operations: readonly Operation[]) =>
    findingsOf(run, operations).map(({ code, key, confidence, hits, writer }) => ({
      code,
      key,
      confidence,
      hits,
      writer,
    }));
  it.each([...CORRECT, ...BUGGY])('$name: it adds nothing to what passed the wire', (variant) => {
    for (const seed of [201, 202]) {
      const run = simulate(variant, { seed, http: seed % 2 === 0, requests: REQUESTS, stream: true });
      const wire = run.operations.filter(({ kind }) => kind !== 'change' && kind !== 'stream');
      expect(run.operations.some(({ kind }) => kind === 'change') || run.world.writes.length === 0).toBe(
        true,
      );
      expect(told(run, run.operations), where(run)).toEqual(told(run, wire));
    }
  });
});
