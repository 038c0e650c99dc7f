/**
 * Whether a commit that changes what feeds a template removed or rewrote the keys concerned.
 *
 * What counts is the removal of the very keys: those that were cached at the commit and that the changed rows fed; where
 * none was, any key of the template that the changed rows may name. A removal belongs to the write that claims.ts gives it
 * to; where another write of the same time got it, nothing is concluded. A write so late that its removal may have been
 * sent after the end of the history is not counted either.
 */
import { addTo, append } from '../multimap.ts';
import type { KeyState, Removal } from '../versions.ts';
import { CLAIM, type WriteRecord } from '../writes.ts';
import type { MappedSegment } from './coverage-map.ts';
import type { Affected } from './gather.ts';
import type { Generations } from './generations.ts';
import { type Lineage, type Relevance, relevanceOf, rowValues } from './relevance.ts';
import type { Parts } from './segments.ts';

/** A template as instances of writes are held against it. */
export interface Target {
  readonly lineage: Lineage;
  readonly has: (key: KeyState) => boolean;
  /** Digests of the variable parts of one of its keys. */
  readonly parts: (key: KeyState) => Parts | null;
  /** The columns of each variable part. */
  readonly segments: readonly MappedSegment[];
  readonly generations: Generations;
  /** The key that a removal's command names: that of a generation, where the removed key carries one. */
  readonly commanded: (removal: Removal) => KeyState;
}

export type Outcome = 'invalidated' | 'missed' | 'unclear';

/** One commit against one template. */
export interface Instance {
  readonly write: WriteRecord;
  readonly relevance: Relevance;
  readonly outcome: Outcome;
  /** A key that the changed rows feed was cached. */
  readonly cached: boolean;
  readonly stale: boolean;
  /** Its removals of this template's keys. */
  readonly removals: readonly Removal[];
  readonly failed: boolean;
  /** Whether all keys that it left were removed by somebody soon after. */
  readonly near: boolean;
  /** All its removals are scripts that were given a value: a fill looks the same. */
  readonly weak: boolean;
}

export interface Moment {
  /** Keys that were removed at the time of a write, whoever is held to have sent the removal. */
  readonly removedAround: (write: WriteRecord) => ReadonlySet<KeyState>;
  readonly affectedBy: (write: WriteRecord) => readonly Affected[];
  /** Whether a removal of the key was sent between a write's commit and a little later. */
  readonly removedSoon: (key: KeyState, write: WriteRecord) => boolean;
  /** Keys that served a stale value because of a write. */
  readonly staleBy: (write: WriteRecord) => ReadonlySet<KeyState>;
  /** Time of the last operation; ns. */
  readonly now: number;
}

/** null when the commit changed nothing that feeds the template. */
export function instanceOf(write: WriteRecord, target: Target, moment: Moment): Instance | null {
  const relevance = relevanceOf(write.commit, target.lineage);
  if (relevance === null) return null;
  const known = moment.affectedBy(write).filter(({ key }) => target.has(key));
  const cached = known.filter(({ window }) => window === null || window.confirmed !== 'no');
  // It looked as if it mattered to what was cached, and the next read or fill showed that it did not.
  if (known.length > 0 && cached.length === 0 && !relevance.certain) return null;
  const stale = [...moment.staleBy(write)].some(target.has);
  const removals = ownRemovals(write, target);
  const working = removals.filter((removal) => !removal.failed);
  const outcome =
    cached.length > 0
      ? outcomeOfCached(cached, write, working, target, moment)
      : outcomeOfOthers(write, working, target, moment);
  return {
    write,
    relevance,
    outcome: outcome === 'missed' && !stale && isTooLate(write, moment) ? 'unclear' : outcome,
    cached: cached.length > 0 || stale,
    stale,
    removals: working,
    failed: working.length === 0 && removals.length > 0,
    near: cached.every(
      ({ key }) =>
        working.some((removal) => removal.key === key) || (!stale && moment.removedSoon(key, write)),
    ),
    weak: working.every(({ op }) => op.kind === 'script' && op.candidates.length > 0),
  };
}

