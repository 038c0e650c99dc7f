/** What the purge and its undo are told and tell. Formats `whystale-purge/1` and `whystale-undo/1` are these records. */

export const PURGE_FORMAT = 'whystale-purge/1';
export const UNDO_FORMAT = 'whystale-undo/1';
export const PLAN_FORMAT = 'whystale-purge-plan/1';

/** Which keys are meant. At least one list is not empty. */
export interface Selection {
  readonly templates: readonly string[];
  /** Names as text; see observe/redis/key-names.ts for bytes that are no text. */
  readonly keys: readonly string[];
  /** `items/1`: all keys fed by this row. */
  readonly rows: readonly string[];
}

/** What the selection came to be: names and templates that are looked for in the store. */
export interface Resolved {
  readonly templates: readonly string[];
  readonly keys: readonly string[];
  /** What is not certain about it, one sentence each. */
  readonly notices: readonly string[];
}

/** Times to live of the keys that were looked at. */
export interface TtlFigures {
  /** Keys without one. */
  readonly none: number;
  readonly minMs: number | null;
  readonly maxMs: number | null;
}

/** What the next misses will cost at the source. */
export interface ExpectedCalls {
  /** Template as the recording has it; null: keys of which it shows no fill. */
  readonly template: string | null;
  readonly keys: number;
  /** Statements behind one fill, on average; null: not known. */
  readonly callsPerFill: number | null;
}

/** A plan as it stands in plan.json. It holds no credentials. */
export interface PurgePlan {
  readonly format: typeof PLAN_FORMAT;
  readonly version: string;
  /** ISO 8601. */
  readonly made: string;
  /** Address as it may be shown, without who logs in. */
  readonly store: string;
  readonly db: number;
  readonly selection: Selection;
  readonly resolved: Omit<Resolved, 'notices'>;
  /** Keys that were there. */
  readonly keys: number;
  /** Keys named one by one that were not. */
  readonly absent: number;
  /** SHA-256 of keys.jsonl. */
  readonly keysDigest: string;
  readonly bytes: {
    /** Estimated from the sample; null: the server does not tell. */
    readonly total: number | null;
    readonly sampled: number;
  };
  readonly ttl: TtlFigures & { readonly sampled: number };
  readonly expected: readonly ExpectedCalls[];
  /** The first keys; secrets in their names are masked. */
  readonly sample: readonly string[];
  readonly notices: readonly string[];
}

/** `done`: every key of the plan is settled. `interrupted`: the rest is left for `--resume`. */
export type PurgeState = 'planned' | 'done' | 'interrupted';

export interface PurgeTally {
  readonly removed: number;
  /** Not there any more when their turn came: expired, evicted or removed by somebody else. */
  readonly gone: number;
  /** Rewritten again and again between the snapshot and the removal: left alone. */
  readonly changing: number;
  /** Written since an interrupted purge took its snapshot: left alone. */
  readonly refilled: number;
  /** Too large for any command to restore: left alone. */
  readonly large: number;
  /** Bytes of the snapshot file. */
  readonly snapshotBytes: number;
}

export interface PurgeDocument {
  readonly format: typeof PURGE_FORMAT;
  readonly state: PurgeState;
  /** Folder of the plan, its keys and its snapshot. */
  readonly folder: string;
  readonly plan: PurgePlan;
  /** null: nothing was touched. */
  readonly result: PurgeTally | null;
}

/** Why a key is not restored. */
export type LeftAlone =
  /** Another value stands there by now. */
  | 'refilled'
  /** The same value stands there: it was never removed, or is back already. */
  | 'present'
  /** An undo restored it before; what became of it since is the service's. */
  | 'restored-before'
  | 'expired'
  | 'damaged'
  | 'refused';

export interface UndoDocument {
  readonly format: typeof UNDO_FORMAT;
  readonly state: 'done' | 'dry-run' | 'interrupted';
  readonly folder: string;
  readonly store: string;
  readonly db: number;
  /** Keys that were removed, as far as the snapshot tells. */
  readonly removed: number;
  /** Put back by this run; with `dry-run` those that would be. */
  readonly restored: number;
  readonly left: Readonly<Record<LeftAlone, number>>;
  /** Some keys for each reason; secrets in their names are masked. */
  readonly examples: Readonly<Partial<Record<LeftAlone, readonly string[]>>>;
  readonly notices: readonly string[];
}

/** Moments at which a purge or an undo may end for good without anything being lost. */
export type Step =
  | 'opened'
  | 'watched'
  | 'dumped'
  | 'written'
  | 'synced'
  | 'sent'
  | 'removed'
  | 'noted'
  | 'restoring'
  | 'restored'
  | 'finished';

export interface PurgeEvents {
  progress?(done: number, all: number): void;
  /** Called at each step; the next begins when it has returned. */
  step?(step: Step): void | Promise<void>;
}

/** Bounds of a purge. */
export const PURGE_LIMITS = {
  /** Keys of one plan. */
  keys: 1_000_000,
  /** Keys whose size and time to live are looked at. */
  sampled: 2_000,
  /** Keys shown. */
  shown: 10,
  /** Keys of one transaction, at most. */
  batch: 50,
  /** Values of one transaction together; one value may be larger. */
  batchBytes: 16 << 20,
  /** Longest value that a command may carry (`proto-max-bulk-len`, unless it is set): what is longer could not come back. */
  valueBytes: 512 << 20,
  /** Keys whose values are fetched at once. */
  slice: 8,
  /** Times that a key may change between its snapshot and its removal before it is left alone. */
  attempts: 8,
  /** Bound for one answer of the server; a large value takes its time. */
  answerMs: 60_000,
} as const;

/** Keys a second when nothing is said. */
export const DEFAULT_RATE = 500;
