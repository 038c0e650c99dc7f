import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory, type HistoryRecord, type Model } from '../../../src/core/check/index.ts';
import { isValid } from './brute-force.ts';
import { histories } from './histories.ts';

const MODELS: readonly Model[] = ['linearizable', 'bounded-staleness', 'read-your-writes', 'monotonic-reads'];
/** Histories for each shape and model; a longer run: CHECK_RUNS=50000 npx vitest run test/core/check. */
const RUNS = Number(process.env.CHECK_RUNS ?? 200);

const SHAPES = [
  ['values written once', { operations: 7, sessions: 3, times: 12, unique: true }],
  ['many equal stamps', { operations: 7, sessions: 2, times: 4, unique: true }],
  ['one session', { operations: 7, sessions: 1, times: 14, unique: true }],
  ['values written again', { operations: 6, sessions: 2, times: 8, unique: false }],
] as const;

function check(records: readonly HistoryRecord[], model: Model, deltaNs: number): string {
  return checkHistory(records, { model, deltaNs }).verdict;
}

describe.each(SHAPES)('small random histories, %s', (_, shape) => {
  it.each(MODELS)('%s agrees with trying all orders', (model) => {
    fc.assert(
      fc.property(histories(shape), fc.nat(6), (records, delta) => {
        const expected = isValid(records, model, delta) ? 'valid' : 'invalid';
        expect(check(records, model, delta)).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it('the smallest Δ is the first that holds', () => {
    fc.assert(
      fc.property(histories(shape), (records) => {
        const { maxStaleNs } = checkHistory(records, { model: 'linearizable', maxStale: true });
        const longest = 40;
        const expected = Array.from({ length: longest }, (_unused, delta) => delta).find((delta) =>
          isValid(records, 'bounded-staleness', delta),
        );
        expect(maxStaleNs).toBe(expected ?? null);
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });

  it.each(MODELS)('a witness of %s proves it and is minimal', (model) => {
    fc.assert(
      fc.property(histories(shape), fc.nat(4), (records, delta) => {
        const { violations } = checkHistory(records, { model, deltaNs: delta });
        for (const { witness } of violations) {
          const among = (record: HistoryRecord): boolean => witness.includes(record.id ?? 0);
          const part = records.filter(among);
          expect(part.length).toBe(witness.length);
          expect(isValid(part, model, delta)).toBe(false);
          // A proof: writes of its values that were left out cannot have served its reads.
          const reads = part.filter((record) => record.kind === 'read');
          const read = new Set(reads.map((record) => record.value));
          const withWrites = records.filter(
            (record) => among(record) || (record.kind === 'write' && read.has(record.value)),
          );
          expect(isValid(withWrites, model, delta)).toBe(false);
          // Leaving out a read may bring back writes, which makes minimality no matter of the witness alone.
          if (!shape.unique || read.has(null)) continue;
          for (const one of reads) {
            const less = part.filter((record) => record !== one);
            expect(isValid(less, model, delta)).toBe(true);
          }
        }
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });

  it('operations that failed and reads of unknown outcome say nothing', () => {
    fc.assert(
      fc.property(histories(shape), (records) => {
        const telling = records.filter(
          (record) => record.status !== 'fail' && !(record.status === 'info' && record.kind === 'read'),
        );
        for (const model of MODELS) expect(check(records, model, 1)).toBe(check(telling, model, 1));
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });

  it('the order of the lines does not matter', () => {
    fc.assert(
      fc.property(histories(shape), fc.infiniteStream(fc.nat()), (records, random) => {
        const shuffled = records
          .map((record) => ({ record, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ record }) => record);
        for (const model of MODELS) expect(check(shuffled, model, 1)).toBe(check(records, model, 1));
      }),
      { numRuns: Math.ceil(RUNS / 10) },
    );
  });
});

describe('a larger Δ', () => {
  it('never makes a valid history invalid', () => {
    fc.assert(
      fc.property(
        histories({ operations: 12, sessions: 3, times: 20, unique: false }),
        fc.nat(10),
        fc.nat(10),
        (records, a, b) => {
          if (check(records, 'bounded-staleness', a) === 'valid') {
            expect(check(records, 'bounded-staleness', a + b)).toBe('valid');
          }
        },
      ),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });
});
