/** Figures of one route, e.g. `GET /items/{id}`. */
export interface TrafficRoute {
  readonly requests: number;
  readonly errors: number;
  readonly staleAnswers: number;
}

export interface TrafficResult {
  /** Milliseconds since the traffic began, the wait for the service included. */
  readonly elapsedMs: number;
  readonly requests: number;
  /** Requests that failed or were answered with an unexpected status. */
  readonly errors: number;
  /** Answers that showed a value older than a write which had returned before the request was sent. */
  readonly staleAnswers: number;
  readonly routes: Readonly<Record<string, TrafficRoute>>;
  /** The first failures and stale answers, in words; at most 20. */
  readonly notes: readonly string[];
}

export interface TrafficOptions {
  /** Base address of the shop, or of each of its processes: they take requests in turn. */
  readonly url: string | readonly string[];
  /** Name of a bug, several with commas, or empty for all steps alike. */
  readonly scenario?: string;
  /** Only these steps, each as often as it is named, in place of a scenario: browse, item, race, lists, move, order, restock, user, sweep, burst. */
  readonly steps?: readonly string[];
  /** 0 to 3,600; the steps under way are finished. Default 10. */
  readonly seconds?: number;
  /** 1 to 50. Default 8. */
  readonly clients?: number;
  /** Same seed, same steps and values per client. Default 1. */
  readonly seed?: number;
  /** Pause of a client between steps. Default 0. */
  readonly pauseMs?: number;
  /** Called about twice a second. */
  readonly onProgress?: (progress: TrafficResult) => void;
  readonly signal?: AbortSignal;
}

/** The scenarios: the names of the bugs. */
export const SCENARIOS: readonly string[];

/** Sends traffic to a shop and tells what it saw. Throws when the shop does not become ready or an option is wrong. */
export function runTraffic(options: TrafficOptions): Promise<TrafficResult>;
