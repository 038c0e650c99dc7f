import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generatorLag, type Shot } from '../../src/load/index.ts';

const MS = 1e6;

function shot(index: number, due: number, sent: number, ended: number): Shot {
  return { index, request: 0, due, sent, ended, status: 200, error: null, bytes: 2, cacheHeader: null };
}

/** A run as it must go: each request leaves `late` after it is due and has a place. Times in ns. */
function simulate(inFlight: number, steps: readonly { gap: number; late: number; service: number }[]) {
  const shots: Shot[] = [];
  let due = 0;
  let before = 0;
  for (const [index, { gap, late, service }] of steps.entries()) {
    due += gap;
    const ends = shots.map(({ ended }) => ended).sort((a, b) => b - a);
    const free = ends[inFlight - 1] ?? Number.NEGATIVE_INFINITY;
    // One that is held up holds up those behind it.
    const sent = Math.max(due, free, before) + late;
    shots.push(shot(index, due, sent, sent + service));
    before = sent;
  }
  return shots;
}

describe('the lag of the generator', () => {
  it('is what passes once a request is due and has a place', () => {
    const step = fc.record({
      gap: fc.integer({ min: 0, max: 5 * MS }),
      late: fc.integer({ min: 0, max: 3 * MS }),
      service: fc.integer({ min: 0, max: 40 * MS }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(step, { minLength: 1, maxLength: 60 }),
        (inFlight, steps) => {
          const shots = simulate(inFlight, steps);
          const expected = shots.map(({ due, sent }, index) => {
            const ends = shots.slice(0, index).map(({ ended }) => ended);
            const free = ends.sort((a, b) => b - a)[inFlight - 1] ?? due;
            return (sent - Math.max(due, free)) / MS;
          });
          const { lagMs } = generatorLag(shots, { inFlight });
          expect(lagMs!.max).toBeCloseTo(Math.max(...expected), 9);
          expect(lagMs!.mean).toBeCloseTo(expected.reduce((sum, ms) => sum + ms, 0) / expected.length, 6);
        },
      ),
    );
  });

  it('does not count the wait for a slow service', () => {
    const steps = Array.from({ length: 200 }, () => ({ gap: 10 * MS, late: 0, service: 80 * MS }));
    const lag = generatorLag(simulate(2, steps), { inFlight: 2 });
    expect(lag).toMatchObject({ lateShare: 0, verdict: 'kept-up', notice: null });
    expect(lag.waitedShare).toBeGreaterThan(0.9);
  });

  it('says what a machine that cannot send so many could send', () => {
    // 500/s wanted, 4 ms of work for each.
    const steps = Array.from({ length: 1000 }, () => ({ gap: 2 * MS, late: 4 * MS, service: MS }));
    const lag = generatorLag(simulate(50, steps), { inFlight: 50 });
    expect(lag.verdict).toBe('overrun');
    expect(lag.duePerSecond).toBeCloseTo(500);
    expect(lag.notice).toMatch(/^This machine could send only 250\/s of 500\/s:/);
  });

  it('says so, too, when answers that nobody had time to read kept the places', () => {
    const steps = Array.from({ length: 400 }, () => ({ gap: 2 * MS, late: 0, service: 80 * MS }));
    const shots = simulate(4, steps);
    expect(generatorLag(shots, { inFlight: 4 }, 0.4).verdict).toBe('kept-up');
    expect(generatorLag(shots, { inFlight: 4 }, 0.99).verdict).toBe('overrun');
  });

  it('tells a pause of the machine from a rate that is too high', () => {
    const steps = Array.from({ length: 1000 }, (_, index) => ({
      gap: 2 * MS,
      late: index === 500 ? 60 * MS : 0,
      service: MS,
    }));
    const lag = generatorLag(simulate(50, steps), { inFlight: 50 });
    expect(lag.verdict).toBe('late');
    expect(lag.notice).toMatch(/sent 2\.8 % of 1,000 requests more than 5 ms late, at worst by 60 ms/);
  });

  it('of nothing is nothing', () => {
    expect(generatorLag([], { inFlight: 1 })).toMatchObject({
      lagMs: null,
      verdict: 'kept-up',
      notice: null,
    });
  });
});
