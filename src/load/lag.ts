/**
 * How late the generator itself was. A request may go out once it is due and a place in flight is free; what passes from then until
 * it was sent is the fault of the machine that sends, and none of the service's. Computed from the shots alone.
 */
import { performance } from 'node:perf_hooks';
import { counted, duration, percent } from '../core/numbers.ts';
import type { LatencyFigures, LoadPlan, Shot } from './contract.ts';
import { latencyFigures } from './histogram.ts';

const NS_PER_MS = 1e6;
const NS_PER_SECOND = 1e9;
/** A request that went out later than this by the machine's fault counts as late, ms. */
export const LATE_MS = 5;
/** Share of late ones from which it is said. */
const LATE_SHARE = 0.01;
/** Share of the wanted rate below which the machine did not keep up. */
const KEPT_UP = 0.95;
/** Share of time from which the event loop counts as busy without a break. */
const SATURATED = 0.9;

export interface GeneratorLag {
  /** Time from when a request could be sent to when it was. Null: no request. */
  readonly lagMs: LatencyFigures | null;
  /** Share of requests that were late by more than {@link LATE_MS}. */
  readonly lateShare: number;
  /** Share of requests that were due while all places in flight were taken: these waited for the service. */
  readonly waitedShare: number;
  readonly duePerSecond: number;
  readonly sentPerSecond: number;
  /** `late`: at times; `overrun`: throughout, it could not send so many. */
  readonly verdict: 'kept-up' | 'late' | 'overrun';
  /** What a reader of the figures must know; null: nothing. */
  readonly notice: string | null;
}

/** Begins to measure; the function gives the share of time in [0, 1] in which this process' event loop was at work since. */
export function watchBusy(): () => number {
  const before = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(before).utilization;
}

/**
 * The lag of one run. `shots` in order of index; `busy` is what {@link watchBusy} gave for the run: a process that is too slow to
 * read its answers keeps places in flight taken, which shots alone would put down to the service.
 */
export function generatorLag(
  shots: readonly Shot[],
  { inFlight }: Pick<LoadPlan, 'inFlight'>,
  busy = 0,
): GeneratorLag {
  const { lagsMs, waited } = lags(shots, inFlight);
  const lagMs = latencyFigures(lagsMs);
  const lateShare = share(lagsMs.filter((ms) => ms > LATE_MS).length, shots.length);
  const duePerSecond = perSecond(shots, (shot) => shot.due);
  const sentPerSecond = perSecond(shots, (shot) => shot.sent);
  const waitedShare = share(waited, shots.length);
  // One long pause of the machine makes many late; a rate that is too high makes most late, and ever later.
  const slow = (lagMs !== null && lagMs.p50 > LATE_MS) || (waitedShare > 0.5 && busy > SATURATED);
  const overrun = slow && sentPerSecond < KEPT_UP * duePerSecond;
  const verdict = overrun ? 'overrun' : lateShare > LATE_SHARE ? 'late' : 'kept-up';
  const figures = { lagMs, lateShare, waitedShare, duePerSecond, sentPerSecond };
  return { ...figures, verdict, notice: noticeOf(verdict, figures) };
}

function noticeOf(
  verdict: GeneratorLag['verdict'],
  { lagMs, lateShare, duePerSecond, sentPerSecond }: Omit<GeneratorLag, 'verdict' | 'notice'>,
): string | null {
  if (verdict === 'kept-up' || lagMs === null) return null;
  if (verdict === 'overrun') {
    return `This machine could send only ${rate(sentPerSecond)} of ${rate(duePerSecond)}: response times from when requests were due tell of it, not of the service. Lower the rate.`;
  }
  const worst = `at worst by ${duration(lagMs.max)}`;
  return `This machine sent ${percent(lateShare)} of ${counted(lagMs.count, 'request')} more than ${LATE_MS} ms late, ${worst}; response times from when they were due hold that.`;
}

function rate(perSecond: number): string {
  return `${perSecond >= 10 ? Math.round(perSecond) : Number(perSecond.toFixed(1))}/s`;
}

/** Whether there was a place is known from the ends: request `i` had one once all but `inFlight - 1` of those before it had ended. */
function lags(shots: readonly Shot[], inFlight: number): { lagsMs: Float64Array; waited: number } {
  const ends = new SmallestFirst();
  const lagsMs = new Float64Array(shots.length);
  let waited = 0;
  for (const [index, { due, sent, ended }] of shots.entries()) {
    const free = ends.size < inFlight ? due : ends.take();
    if (free > due) waited++;
    lagsMs[index] = Math.max(0, sent - Math.max(due, free)) / NS_PER_MS;
    ends.add(ended);
  }
  return { lagsMs, waited };
}

function perSecond(shots: readonly Shot[], time: (shot: Shot) => number): number {
  if (shots.length < 2) return 0;
  const passed = time(shots.at(-1)!) - time(shots[0]!);
  return passed <= 0 ? 0 : ((shots.length - 1) * NS_PER_SECOND) / passed;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** A binary heap of numbers. */
class SmallestFirst {
  readonly #heap: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(value: number): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= value) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = value;
  }

  /** Removes the smallest; there is one. */
  take(): number {
    const heap = this.#heap;
    const smallest = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return smallest;
  }

  #sink(value: number): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= value) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = value;
  }
}
