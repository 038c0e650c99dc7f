/** A short measurement of the requests of a case on staging, against what the case allows. */
import type { Case, FiguresSpec } from '../case/contract.ts';
import { counted, duration } from '../core/numbers.ts';
import { type LoadPlan, latencyFigures, runLoad, type Shot } from '../load/index.ts';
import { judgeOf } from '../measure/expected.ts';
import type { RehearsalFigures, RehearsalStep } from './contract.ts';
import { addressOf, clockNs } from './staging.ts';

const IN_FLIGHT = 200;
const NS_PER_MS = 1e6;

export interface FiguresTools {
  readonly base: string;
  readonly baselineP50Ms: number | null;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

type Measured = Pick<RehearsalStep, 'outcome' | 'why' | 'figures'>;

export async function measureFigures(
  item: Pick<Case, 'requests' | 'expected' | 'load'>,
  spec: FiguresSpec,
  tools: FiguresTools,
): Promise<Measured> {
  const [first, ...rest] = item.requests;
  if (first === undefined) return { outcome: 'undecided', why: 'there is no request', figures: null };
  const plan: LoadPlan = {
    ...addressOf(tools.base),
    requests: [first, ...rest],
    rate: spec.rate,
    count: Math.max(1, Math.round(spec.rate * spec.seconds)),
    arrivals: 'constant',
    timeoutMs: item.load.timeoutMs,
    inFlight: IN_FLIGHT,
    judge: judgeOf(item.expected),
  };
  const shots = await runLoad(plan, { clock: clockNs, random: tools.random, signal: tools.signal });
  const figures = figuresOf(shots, spec, tools.baselineP50Ms);
  return { ...judged(figures, spec, shots, tools.signal.aborted), figures };
}

function figuresOf(
  shots: readonly Shot[],
  { rate, seconds }: FiguresSpec,
  baselineP50Ms: number | null,
): RehearsalFigures {
  const right = shots.filter(({ error }) => error === null);
  return {
    rate,
    seconds,
    requests: shots.length,
    errors: shots.length - right.length,
    correctedMs: latencyFigures(right.map(({ due, ended }) => (ended - due) / NS_PER_MS)),
    baselineP50Ms,
  };
}

/** Held against its bounds. Pure. */
export function judged(
  { requests, errors, correctedMs, baselineP50Ms }: RehearsalFigures,
  { p50Ms, p99Ms, timesBaseline }: FiguresSpec,
  shots: readonly Pick<Shot, 'error'>[],
  interrupted: boolean,
): Pick<Measured, 'outcome' | 'why'> {
  if (interrupted) return { outcome: 'undecided', why: 'it was interrupted' };
  if (errors > 0 || correctedMs === null) {
    const reason = shots.find(({ error }) => error !== null)?.error ?? 'no answer';
    return { outcome: 'failed', why: `${errors} of ${counted(requests, 'answer')} were wrong: ${reason}` };
  }
  const { p50, p99 } = correctedMs;
  if (p50Ms !== null && p50 > p50Ms)
    return { outcome: 'failed', why: `p50 is ${duration(p50)}, above ${duration(p50Ms)}` };
  if (p99Ms !== null && p99 > p99Ms)
    return { outcome: 'failed', why: `p99 is ${duration(p99)}, above ${duration(p99Ms)}` };
  if (timesBaseline === null) return { outcome: 'held', why: null };
  if (baselineP50Ms === null)
    return { outcome: 'undecided', why: 'there is no baseline to hold them against' };
  return p50 > timesBaseline * baselineP50Ms
    ? {
        outcome: 'failed',
        why: `p50 is ${duration(p50)}, above ${timesBaseline} times the baseline's ${duration(baselineP50Ms)}`,
      }
    : { outcome: 'held', why: null };
}