/** Removals and rewrites of the template's keys that belong to the write, also those that did not work. */
function ownRemovals(write: WriteRecord, target: Target): readonly Removal[] {
  return write.removals.filter(
    (removal) =>
      target.generations.carries(target.commanded(removal)) ||
      (isDirect(removal) && target.has(removal.key) && mayName(removal.key, write, target)),
  );
}

/** Of the key that the command names. What ends with a generation is told by the generation's own key. */
function isDirect({ op, key }: Removal): boolean {
  return !('key' in op) || op.key === key.name;
}

/** False when a part of the key is a column of the changed rows and has another value. */
function mayName(key: KeyState, write: WriteRecord, target: Target): boolean {
  const parts = target.parts(key);
  if (parts === null) return true;
  const { changes } = write.commit;
  return target.segments.every((columns, i) => {
    const part = parts[i];
    if (part === null || part === undefined) return true;
    return columns.every((column) => {
      const cut = column.lastIndexOf('.');
      const values = rowValues(
        changes,
        column.slice(0, cut),
        column.slice(cut + 1),
        target.lineage.primaryKey,
      );
      return values.size === 0 || values.has(part);
    });
  });
}

function outcomeOfCached(
  cached: readonly Affected[],
  write: WriteRecord,
  own: readonly Removal[],
  target: Target,
  moment: Moment,
): Outcome {
  const left = cached.filter(
    ({ key }) =>
      !own.some(
        (removal) => removal.key === key || target.generations.stands(target.commanded(removal), key),
      ),
  );
  if (left.length === 0) return 'invalidated';
  if (left.every(({ key }) => mayHaveRemoved(key, write, moment))) return 'unclear';
  return 'missed';
}

function outcomeOfOthers(
  write: WriteRecord,
  own: readonly Removal[],
  target: Target,
  moment: Moment,
): Outcome {
  if (own.length > 0) return 'invalidated';
  for (const { key } of moment.affectedBy(write))
    if (target.has(key) && mayHaveRemoved(key, write, moment)) return 'unclear';
  return 'missed';
}

/** A removal of the key at the time of the write, which another write was held to have sent. */
function mayHaveRemoved(key: KeyState, write: WriteRecord, moment: Moment): boolean {
  return moment.removedAround(write).has(key);
}

/** Keys by the writes that may be behind their removal, as far as the two are near. */
export function removedAround(removals: readonly Removal[]): ReadonlyMap<WriteRecord, ReadonlySet<KeyState>> {
  const around = new Map<WriteRecord, Set<KeyState>>();
  for (const removal of removals) {
    if (removal.failed || !isDirect(removal)) continue;
    for (const { write, position } of removal.candidates) {
      const gap = removal.interval.invoke - write.commit.interval.return;
      if (position !== 'after' || gap > CLAIM.unkeyed) continue;
      addTo(around, write, removal.key);
    }
  }
  return around;
}

/** Tells of a key whether it was removed between a write's commit and a little later. */
export function removedSoon(removals: readonly Removal[]): Moment['removedSoon'] {
  const times = new Map<KeyState, number[]>();
  for (const removal of removals) {
    if (removal.failed || !isDirect(removal)) continue;
    append(times, removal.key, removal.interval.invoke);
  }
  for (const known of times.values()) known.sort((a, b) => a - b);
  return (key, { commit }) => {
    const known = times.get(key) ?? [];
    const next = known[firstFrom(known, commit.interval.invoke)];
    return next !== undefined && next - commit.interval.return <= CLAIM.unkeyed;
  };
}

/** Index of the first time that is not before a moment. */
function firstFrom(times: readonly number[], moment: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Its removal may have been on its way when the history ended. */
function isTooLate(write: WriteRecord, moment: Moment): boolean {
  const { request, commit } = write;
  const over = Math.max(commit.interval.return, request?.return ?? 0);
  return moment.now - over < CLAIM.unkeyed;
}
