/**
 * Load with an open loop: requests go out when their time has come, whether or not earlier ones were answered, so that a server that
 * stalls cannot hide its own queue (coordinated omission). Times are integer nanoseconds of the caller's clock.
 */
import type { RequestSpec } from '../race/scenario/index.ts';

/** One request as it went. */
export interface Shot {
  /** Counts from 0 within a phase. */
  readonly index: number;
  /** Index into the plan's requests. */
  readonly request: number;
  /** When it was due. Response time from here is corrected for the queue that a stall makes. */
  readonly due: number;
  /** When it was sent. Response time from here is uncorrected. */
  readonly sent: number;
  /** When its answer was read to the end, or it failed. */
  readonly ended: number;
  /** Null: no answer. */
  readonly status: number | null;
  /** Why there was no answer, or how the answer was wrong; null: as expected. */
  readonly error: string | null;
  /** Bytes of the body. */
  readonly bytes: number;
  /** The response header `Cache-Status` or `X-Cache`, as it came; null: none. */
  readonly cacheHeader: string | null;
}

export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Certificate authorities trusted besides the usual ones, PEM. */
  readonly authorities?: string;
  readonly requests: readonly [RequestSpec, ...RequestSpec[]];
  /** Arrivals per second. */
  readonly rate: number;
  /** Requests in all. */
  readonly count: number;
  /** `constant`: equal gaps; `poisson`: exponential gaps from `random`. */
  readonly arrivals: 'constant' | 'poisson';
  readonly timeoutMs: number;
  /** Requests in flight at most; one that is due beyond it waits, and its wait counts in the corrected time. */
  readonly inFlight: number;
  /** Says what is wrong with an answer; null: nothing. */
  readonly judge: (status: number, body: string) => string | null;
}

export interface LoadTools {
  /** Integer ns, monotonic. */
  readonly clock: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Called right before a request goes out, and once it has ended. */
  readonly sending?: (index: number) => void;
  readonly ended?: (shot: Shot) => void;
}

/** Runs the plan; gives every request that was due until the signal came, in order of `index`. */
export type RunLoad = (plan: LoadPlan, tools: LoadTools) => Promise<readonly Shot[]>;

/** Figures of response times, ms. */
export interface LatencyFigures {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}
