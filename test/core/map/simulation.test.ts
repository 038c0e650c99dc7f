/**
 * The map of simulated services whose truth is known: right ones have no uncovered write however much they overlap, and
 * what a wrong one forgets is named.
 */
import { describe, expect, it } from 'vitest';
import type { MappedWrite } from '../../../src/core/map/coverage-map.ts';
import { mapOf } from '../../../src/core/map/map.ts';
import { BUGGY } from '../../support/simulation/buggy.ts';
import { CORRECT } from '../../support/simulation/correct.ts';
import { type Run, simulate } from '../../support/simulation/run.ts';
import { THOROUGH } from '../../support/thorough.ts';

const SEEDS = THOROUGH ? 4 : 2;
const REQUESTS = 150;
const TIMEOUT = 120_000;
/** Codes of bugs that leave keys of the template in place, whoever looks. */
const FORGETS = new Set(['WS101', 'WS102', 'WS110', 'WS111', 'WS112']);
/** Stale hits from which on the write must be named, in this share of the runs. */
const HANDFUL = 5;
const RECALL = 0.75;

function runs(variant: Run['variant']): Run[] {
  return Array.from({ length: SEEDS }, (_, i) =>
    simulate(variant, { seed: i + 1, http: i % 2 === 0, requests: REQUESTS }),
  );
}

function uncovered(run: Run): readonly (MappedWrite & { readonly template: string })[] {
  return mapOf(run.operations).templates.flatMap(({ template, writes }) =>
    writes.filter(({ status }) => status === 'uncovered').map((write) => ({ ...write, template })),
  );
}

function shown(run: Run, writes: ReturnType<typeof uncovered>): string[] {
  return writes.map(
    ({ template, by, changes, seen, cached, stale }) =>
      `seed ${run.seed}, ${run.clients} clients, http ${run.http}: ${template} ${by.name} ${changes} seen ${seen} cached ${cached} stale ${stale}`,
  );
}

describe('services that are right have no uncovered write', { timeout: TIMEOUT }, () => {
  it.each(CORRECT)('$name', (variant) => {
    expect(runs(variant).flatMap((run) => shown(run, uncovered(run)))).toEqual([]);
  });
});

describe('what a service forgets is named', { timeout: TIMEOUT }, () => {
  it.each(BUGGY.filter(({ code }) => FORGETS.has(code ?? '')))('$code: $name', (variant) => {
    let due = 0;
    let named = 0;
    for (const run of runs(variant)) {
      const found = uncovered(run);
      expect(
        shown(
          run,
          found.filter(({ template }) => template !== run.template),
        ),
      ).toEqual([]);
      if (run.stale.filter((hit) => hit.observable).length < HANDFUL) continue;
      due++;
      if (found.some(({ template }) => template === run.template)) named++;
    }
    expect(named).toBeGreaterThanOrEqual(due * RECALL);
  });
});

describe('what removes its keys, if too early or in vain, is not uncovered', { timeout: TIMEOUT }, () => {
  it.each(BUGGY.filter(({ code }) => !FORGETS.has(code ?? '')))('$code: $name', (variant) => {
    expect(runs(variant).flatMap((run) => shown(run, uncovered(run)))).toEqual([]);
  });
});

it('a history written down and read back gives the same map', () => {
  const [run] = runs(BUGGY[0]!);
  expect(mapOf(JSON.parse(JSON.stringify(run!.operations)) as Run['operations'])).toEqual(
    mapOf(run!.operations),
  );
});
