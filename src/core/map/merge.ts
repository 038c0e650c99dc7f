/** A new map over a committed one: what persons have written stays, and what this recording did not show stays too. */
import {
  byTemplate,
  byWriter,
  type CommittedMap,
  type CommittedTemplate,
  type CommittedTtl,
  type CommittedUncovered,
  type CommittedWrite,
  committedOf,
  durationSeconds,
  sameWriter,
} from './committed.ts';
import { isMended } from './compare.ts';
import { type CoverageMap, type MappedTemplate, templateId } from './coverage-map.ts';
import { sorted } from './lineage.ts';

export interface MergeOptions {
  /** Drop what this recording did not show. */
  readonly prune: boolean;
}

export function mergeMaps(
  committed: CommittedMap | null,
  map: CoverageMap,
  { prune }: MergeOptions,
): CommittedMap {
  const current = committedOf(map);
  if (committed === null) return current;
  const mapped = new Map(map.templates.map((template) => [templateId(template), template]));
  const known = new Map(committed.templates.map((template) => [templateId(template), template]));
  const seen = current.templates.map((template) => {
    const before = known.get(templateId(template));
    const now = mapped.get(templateId(template));
    return before === undefined || now === undefined ? template : mergeTemplate(before, template, now, prune);
  });
  const unseen = prune
    ? []
    : committed.templates
        .filter((template) => !mapped.has(templateId(template)))
        .map((template) => ({ ...template, notSeen: true as const }));
  const explained = new Set([...seen, ...unseen].map(({ template }) => template));
  const withoutSources = sorted([
    ...(current.withoutSources ?? []),
    ...(prune ? [] : (committed.withoutSources ?? []).filter((template) => !explained.has(template))),
  ]);
  return {
    version: current.version,
    templates: [...seen, ...unseen].sort(byTemplate),
    ...(withoutSources.length > 0 && { withoutSources }),
  };
}

function mergeTemplate(
  before: CommittedTemplate,
  now: CommittedTemplate,
  mapped: MappedTemplate,
  prune: boolean,
): CommittedTemplate {
  const { notSeen: _, ...rest } = now;
  const key = now.key === null && now.segments.length === before.segments.length ? before : now;
  return {
    ...rest,
    key: key.key,
    segments: key.segments,
    ttl: mergeTtl(before.ttl, now.ttl),
    filledBy: prune ? now.filledBy : sorted([...before.filledBy, ...now.filledBy]),
    invalidatedBy: [...now.invalidatedBy, ...(prune ? [] : unexercised(before.invalidatedBy, mapped))].sort(
      byWriter,
    ),
    uncovered: mergeUncovered(before, now, mapped, prune),
  };
}

/** Entries of writes that this recording did not show. */
function unexercised<T extends CommittedWrite>(
  entries: readonly T[],
  { writes }: MappedTemplate,
): readonly T[] {
  return entries.filter(
    (entry) =>
      !writes.some(
        ({ by, statements, changes }) =>
          sameWriter(entry, { ...(by.kind !== 'statement' && { by: by.name }), statements, changes }) &&
          changes.some((change) => entry.changes.includes(change)),
      ),
  );
}

/** A reason that a person has given stays with its write, as long as it changes nothing that the reason did not know of. */
function mergeUncovered(
  before: CommittedTemplate,
  now: CommittedTemplate,
  mapped: MappedTemplate,
  prune: boolean,
): readonly CommittedUncovered[] {
  const merged: CommittedUncovered[] = now.uncovered.map((entry) => {
    const accepted = before.uncovered.find(
      (old) =>
        old.accepted !== undefined &&
        sameWriter(old, entry) &&
        entry.changes.every((change) => old.changes.includes(change)),
    );
    return accepted?.accepted === undefined
      ? entry
      : { ...entry, changes: accepted.changes, accepted: accepted.accepted };
  });
  const left = before.uncovered.filter(
    (entry) => !merged.some((one) => sameWriter(one, entry)) && !isMended(entry, mapped),
  );
  return [...merged, ...(prune ? [] : left)].sort(byWriter);
}

/** A longest time to live that varies is rounded; the one in the file stays while it still holds. */
function mergeTtl(before: CommittedTtl, now: CommittedTtl): CommittedTtl {
  if (now.class === 'unknown') return before;
  if (before.max === undefined || now.max === undefined || before.class !== now.class) return now;
  const [old, max] = [durationSeconds(before.max), durationSeconds(now.max)];
  return max <= old && max * 2 > old ? before : now;
}
