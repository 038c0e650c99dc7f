/** Histories too long to try all orders: the fast algorithms against the exact search, which shares no code with them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory, type HistoryRecord } from '../../../src/core/check/index.ts';
import { verdictOf } from '../../../src/core/check/linearizable.ts';
import { type Register, reachingBack, registersOf } from '../../../src/core/check/register.ts';
import { searchLinearization } from '../../../src/core/check/search.ts';

const RUNS = Number(process.env.CHECK_RUNS ?? 600);

interface Plan {
  readonly write: boolean;
  readonly remove: boolean;
  readonly session: number;
  readonly pause: number;
  readonly length: number;
  readonly effect: number;
  readonly slip: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  write: fc.boolean(),
  remove: fc.boolean(),
  session: fc.nat(4),
  pause: fc.nat(3),
  length: fc.nat(12),
  effect: fc.nat(12),
  slip: fc.nat(7),
});

/**
 * Sessions on a real register, each operation taking effect at some moment of its interval; now and then a read slips: it
 * returns what was current before the latest writes. `unique` false writes few values again and again.
 */
function run(plans: readonly Plan[], unique: boolean): HistoryRecord[] {
  const free = [0, 0, 0, 0, 0];
  const planned = plans.map((one, i) => {
    const invoke = (free[one.session] as number) + one.pause;
    const end = invoke + one.length;
    free[one.session] = end + 1;
    return { ...one, id: i, invoke, end, at: invoke + Math.min(one.effect, one.length) };
  });
  const past: (string | null)[] = [null];
  return planned
    .sort((a, b) => a.at - b.at)
    .map(({ id, write, remove, session, invoke, end, slip }) => {
      const written = remove ? null : `v${unique ? id : id % 4}`;
      const value = write
        ? written
        : (past[Math.max(0, past.length - (slip < 3 ? 1 + slip : 1))] as string | null);
      if (write) past.push(value);
      return {
        id,
        session: `s${session}`,
        kind: write ? 'write' : 'read',
        key: 'k',
        value,
        invoke,
        return: end,
        status: 'ok',
      };
    });
}

const history = (unique: boolean): fc.Arbitrary<HistoryRecord[]> =>
  fc.array(plan, { minLength: 5, maxLength: 60 }).map((plans) => run(plans, unique));

function searched(register: Register, delta: number): string {
  const result = searchLinearization(reachingBack(register, delta), 3_000_000);
  if (result.kind === 'exhausted') return 'exhausted';
  return result.failed === null ? 'valid' : 'invalid';
}

describe('longer histories', () => {
  it('zones and deletes agree with the search', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(history(true), fc.nat(8), (records, delta) => {
        const register = registersOf(records).get('k') as Register;
        const expected = searched(register, delta);
        seen.set(expected, (seen.get(expected) ?? 0) + 1);
        if (expected !== 'exhausted') expect(verdictOf(register, delta, 0)).toBe(expected);
      }),
      { numRuns: RUNS },
    );
    // Neither answer is so rare that agreement would mean little.
    expect(seen.get('valid')).toBeGreaterThan(RUNS / 20);
  });

  it.each([
    true,
    false,
  ])('no session misses its writes or goes back when all is linearizable (values once: %s)', (unique) => {
    fc.assert(
      fc.property(history(unique), (records) => {
        if (checkHistory(records, { model: 'linearizable' }).verdict !== 'valid') return;
        for (const model of ['read-your-writes', 'monotonic-reads', 'bounded-staleness'] as const) {
          expect(checkHistory(records, { model }).verdict).toBe('valid');
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('the smallest Δ holds, and one less does not', () => {
    fc.assert(
      fc.property(history(true), (records) => {
        const { maxStaleNs } = checkHistory(records, { model: 'monotonic-reads', maxStale: true });
        if (maxStaleNs === null) return;
        const register = registersOf(records).get('k') as Register;
        expect(searched(register, maxStaleNs)).not.toBe('invalid');
        if (maxStaleNs > 0) expect(searched(register, maxStaleNs - 1)).not.toBe('valid');
      }),
      { numRuns: RUNS },
    );
  });

  it('a witness proves the violation, and is short', () => {
    fc.assert(
      fc.property(history(true), fc.nat(4), (records, deltaNs) => {
        const [violation] = checkHistory(records, { model: 'bounded-staleness', deltaNs }).violations;
        if (violation === undefined) return;
        const part = records.filter((record) => violation.witness.includes(record.id ?? -1));
        expect(searched(registersOf(part).get('k') as Register, deltaNs)).toBe('invalid');
        const values = new Set(part.filter((record) => record.value !== null).map((record) => record.value));
        expect(values.size).toBeLessThanOrEqual(6);
      }),
      { numRuns: RUNS },
    );
  });
});
