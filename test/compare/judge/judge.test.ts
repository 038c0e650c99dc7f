import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Block, Effect, Metric } from '../../../src/compare/contract.ts';
import { type JudgeOptions, judge, RESAMPLES } from '../../../src/compare/judge/index.ts';
import type { CacheUse, Phase, Sample } from '../../../src/measure/contract.ts';
import { Random } from '../../support/simulation/random.ts';
import { type Change, sample, simulate, WORLD, type World } from './simulation.ts';

function options(own: Partial<JudgeOptions> = {}): JudgeOptions {
  const random = new Random(1);
  return { random: () => random.next(), confidence: 0.95, resamples: RESAMPLES, changeKind: null, ...own };
}

const compared = (world: Partial<World>, change: Change, own: Partial<JudgeOptions> = {}) =>
  judge(simulate({ ...WORLD, ...world }, change, 4), options(own));

function effect(effects: readonly Effect[], phase: Phase, metric: Metric, among: Effect['among'] = 'all') {
  return effects.find((one) => one.phase === phase && one.metric === metric && one.among === among);
}

/** Blocks A B B A …, each made by a function of its side and pair. */
function blocks(
  pairs: number,
  make: (after: boolean, pair: number, phase: Phase) => readonly Sample[],
  phases: readonly Phase[] = ['cold', 'warm'],
): Block[] {
  return Array.from({ length: 2 * pairs }, (_, turn) => {
    const after = turn % 4 === 1 || turn % 4 === 2;
    const side = after ? ('after' as const) : ('before' as const);
    return phases.map((phase) => ({ side, turn, phase, samples: make(after, Math.floor(turn / 2), phase) }));
  }).flat();
}

const times = (
  count: number,
  ms: (index: number) => number,
  phase: Phase = 'warm',
  cache: CacheUse | null = null,
) => Array.from({ length: count }, (_, index) => sample(phase, index, ms(index), { cache }));

describe('a change', () => {
  it.each<[string, Partial<World>, Change, string, string | null]>([
    ['that changes nothing', { hits: 0.6 }, {}, 'no-difference', null],
    ['that only makes more requests hit', { hits: 0.4 }, { hits: 0.9 }, 'no-difference', 'more-hits'],
    [
      'that only lifts the last misses',
      { hits: 0.9, pairs: 10 },
      { hits: 0.998 },
      'no-difference',
      'more-hits',
    ],
    ['that makes misses faster', { hits: 0.4 }, { missMs: 8 }, 'better', 'faster-work'],
    ['that makes hits faster', { hits: 0.8 }, { hitMs: 1 }, 'better', 'faster-work'],
    ['that does both', { hits: 0.4 }, { hits: 0.9, missMs: 8 }, 'better', 'both'],
    ['that makes misses slower', { hits: 0.4 }, { missMs: 40 }, 'worse', null],
    ['that loses hits', { hits: 0.9 }, { hits: 0.4 }, 'worse', null],
    ['that fails fast', {}, { missMs: 2, errors: 0.2 }, 'worse', null],
    ['that mends errors', { errors: 0.2 }, { errors: 0 }, 'better', null],
    [
      'that is slower under strong drift',
      { drift: 0.2, trend: 0.05, pairs: 16 },
      { missMs: 40 },
      'worse',
      null,
    ],
    ['that is nothing but drift', { drift: 0.3, trend: 0.2 }, {}, 'no-difference', null],
  ])('%s', (_, world, change, verdict, gain) => {
    const judged = compared(world, change);
    expect([judged.verdict, judged.gain], judged.because).toEqual([verdict, gain]);
  });

  it('of the cache policy aims at more hits, and then they are better', () => {
    const judged = compared({ hits: 0.4 }, { hits: 0.9 }, { changeKind: 'cache-policy' });
    expect([judged.verdict, judged.gain]).toEqual(['better', 'more-hits']);
    expect(judged.because).toMatch(/by more hits \(warm hit ratio .* %\), not by faster work\.$/);
  });

  it('that turns the cache policy is no better for failing', () => {
    const change = { hits: 0.9, errors: 0.2 };
    expect(compared({ hits: 0.4 }, change, { changeKind: 'cache-policy' }).verdict).toBe('worse');
  });

  it('is told with its figures', () => {
    expect(compared({ hits: 0.4 }, { hits: 0.9 }).because).toMatch(
      /^The warm median fell from \d.* ms to \d.* ms \(by \d.* % to \d.* %\).*, but the gain comes from more hits alone \(warm hit ratio \d.* % to \d.* %\): neither hits nor misses nor cold requests got faster, so this is no faster work\.$/,
    );
    expect(compared({}, {}).because).toMatch(
      /^No difference beyond chance: the cold median .* \(ratio .*\), where a gain of .* % would have shown in four of five runs; the warm median .*\.$/,
    );
    expect(compared({}, { missMs: 2, errors: 0.2 }).because).toMatch(
      /^The (cold|warm) error rate rose from 0 % to .*, although the cold median fell from .*\.$/,
    );
  });
});

