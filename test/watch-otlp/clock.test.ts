import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WallOrigin } from '../../src/watch/otlp-clock.ts';

/** Two clocks over one simulated time; each reading takes `step` ns. */
function clocks(zero: bigint, step: number) {
  let now = 0;
  let set = 0n;
  return {
    clock: () => {
      now += step;
      return now;
    },
    wall: () => {
      now += step;
      return Number((zero + set + BigInt(now)) / 1_000_000n);
    },
    pass: (ns: number) => {
      now += ns;
    },
    set: (ns: bigint) => {
      set += ns;
    },
  };
}

describe('the wall clock at the history’s zero', () => {
  it('is found to the time between readings, although the wall clock tells milliseconds', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1_700_000_000_000_000_000n, max: 1_900_000_000_000_000_000n }),
        fc.integer({ min: 50, max: 5_000 }),
        (zero, step) => {
          const time = clocks(zero, step);
          const { origin } = new WallOrigin(time.clock, time.wall).look();
          const error = Number(zero - origin);
          expect(error).toBeGreaterThanOrEqual(0);
          expect(error).toBeLessThanOrEqual(3 * step);
        },
      ),
      // The example: the millisecond changes between the first two readings.
      { numRuns: 200, examples: [[1_768_823_829_477_993_854n, 3_073]] },
    );
  });

  it('is found on this machine', () => {
    const begin = performance.now();
    const clock = () => Math.round((performance.now() - begin) * 1e6);
    const { origin, stepped } = new WallOrigin(clock, () => Date.now()).look();
    const told = Number(BigInt(Date.now()) * 1_000_000n - origin) - clock();
    expect(stepped).toBe(false);
    expect(Math.abs(told)).toBeLessThan(50e6);
  });

  it('is taken again when the wall clock was set', () => {
    const time = clocks(1_795_000_000_000_000_000n, 100);
    const origin = new WallOrigin(time.clock, time.wall);
    time.pass(5e9);
    expect(origin.look().stepped).toBe(false);
    time.set(3_600_000_000_000n);
    const after = origin.look();
    expect(after.stepped).toBe(true);
    expect(Number(after.origin - 1_795_003_600_000_000_000n)).toBeGreaterThan(-1_000);
    expect(origin.look().stepped).toBe(false);
  });

  it('is found when the wall clock stands still', () => {
    let now = 0;
    const origin = new WallOrigin(
      () => {
        now += 1_000;
        return now;
      },
      () => 1_795_000_000_000,
    );
    expect(origin.look().origin).toBeLessThan(1_795_000_000_000_000_000n);
  });
});
