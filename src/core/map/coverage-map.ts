/**
 * The coverage map as data: per key template which rows feed it, who fills it, who invalidates it, and which writes change
 * what feeds it and never do. Text, JSON and the committed file are drawn from these records and from nothing else.
 */

/** Who reads or writes: the route where HTTP was in view, else the statement, else the client past the proxies. */
export interface Who {
  readonly kind: 'route' | 'statement' | 'client';
  readonly name: string;
}

/** The columns that a variable part of a template equals, the one that says most first: `categories.id` and
 * `items.category_id`. Empty when none is known. */
export type MappedSegment = readonly string[];

/** How the rows of a table are found: `one` by its primary key; `list` by a predicate; `figure`: computed over rows;
 * `joined` to another table's rows. */
export type RowsKind = 'one' | 'list' | 'figure' | 'joined';

export interface MappedSource {
  readonly table: string;
  readonly rows: RowsKind;
  /** Columns that the statement's conditions look at. */
  readonly where: readonly string[];
  /** Columns whose values were found in what is cached. */
  readonly columns: readonly string[];
  /** Columns that were read and not found. */
  readonly unused: readonly string[];
  /** True when "there is no such row" is cached too. */
  readonly absent: boolean;
  /** Values found in the payload decide, not the time at which the statement ran. */
  readonly certain: boolean;
  /** Shapes of the statements, sorted. */
  readonly statements: readonly string[];
}

export interface MappedFill {
  readonly by: Who;
  readonly fills: number;
}

/** `uncovered`: the keys it feeds were never removed or rewritten by it. `partial`: sometimes they were not. `covered`:
 * always. `undecided`: it was seen too late, or among others of its kind, to tell. */
export type WriteStatus = 'uncovered' | 'partial' | 'covered' | 'undecided';

/** How keys are removed: a command (`DEL`), `rewrite by SET`, `script`, or a generation that the keys carry. */
export interface Invalidation {
  readonly how: string;
  readonly when: 'before-commit' | 'after-commit';
  readonly times: number;
}

/** A kind of write that changes what feeds a template. */
export interface MappedWrite {
  readonly by: Who;
  /** Shapes of the statements that change the template's sources, sorted. */
  readonly statements: readonly string[];
  /** What of the sources they change: `items.price`, `insert items`, `delete items`. */
  readonly changes: readonly string[];
  readonly status: WriteStatus;
  /** `likely` where it is not certain that the change shows in what is cached. */
  readonly confidence: 'certain' | 'likely';
  /** Commits that were looked at. */
  readonly seen: number;
  /** Of those: a key that the changed rows feed was cached at the time. */
  readonly cached: number;
  /** Of those: a hit served the old value afterwards. */
  readonly stale: number;
  /** Commits that removed or rewrote the keys. */
  readonly invalidated: number;
  /** Commits of which it cannot be told. */
  readonly unclear: number;
  /** Commits whose removal was sent and failed. */
  readonly failed: number;
  readonly invalidations: readonly Invalidation[];
  /** Templates that an uncovered write does remove keys of: often the wrong key, or another one fed by the row. */
  readonly removes: readonly string[];
}

export interface MappedTemplate {
  readonly template: string;
  /** Redis database. */
  readonly db: number;
  readonly keys: number;
  readonly hits: number;
  readonly misses: number;
  /** How the key is built from a row: `item:{items.id}`; null when that is not known for all its variable parts. */
  readonly key: string | null;
  readonly segments: readonly MappedSegment[];
  /** What the values are serialised as: `json`, `gzip+json`, `hash`, sorted. */
  readonly formats: readonly string[];
  readonly ttl: Ttl;
  readonly sources: readonly MappedSource[];
  readonly filledBy: readonly MappedFill[];
  readonly writes: readonly MappedWrite[];
}

/** Times to live of the fills, in milliseconds; null where none had one. */
export interface Ttl {
  readonly minMs: number | null;
  readonly maxMs: number | null;
  /** Fills without a time to live. */
  readonly unbounded: number;
}

/** A template that held values of which nothing is known to feed them: locks, counters, sessions. */
export interface Unexplained {
  readonly template: string;
  readonly db: number;
}

export interface CoverageMap {
  readonly templates: readonly MappedTemplate[];
  readonly unexplained: readonly Unexplained[];
  readonly summary: MapSummary;
  /** Commits that changed rows; `judged`: of those, still remembered when the history ended. */
  readonly commits: { readonly seen: number; readonly judged: number };
}

export interface MapSummary {
  readonly templates: number;
  /** Kinds of write that change what feeds a template, counted once for each template. */
  readonly writes: number;
  readonly uncovered: number;
  readonly partial: number;
}

/** `0 item:{id}`: a template and its Redis database. */
export function templateId({ template, db }: { readonly template: string; readonly db: number }): string {
  return `${db} ${template}`;
}