describe('more hits in disguise', () => {
  const warm = (after: boolean, pair: number, make: (hit: boolean, index: number) => Sample) =>
    Array.from({ length: 40 }, (_, index) => make(index % 10 < (after ? 9 : 3), index + pair));

  it('are seen through where the service keeps answers in its own memory and even cold requests are answered from it', () => {
    const made = blocks(8, (after, pair, phase) =>
      times(20, (index) => (after ? 1 : 10) + ((index + pair) % 7) / 10, phase).map((one) => ({
        ...one,
        cache: after ? ('none' as const) : ('miss' as const),
        sourceCalls: after ? 0 : 1,
      })),
    );
    const judged = judge(made, options());
    expect([judged.verdict, judged.gain]).toEqual(['no-difference', 'more-hits']);
  });

  it('are seen through where other requests miss than before', () => {
    // Request 0 takes 40 ms and request 1 takes 20 ms when they miss; after the change request 0 hardly misses any more.
    const made = blocks(8, (after, pair, phase) =>
      phase === 'cold'
        ? times(10, (index) => 30 + ((index + pair) % 5), phase, 'miss')
        : warm(after, pair, (hit, index) => {
            const request = after && !hit ? 1 : index % 2;
            const ms = (hit ? 2 : request === 0 ? 40 : 20) + ((index * 7 + pair) % 5) / 5;
            return sample('warm', index, ms, { cache: hit ? 'hit' : 'miss', request });
          }),
    );
    const judged = judge(made, options());
    expect([judged.verdict, judged.gain], judged.because).toEqual(['no-difference', 'more-hits']);
  });

  it('are seen through where a session always hits, so that no request is all misses', () => {
    const made = blocks(8, (after, pair, phase) =>
      phase === 'cold'
        ? times(10, (index) => 30 + ((index + pair) % 5), phase, 'mixed')
        : warm(after, pair, (hit, index) =>
            sample('warm', index, (hit ? 2 : 30) + ((index * 7 + pair) % 5), {
              cache: hit ? 'hit' : 'mixed',
            }),
          ),
    );
    const judged = judge(made, options());
    expect([judged.verdict, judged.gain], judged.because).toEqual(['no-difference', 'more-hits']);
    expect(effect(judged.effects, 'warm', 'p50', 'misses')!.verdict).toBe('none');
  });

  it('cannot be told from faster work where no request tells whether it hit, and this is said', () => {
    const made = blocks(
      8,
      (after, pair) => times(20, (index) => (after ? 5 : 10) + ((index + pair) % 7) / 10),
      ['warm'],
    );
    const judged = judge(made, options());
    expect([judged.verdict, judged.gain]).toEqual(['better', null]);
    expect(judged.because).toMatch(/is not known, as too few requests tell whether they hit\.$/);
  });
});

