/**
 * Where a gain comes from when requests do not tell: a slow service's requests overlap, so that few of them are known to have hit or
 * missed. What the cache was asked over a whole block is known all the same. Pure.
 */
import type { VariableKind } from '../../case/contract.ts';
import { duration, percent } from '../../core/numbers.ts';
import type { Block, Comparison, Effect } from '../contract.ts';

/** Pairs that must all show more hits: by chance they all do in one of sixteen runs at most, on top of a gain that is none itself. */
const FEWEST_PAIRS = 4;

type Told = Pick<Comparison, 'verdict' | 'because' | 'gain' | 'effects'>;

/**
 * A gain in warm times alone, of which it is not known where it comes from, is owed to more hits where each pair of blocks shows more of
 * them: cold requests, which cannot hit, did not get faster. Where the cache's policy is the change, that is what was wanted.
 */
export function withOrigin<T extends Told>(
  judged: T,
  blocks: readonly Block[],
  changeKind: VariableKind | null,
): T {
  if (judged.verdict !== 'better' || judged.gain !== null) return judged;
  const better = judged.effects.filter(isBetterTime);
  const other = judged.effects.some(({ metric, verdict }) => metric === 'error-rate' && verdict === 'better');
  if (other || better.length === 0 || better.some(({ phase }) => phase === 'cold')) return judged;
  const ratios = hitRatios(blocks);
  if (ratios.length < FEWEST_PAIRS || !ratios.every(({ before, after }) => after > before)) return judged;
  const policy = changeKind === 'cache-policy';
  return {
    ...judged,
    verdict: policy ? 'better' : 'no-difference',
    gain: 'more-hits',
    because: `${better.map(moved).join(', and ')}, ${policy ? 'by' : 'but by'} more hits alone (${meanOf(ratios, 'before')} of the cache reads before, ${meanOf(ratios, 'after')} after): nothing shows that cold requests or misses got faster, so this is no faster work.`,
  };
}

function isBetterTime({ among, scale, verdict }: Effect): boolean {
  return among === 'all' && scale === 'ratio' && verdict === 'better';
}

function moved({ phase, metric, before, after }: Effect, index: number): string {
  const name = `${phase} ${metric === 'p50' ? 'median' : '99th percentile'}`;
  return `${index === 0 ? 'The' : 'the'} ${name} fell from ${duration(before)} to ${duration(after)}`;
}

interface Ratios {
  readonly before: number;
  readonly after: number;
}

/** Shares of cache reads that hit, of each pair of warm blocks; pairs of which they are not known are left out. */
function hitRatios(blocks: readonly Block[]): readonly Ratios[] {
  const warm = new Map(blocks.filter(({ phase }) => phase === 'warm').map((block) => [block.turn, block]));
  return [...warm.values()]
    .filter(({ turn }) => turn % 2 === 0)
    .flatMap((first) => {
      const second = warm.get(first.turn + 1);
      if (second === undefined) return [];
      const [before, after] = first.side === 'before' ? [first, second] : [second, first];
      const pair = { before: ratioOf(before), after: ratioOf(after) };
      return pair.before === null || pair.after === null ? [] : [{ before: pair.before, after: pair.after }];
    });
}

function ratioOf({ reads }: Block): number | null {
  if (reads === undefined || reads === null || reads.hits + reads.misses === 0) return null;
  return reads.hits / (reads.hits + reads.misses);
}

function meanOf(ratios: readonly Ratios[], side: keyof Ratios): string {
  return percent(ratios.reduce((sum, one) => sum + one[side], 0) / ratios.length);
}
