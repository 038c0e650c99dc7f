/**
 * A measured run of a case: what is kept in `runs/NAME/`. `run.json` is a {@link MeasuredRun}; `samples.jsonl` holds one
 * {@link Sample} a line; `warm-ecdf.svg` and the like are drawn from them. Written as it goes, so that a run that was cut short is
 * still of use: `complete` is then false and `ended` says why.
 */
import type { CaseFinding } from '../case/contract.ts';
import type { Fingerprint } from '../fingerprint/contract.ts';
import type { LatencyFigures } from '../load/contract.ts';

export const RUN_FILE = 'run.json';
export const SAMPLES_FILE = 'samples.jsonl';

export const MEASURE_FORMAT = 'whystale-measure/1';

/** `cold`: the keys that the request reads were removed before each request, one at a time. `warm`: open loop, nothing removed. */
export type Phase = 'cold' | 'warm';

/** Where an answer came from, as the store traffic of that very request tells; `none`: it asked no cache; null: not known, because
 * requests overlapped. */
export type CacheUse = 'hit' | 'miss' | 'mixed' | 'none';

export interface Sample {
  readonly phase: Phase;
  readonly index: number;
  /** Index into the case's requests. */
  readonly request: number;
  /** When it was due, ms since the run began. */
  readonly dueMs: number;
  /** Response time from when it was due. */
  readonly correctedMs: number;
  /** Response time from when it was sent. */
  readonly uncorrectedMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly cache: CacheUse | null;
  /** Statements and cache commands of this very request; null: not known, because requests overlapped. */
  readonly sourceCalls: number | null;
  readonly cacheCalls: number | null;
}

export interface PhaseFigures {
  readonly requests: number;
  readonly errors: number;
  /** Share in [0, 1]. */
  readonly errorRate: number;
  /** Of requests that were answered as expected. */
  readonly correctedMs: LatencyFigures | null;
  readonly uncorrectedMs: LatencyFigures | null;
  /** Reads of the cache that hit and missed, over the whole phase. */
  readonly hits: number;
  readonly misses: number;
  /** Statements per request over the whole phase; null: the stores were not watched. */
  readonly sourceCallsPerRequest: number | null;
  readonly cacheCallsPerRequest: number | null;
  /** Requests of which the store traffic is known for certain. */
  readonly attributed: number;
}

/** A key that the measured requests read, and whether it is removed to make them cold. */
export interface ColdKey {
  readonly key: string;
  readonly db: number;
  readonly removed: boolean;
  /** `its value was read from items`, `no statement fed it: it may be a session`. */
  readonly why: string;
}

export interface QueryFigures {
  readonly shape: string;
  readonly calls: number;
  readonly callsPerRequest: number;
  readonly totalMs: number;
  readonly p50Ms: number;
  readonly maxMs: number;
  /** `EXPLAIN (ANALYZE, BUFFERS)`, as text; null: not asked for, or it could not be run. */
  readonly plan: string | null;
}

export interface MeasuredRun {
  readonly format: typeof MEASURE_FORMAT;
  readonly case: string;
  /** SHA-256 of the case's sections that bear on what is measured; absent: the caller did not tell. */
  readonly measured?: string;
  /** `baseline`, `before`, `after`, or what the caller named it. */
  readonly label: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly ranMs: number;
  /** False: cut short; `ended` says by what. */
  readonly complete: boolean;
  readonly ended: string | null;
  readonly engine: {
    readonly redis: string | null;
    readonly postgres: string | null;
    readonly emulated: boolean;
  };
  readonly load: {
    readonly rate: number;
    readonly seconds: number;
    readonly cold: number;
    readonly arrivals: 'constant' | 'poisson';
  };
  readonly cold: PhaseFigures | null;
  readonly warm: PhaseFigures | null;
  readonly keys: readonly ColdKey[];
  /** Slowest in all first. */
  readonly queries: readonly QueryFigures[];
  /** Findings met while measuring, by id and code. */
  readonly findings: readonly Pick<CaseFinding, 'id' | 'code' | 'template' | 'key'>[];
  readonly fingerprint: Fingerprint;
  readonly notices: readonly string[];
}