describe('the tail', () => {
  it('decides by itself: a stampede that is mended moves no median', () => {
    const made = blocks(6, (after, pair, phase) =>
      times(150, (index) => (index % 30 === 0 && !after ? 200 : 10) + ((index + pair) % 9) / 10, phase),
    );
    const judged = judge(made, options());
    expect(judged.verdict).toBe('better');
    expect(effect(judged.effects, 'warm', 'p50')!.verdict).toBe('none');
    expect(effect(judged.effects, 'warm', 'p99')!.verdict).toBe('better');
  });

  it('is no gain where the slow requests may have failed instead', () => {
    // Two of a hundred and fifty, and only in two of six pairs: too few errors to be shown.
    const made = blocks(6, (after, pair, phase) =>
      times(150, (index) => (index % 75 === 0 ? 200 : 10) + ((index + pair) % 9) / 10, phase)
        .map((one) => (after && one.correctedMs > 100 && pair < 2 ? { ...one, error: 'timeout' } : one))
        .filter((one) => !after || one.correctedMs < 100 || one.error !== null),
    );
    const judged = judge(made, options());
    expect(effect(judged.effects, 'warm', 'p99')!.verdict).toBe('better');
    expect(effect(judged.effects, 'warm', 'error-rate')!.verdict).toBe('none');
    expect(judged.verdict).toBe('no-difference');
    expect(judged.because).toMatch(/the slow ones may have failed instead\.$/);
  });

  it('is unknown where blocks are too short for a hundredth of their requests', () => {
    const tail = effect(compared({ cold: 5, warm: 20 }, {}).effects, 'warm', 'p99')!;
    expect(tail).toMatchObject({ verdict: 'unknown', interval: null, detectable: null });
  });

  it('takes neighbouring pairs together where that makes blocks long enough', () => {
    const tail = effect(compared({ pairs: 12, warm: 34 }, {}).effects, 'warm', 'p99')!;
    expect(tail.interval).not.toBeNull();
  });
});

describe('figures at their ends', () => {
  it('see no effect in times that are all the same', () => {
    const judged = judge(
      blocks(5, (_, __, phase) => times(10, () => 7, phase, 'miss')),
      options(),
    );
    expect(judged.verdict).toBe('no-difference');
    const median = effect(judged.effects, 'warm', 'p50')!;
    expect(median).toMatchObject({ verdict: 'none', effect: 1, interval: { low: 1, high: 1 } });
    expect(median.before).toBeCloseTo(7, 12);
  });

  it('see a constant effect in times that are all the same on each side', () => {
    const judged = judge(
      blocks(5, (after, _, phase) => times(10, () => (after ? 6 : 12), phase, 'miss')),
      options(),
    );
    expect(judged.verdict).toBe('better');
    expect(effect(judged.effects, 'warm', 'p50')!.effect).toBeCloseTo(0.5, 12);
  });

  it('do not take a clock that tells no time for an infinite gain', () => {
    const judged = judge(
      blocks(5, (after, _, phase) => times(10, () => (after ? 0 : 1), phase, 'miss')),
      options(),
    );
    for (const one of judged.effects)
      expect(Object.values(one).every((value) => value !== Infinity)).toBe(true);
  });

  it('do not take no error in few requests for none ever', () => {
    const rate = effect(compared({ cold: 5, warm: 20 }, {}).effects, 'warm', 'error-rate')!;
    expect(rate).toMatchObject({ before: 0, after: 0, verdict: 'none' });
    expect(rate.interval!.high).toBeGreaterThan(3 / (8 * 20));
  });

  it('compare the corrected time', () => {
    const made = blocks(5, (after, pair, phase) =>
      times(10, (index) => 10 + ((index + pair) % 3), phase, 'miss').map((one) =>
        after ? { ...one, uncorrectedMs: one.correctedMs * 3 } : one,
      ),
    );
    expect(judge(made, options()).verdict).toBe('no-difference');
  });
});

