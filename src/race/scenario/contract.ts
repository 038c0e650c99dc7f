/**
 * A scenario as it is run: the file of DESIGN 5.4 with defaults filled in, short forms written out and `${VAR}` expanded.
 * `{redis}`, `{postgres}`, `{port}` and their parts are still in the texts: each instance has its own. Plain data.
 */
import type { FaultKind } from '../explore/contract.ts';

export interface RequestSpec {
  readonly method: string;
  /** Path and query, beginning with `/`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface ActorSpec {
  readonly name: string;
  /** A reader's requests change nothing. */
  readonly role: 'reader' | 'writer';
  /** One after the other. */
  readonly requests: readonly [RequestSpec, ...RequestSpec[]];
  /** On top of the service's. */
  readonly env: Readonly<Record<string, string>>;
}

/** SQL text sent whole, or a command run with the instance's environment but past the gates. */
export type SetupSpec =
  | { readonly kind: 'sql'; readonly file: string; readonly text: string }
  | { readonly kind: 'command'; readonly command: readonly [string, ...string[]] };

export type RedisReset =
  | { readonly kind: 'flushdb' }
  /** Keys that match one of the patterns are removed. */
  | { readonly kind: 'delete'; readonly patterns: readonly string[] }
  | { readonly kind: 'commands'; readonly commands: readonly (readonly string[])[] };

export interface OracleSpec {
  readonly request: RequestSpec;
  /** What of the response is compared: the value at a JSON path (`$.name`), the status, or the whole body. */
  readonly compare:
    | { readonly kind: 'path'; readonly path: string }
    | { readonly kind: 'status' }
    | { readonly kind: 'body' };
  /** Gives the truth: first column of the first row. Null: the truth is the same request once Redis is emptied as at reset. */
  readonly sql: string | null;
  readonly model: 'final-state' | 'read-your-writes' | 'monotonic-reads' | 'bounded-staleness';
  /** For bounded staleness, ms. */
  readonly deltaMs: number | null;
}

export type Start = 'cold' | 'warm';

export interface Scenario {
  /** Absolute path of the file. */
  readonly file: string;
  /** SHA-256 of the file's text, hex. */
  readonly digest: string;
  readonly service: {
    readonly command: readonly [string, ...string[]];
    /** Absolute. */
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly ready: { readonly request: RequestSpec; readonly withinMs: number } | null;
  };
  /** `embedded` or a URL. */
  readonly stores: { readonly redis: string; readonly postgres: string };
  readonly setup: readonly SetupSpec[];
  readonly reset: { readonly steps: readonly SetupSpec[]; readonly redis: RedisReset };
  readonly warmup: readonly RequestSpec[];
  readonly actors: readonly [ActorSpec, ...ActorSpec[]];
  readonly start: readonly [Start, ...Start[]];
  readonly oracle: OracleSpec;
  /** Further messages that need no ordering: Redis command names in upper case, SQL as the beginning of a statement. */
  readonly silent: { readonly redis: readonly string[]; readonly sql: readonly string[] };
  /** `declared`: a script touches its KEYS and nothing else. */
  readonly scripts: 'anything' | 'declared';
  readonly faults: readonly FaultKind[];
  /** Faults per execution at most. */
  readonly faultBudget: number;
  readonly limits: {
    readonly executions: number;
    readonly seconds: number;
    /** How long an execution may take before it is given up, ms. */
    readonly executionMs: number;
  };
  /** Time without any movement after which an instance that cannot be looked into counts as quiet, and time that timers of the
   * service are given, ms; 0: none are waited for. */
  readonly settleMs: number;
}
