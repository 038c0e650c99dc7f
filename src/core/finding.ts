/**
 * Findings: data first. Terminal, JSON, page and report are drawn from these records and from nothing else.
 * The JSON shape is the contract `whystale-findings/1`.
 */
import type { CauseCode } from './codes.ts';

/** `proved`: order or value decides, with certain lineage and a changed column that feeds the payload. `likely`:
 * evidence of interval or session only. `possible`: worth a look; never counted and never fails a run. */
export type Confidence = 'proved' | 'likely' | 'possible';

/** One line of the causal timeline. */
export interface WitnessStep {
  /** Id of the operation in the history. */
  readonly op: number;
  /** Milliseconds since the first step. */
  readonly atMs: number;
  /** Column the step is drawn in. `log` lines span all columns. */
  readonly lane: 'reader' | 'writer' | 'log';
  readonly session: string;
  /** What went over the wire, e.g. `GET item:1`, `SELECT items id=1`, `COMMIT`. */
  readonly text: string;
  /** What came back or what matters in it, e.g. `miss`, `0 removed`, `price 10`. */
  readonly result?: string;
  /** Why this step matters, e.g. `the source changes here`, `stale from here`. */
  readonly note?: string;
  /** The one step that decides. */
  readonly decisive?: boolean;
}

/** A remedy's code for one library, or pair of libraries. */
export interface RemedyCode {
  /** `python`, `javascript`, `sql`, `redis`. */
  readonly language: string;
  /** `redis-py + psycopg`; `PostgreSQL` or `Redis` where the library is not known. */
  readonly driver: string;
  readonly lines: readonly string[];
}

/** What to do about a finding. */
export interface Remedy {
  readonly title: string;
  readonly steps: readonly string[];
  /** The fix with the finding's own statement and key. */
  readonly code?: readonly RemedyCode[];
  /** Path of the recipe in the documentation. */
  readonly recipe?: string;
  /** Command that removes the stale key, and only that. */
  readonly purge?: string;
}

export interface Finding {
  /** `F1`, `F2`… in the order of the document. */
  readonly id: string;
  readonly code: CauseCode;
  /** Name of the code, e.g. `stale-fill-race`. */
  readonly cause: string;
  readonly template: string;
  /** The worst key. */
  readonly key: string;
  /** Redis database number of `key`. */
  readonly db: number;
  /** How many keys show this finding. */
  readonly keys: number;
  readonly confidence: Confidence;
  /** Longest time a value stayed stale under observation, in milliseconds. */
  readonly staleForMs: number;
  /** Stale hits (staleness codes) or events (cost codes). */
  readonly hits: number;
  /** How the staleness ended: `expiry`, `invalidation`, `refill`, `open` (still stale when watching ended). Null for cost
   * codes. */
  readonly endedBy: 'expiry' | 'invalidation' | 'refill' | 'eviction' | 'restored' | 'open' | null;
  /** Route, else statement, else outside client, else null. */
  readonly writer: string | null;
  readonly reader: string | null;
  readonly witness: readonly WitnessStep[];
  /** One sentence: what happened. */
  readonly summary: string;
  /** Why it happened, in one or two sentences. */
  readonly explanation: string;
  readonly remedy: Remedy;
}

export interface RouteFigures {
  readonly route: string;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly errorRate: number;
  /** Hits over reads attributed to the route; 0 when there were none. */
  readonly hitRatio: number;
  /** Statements sent to the database per request: over all requests while nearly all statements are attributed, else over
   * those whose operations are known, if there are any. */
  readonly sourceCallsPerRequest: number;
  /** Totals of the operations attributed to the route. */
  readonly hits: number;
  readonly misses: number;
  /** Hits that served a stale value (proved and likely). */
  readonly staleHits: number;
  readonly sourceCalls: number;
  /** Statements beyond the first with equal text and equal parameters within one request, per request. */
  readonly duplicateCallsPerRequest: number;
  /** Requests whose operations are known exactly: alone in flight, or told by spans. */
  readonly exactRequests: number;
}

export interface TemplateFigures {
  readonly template: string;
  readonly hits: number;
  readonly misses: number;
  readonly fills: number;
  readonly invalidations: number;
  readonly staleHits: number;
  readonly maxStaleMs: number;
  /** Tables that feed the template. */
  readonly sources: readonly string[];
}

export interface Summary {
  readonly requests: number;
  readonly errorRate: number;
  readonly hits: number;
  readonly misses: number;
  /** Distinct hits on stale values, proved and likely. */
  readonly staleHits: number;
  readonly sourceCalls: number;
}

/** How much was seen, so that silence never looks like health. */
export interface Coverage {
  readonly templates: number;
  readonly templatesWithLineage: number;
  readonly hits: number;
  readonly hitsWithKnownFill: number;
  /** Share of store operations that no route could be named for; null when no request was seen. */
  readonly unattributed: number | null;
  /** Whether the change stream was read: all committed changes are known, also those made past the proxies. */
  readonly stream: boolean;
}

/** What the analysis of a history gives; the CLI adds engine, child and costs. */
export interface Analysis {
  readonly summary: Summary;
  readonly routes: readonly RouteFigures[];
  readonly templates: readonly TemplateFigures[];
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
}