describe('too little', () => {
  it.each<[string, Block[], RegExp]>([
    ['nothing at all', [], /nothing of the side before/],
    ['one side', simulate(WORLD, {}, 1).filter(({ side }) => side === 'before'), /nothing of the side after/],
    [
      'two sides that never answered',
      simulate({ ...WORLD, errors: 1 }, {}, 1),
      /of 960 requests on the side before none was answered as expected/,
    ],
    [
      'three pairs',
      simulate({ ...WORLD, pairs: 3 }, { missMs: 1 }, 1),
      /^Too little was measured for an interval: 3 pairs of cold blocks and 3 pairs of warm ones with 360 requests before and 360 requests after, where 4 pairs with five answered requests a side are needed\.$/,
    ],
    [
      'a request a block',
      simulate({ ...WORLD, warm: 1, cold: 0 }, { missMs: 1 }, 1),
      /^Too little was measured for an interval/,
    ],
  ])('is not comparable: %s', (_, made, because) => {
    const judged = judge(made, options());
    expect(judged.verdict).toBe('not-comparable');
    expect(judged.because).toMatch(because);
    expect(
      judged.effects.filter(({ scale }) => scale === 'ratio').every(({ verdict }) => verdict === 'unknown'),
    ).toBe(true);
  });

  it('is worse all the same where the side after fails every request', () => {
    const judged = judge(simulate(WORLD, { errors: 1 }, 1), options());
    expect(judged.verdict).toBe('worse');
    expect(judged.because).toMatch(/error rate rose from 0 % to 100 %/);
  });

  it('of one phase is said beside what the other shows', () => {
    const judged = compared({ cold: 1, warm: 40 }, {});
    expect(judged.verdict).toBe('no-difference');
    expect(judged.because).toMatch(/; too little was measured of the cold phase\.$/);
  });

  it('a run that was cut short counts as far as its pairs are whole', () => {
    const whole = simulate({ ...WORLD, pairs: 6 }, { missMs: 5 }, 2);
    const cut = whole.filter(({ turn }) => turn < 11);
    const judged = judge(cut, options());
    expect(judged.verdict).toBe('better');
    expect(effect(judged.effects, 'warm', 'p50')!.samples).toEqual({ before: 500, after: 500 });
  });
});

describe('whatever was measured', () => {
  const worlds = fc.record({
    pairs: fc.integer({ min: 4, max: 12 }),
    cold: fc.integer({ min: 0, max: 12 }),
    warm: fc.integer({ min: 5, max: 40 }),
    hits: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    errors: fc.double({ min: 0, max: 0.4, noNaN: true }),
  });
  const measured = fc
    .tuple(worlds, fc.record({ missMs: fc.integer({ min: 2, max: 200 }) }), fc.nat(1000))
    .map(([world, change, seed]) => simulate({ ...WORLD, ...world }, change, seed));
  // Few enough subsets that all are taken: no chance is left in the answer.
  const exact = () => options({ resamples: 2 ** 13 });

  it('swapping the sides turns every effect round', () => {
    const turned = { better: 'worse', worse: 'better', none: 'none', unknown: 'unknown' };
    fc.assert(
      fc.property(measured, (made) => {
        const swapped = made.map((block) => ({
          ...block,
          side: block.side === 'before' ? ('after' as const) : ('before' as const),
        }));
        const [there, back] = [judge(made, exact()), judge(swapped, exact())];
        there.effects.forEach((one, index) => {
          const other = back.effects[index]!;
          expect(other.verdict).toBe(turned[one.verdict]);
          expect(other.effect).toBeCloseTo(one.scale === 'ratio' ? 1 / one.effect : -one.effect, 6);
        });
      }),
      { numRuns: 25 },
    );
  });

  it('a unit of time, the order of blocks and that of requests in them change nothing', () => {
    fc.assert(
      fc.property(measured, (made) => {
        const other = [...made].reverse().map((block) => ({
          ...block,
          samples: [...block.samples].reverse().map((one) => ({ ...one, correctedMs: one.correctedMs * 8 })),
        }));
        const [one, two] = [judge(made, exact()), judge(other, exact())];
        expect(two.verdict).toBe(one.verdict);
        expect(two.effects.map(({ verdict }) => verdict)).toEqual(one.effects.map(({ verdict }) => verdict));
        for (const [index, { effect }] of two.effects.entries())
          expect(effect).toBeCloseTo(one.effects[index]!.effect, 6);
      }),
      { numRuns: 25 },
    );
  });

  it('an effect lies in its interval, figures can be written down, and no difference comes with a number', () => {
    fc.assert(
      fc.property(measured, (made) => {
        const judged = judge(made, options({ resamples: 2000 }));
        for (const one of judged.effects) {
          expect(JSON.parse(JSON.stringify(one))).toEqual(one);
          if (one.interval === null) continue;
          expect(one.interval.low).toBeLessThanOrEqual(one.effect + 1e-9);
          expect(one.interval.high).toBeGreaterThanOrEqual(one.effect - 1e-9);
        }
        expect(judged.because).toMatch(/^[A-Z].*\.$/);
        if (judged.verdict === 'no-difference') expect(judged.because).toMatch(/\d/);
        expect(judged.because).not.toMatch(/NaN|undefined|null|Infinity/);
      }),
      { numRuns: 50 },
    );
  });
});
