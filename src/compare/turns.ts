/** The measuring itself: blocks of both sides in turn. */
import { howEnded } from '../measure/errors.ts';
import type { MeasuredBlock, MeasuredService, Phase, RunFolder, Sample } from '../measure/index.ts';
import type { Block, Side } from './contract.ts';
import { remainingMs, type TurnPlan } from './plan.ts';
import type { CompareEvents } from './request.ts';

export interface Turns {
  /** Of complete pairs of turns. */
  readonly blocks: readonly Block[];
  /** All that was measured. */
  readonly measured: Readonly<Record<Side, readonly MeasuredBlock[]>>;
  readonly pairs: number;
  /** Why it ended early; null: it did not. */
  readonly cut: string | null;
}

export interface TurnTools {
  readonly services: Readonly<Record<Side, MeasuredService>>;
  readonly folders: Readonly<Record<Side, Pick<RunFolder, 'append'>>>;
  readonly plan: TurnPlan;
  readonly progress: CompareEvents['progress'];
  readonly signal: AbortSignal;
}

export async function takeTurns({ services, folders, plan, progress, signal }: TurnTools): Promise<Turns> {
  const measured: Record<Side, MeasuredBlock[]> = { before: [], after: [] };
  const blocks: Block[] = [];
  const begin = performance.now();
  let done = 0;
  for (const [turn, side] of plan.sides.entries()) {
    const told = (phase: Phase) => {
      const leftMs = remainingMs(plan, done, performance.now() - begin);
      progress({
        doing: 'measuring',
        side,
        turn: { phase, index: turn, of: plan.sides.length, leftMs },
        text: null,
      });
    };
    const service = services[side];
    const append = (samples: readonly Sample[]) => folders[side].append(samples);
    const { cold, rate, seconds } = plan.each;
    told('cold');
    const own = [await service.runCold(cold, append)];
    told('warm');
    if (!over(services)) own.push(await service.runWarm({ rate, seconds, arrivals: 'constant' }, append));
    measured[side].push(...own);
    // A turn that was broken off is no turn.
    if (over(services)) break;
    for (const { phase, samples, totals } of own)
      if (samples.length > 0)
        blocks.push({
          side,
          turn,
          phase,
          samples,
          reads: totals === null ? null : { hits: totals.hits, misses: totals.misses },
        });
    done = turn + 1;
  }
  const pairs = Math.floor(done / 2);
  return {
    blocks: blocks.filter(({ turn }) => turn < 2 * pairs),
    measured,
    pairs,
    cut: done === plan.sides.length ? null : whyCut(services, signal),
  };
}

function over({ before, after }: TurnTools['services']): boolean {
  return before.stopped || after.stopped;
}

function whyCut(services: TurnTools['services'], signal: AbortSignal): string {
  for (const side of ['before', 'after'] as const) {
    const { died } = services[side];
    if (died !== null) return `The service of the side ${side} ended with ${howEnded(died)}.`;
  }
  return signal.aborted ? 'It was interrupted.' : 'It was cut short.';
}
