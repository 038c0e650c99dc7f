/** The cached values of a key over time, and the time windows in which each was older than the source. */
import type { Effect } from './effects.ts';
import type { KeyNames, Source } from './lineage.ts';
import type {
  CacheDelete,
  CacheExpire,
  CacheFlush,
  CacheRead,
  CacheScript,
  CacheWrite,
  Digest,
  Payload,
} from './operation.ts';
import type { Interval, Transaction } from './source.ts';
import type { WriteRecord } from './writes.ts';

export type EndKind = 'expiry' | 'invalidation' | 'refill' | 'eviction' | 'restored';

/** Hits of one version after a commit (and, apart, after the write's HTTP response). */
export interface HitCount {
  count: number;
  first: CacheRead | null;
  last: CacheRead | null;
  /** Invocations of the first hits, to leave out those that turn out to overlap the write. */
  readonly early: number[];
}

/** A cached value against one commit that changed what it was made from. */
export interface Window {
  readonly version: Version;
  readonly write: WriteRecord;
  readonly effects: readonly Effect[];
  /** Confirmation of effects that were not sure: a later read of the row, or the next fill. */
  confirmed: 'yes' | 'no' | 'open';
  /** The next fill of the key was read after the commit and differs. */
  nextDiffers: boolean;
  /** True when the value was filled after the commit: the fill carried an older value over it. */
  readonly filledAfter: boolean;
  readonly hits: HitCount;
  /** Removals of the key that bear on the cause: between the read and the fill, or last before the fill. */
  readonly removals: readonly Removal[];
  end: { readonly kind: EndKind; readonly at: number; readonly removal: Removal | null } | null;
}

/** One value that a key may have had. */
export interface Version {
  readonly key: KeyState;
  /** null until a read tells (a write whose result is not on the wire). */
  digest: Digest | null;
  fields: ReadonlyMap<string, Digest> | null;
  /** null: not seen, cached before watching began or by somebody outside. */
  readonly fill: CacheWrite | CacheScript | null;
  /** The fill's interval; for an unseen one, the first hit's. */
  readonly since: Interval;
  /** The miss that led to the fill. */
  readonly miss: CacheRead | null;
  payload: Payload | null;
  sources: readonly Source[];
  ttl: number | null | undefined;
  /** When it had certainly appeared in a hit. */
  seen: boolean;
  readonly windows: Window[];
  ended: boolean;
  /** How it ended, once it has. */
  endKind?: EndKind;
}

/** Something that removed a key or rewrote it, or tried to. */
export interface Removal {
  readonly op: CacheDelete | CacheFlush | CacheExpire | CacheWrite | CacheScript;
  readonly key: KeyState;
  readonly kind: 'removal' | 'rewrite';
  readonly interval: Interval;
  readonly failed: boolean;
  /** False when the reply says that there was nothing to remove. */
  readonly hitSomething: boolean;
  /** A rewrite that carries what a transaction read or returned of its own change: the transaction. */
  readonly origin: Transaction | null;
  /** When the reads behind what the key held then began; ns. null: not known, or nothing was there. */
  readonly made: number | null;
  /** A generation was counted up, which the key carries: it counts once it is certain that this is no chance. */
  readonly generation?: { readonly confirmed: boolean };
  /** Writes that may be behind it. */
  readonly candidates: Claim[];
  /** The write that it is held to belong to; decided in claims.ts. */
  claim: Claim | null;
}

/** Whether a removal is known to be one. */
export function isCertain(removal: Removal): boolean {
  return removal.generation === undefined || removal.generation.confirmed;
}

/** A write that may be behind a removal. */
export interface Claim {
  readonly write: WriteRecord;
  readonly position: 'before' | 'after';
  /** Nanoseconds between the two, weighed by how well the key names the row. */
  readonly distance: number;
}

export interface KeyState extends KeyNames {
  readonly id: string;
  readonly name: string;
  readonly db: number;
  /** Without what namespaces.ts leaves out. */
  readonly parts: Set<Digest>;
  /** Text of each segment by digest. */
  readonly texts: ReadonlyMap<Digest, string>;
  live: Version[];
  readonly misses: CacheRead[];
  readonly removals: Removal[];
  lastHit: CacheRead | null;
  /** The last value that was removed or expired, until the next fill. */
  gone: Version | null;
  /** Scripts that were given the key, with the misses before them, until something else writes it or a hit tells. */
  scripts: { readonly op: CacheScript; readonly misses: readonly CacheRead[] }[];
  /** Everything that ever fed it. */
  readonly feeders: Set<string>;
  readonly fedRows: Set<string>;
  readonly fedTables: Set<string>;
  /** Values that the statements behind it require of a column: `items.shop`. */
  readonly required: Map<string, Set<Digest>>;
  /** Columns found in its values or asked for by their predicates (`items.price`); `items.*` where that cannot be told. */
  readonly fedColumns: Set<string>;
  readonly bound: Set<string>;
  /** Which columns its segments stand for, by the segments' digests: `items.id`. */
  readonly boundColumns: Map<Digest, Set<string>>;
  /** Keys (by id) that hold a generation which its name seems to carry, and whether that is no chance; see generations.ts. */
  readonly generations: Map<string, { readonly confirmed: boolean }>;
  stats: KeyStats;
}

export interface KeyStats {
  hits: number;
  hitsKnown: number;
  misses: number;
  /** Writes with a source behind them. */
  fills: number;
  writes: number;
  invalidations: number;
  /** Applied writes without and with a time to live. */
  unbounded: number;
  bounded: number;
  scripted: boolean;
  lastReader: CacheRead | null;
}

export function emptyStats(): KeyStats {
  return {
    hits: 0,
    hitsKnown: 0,
    misses: 0,
    fills: 0,
    writes: 0,
    invalidations: 0,
    unbounded: 0,
    bounded: 0,
    scripted: false,
    lastReader: null,
  };
}

/** Hit invocations kept per window, to decide late which of them overlapped the write. */
export const EARLY_HITS = 64;

export function emptyCount(): HitCount {
  return { count: 0, first: null, last: null, early: [] };
}

export function countHit(count: HitCount, hit: CacheRead, began: number = hit.invoke): void {
  count.count++;
  count.first ??= hit;
  count.last = hit;
  if (count.early.length < EARLY_HITS) count.early.push(began);
}

/** Hits invoked after a moment: exact for the first hits, and all later ones come after those. */
export function hitsAfter(count: HitCount, moment: number): number {
  if (count.last === null || count.last.invoke <= moment) return 0;
  return count.count - count.early.filter((invoke) => invoke <= moment).length;
}
