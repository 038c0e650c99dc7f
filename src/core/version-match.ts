/** Questions about one cached value: whether a hit shows it, what took it, how long it could live. */
import type { CacheRead, CacheWrite, Digest, Payload } from './operation.ts';
import type { Interval } from './source.ts';
import type { KeyState, Removal, Version } from './versions.ts';

/** Slack between the store's clock and ours when a time to live runs out; ns. */
const EXPIRY_SLACK = 20e6;

/** Fields written one by one make one value, as long as they come together. */
export function mergeFields(
  key: KeyState,
  op: CacheWrite,
  fields: Readonly<Record<string, Digest>>,
): { readonly fields: ReadonlyMap<string, Digest>; readonly payload: Payload | null } {
  const last = key.live.at(-1);
  const merged = new Map(last?.fields ?? []);
  for (const [field, value] of Object.entries(fields)) merged.set(field, value);
  const older = (last?.payload?.leaves ?? []).filter(([path]) => !((path.split('.')[0] ?? '') in fields));
  const payload =
    op.payload === undefined ? null : { ...op.payload, leaves: [...older, ...op.payload.leaves] };
  return { fields: merged, payload };
}

export function intervalOf(op: { readonly invoke: number; readonly return: number | null }): Interval {
  return { invoke: op.invoke, return: op.return ?? Number.POSITIVE_INFINITY };
}

export function definedFields(fields: Readonly<Record<string, Digest | null>>): ReadonlyMap<string, Digest> {
  const defined = new Map<string, Digest>();
  for (const [field, value] of Object.entries(fields)) if (value !== null) defined.set(field, value);
  return defined;
}

export function sameFields(version: Version, fields: Readonly<Record<string, Digest | null>>): boolean {
  if (version.fields === null) return false;
  return Object.entries(fields).every(([field, value]) => (version.fields?.get(field) ?? null) === value);
}

/** A removal that overlapped the fill or an unknown removal may have taken the value. */
export function lastRemoval(key: KeyState, version: Version, until: number): Removal | null {
  for (let i = key.removals.length - 1; i >= 0; i--) {
    const removal = key.removals[i]!;
    // What carries a generation that was counted up is still there.
    if (removal.kind === 'rewrite' || removal.generation !== undefined) continue;
    if (removal.interval.invoke > until) continue;
    if (removal.interval.return >= version.since.invoke) return removal;
  }
  return null;
}

/** Whether a value's time to live had run out when an operation returned. */
export function expiredBy(
  version: Version,
  op: { readonly invoke: number; readonly return: number | null },
): boolean {
  if (version.ttl === null || version.ttl === undefined) return false;
  return (op.return ?? op.invoke) + EXPIRY_SLACK >= version.since.invoke + version.ttl * 1e6;
}

/** Whether a value that none of the key's own is may be an earlier one of them. */
export function isOutrun({ stats }: KeyState): boolean {
  return stats.writes > 0 || stats.invalidations > 0 || stats.scripted;
}

/** A value whose fill was not seen, by the first hit on it. */
export function unseenVersion(key: KeyState, op: CacheRead, digest: Digest): Version {
  return {
    key,
    digest,
    fields: op.fields === undefined ? null : definedFields(op.fields),
    fill: null,
    since: { invoke: op.invoke, return: op.return ?? op.invoke },
    miss: null,
    payload: op.payload ?? null,
    sources: [],
    ttl: undefined,
    seen: true,
    windows: [],
    ended: false,
  };
}

/** Whether a miss says nothing of the value: a replica may not have been told of it yet. */
export function mayBeUntold(version: Version, miss: CacheRead): boolean {
  return miss.replica === true && !expiredBy(version, miss);
}
