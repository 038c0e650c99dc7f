/**
 * Values that scripts made. What a script stores is not on the wire unless it was among its arguments, so a key that a script was
 * given may have been filled, counted up or removed; the next read tells.
 */
import { answeredMiss, sourcesBehind } from './misses.ts';
import type { CacheRead, CacheScript, Digest, Payload } from './operation.ts';
import { saysLittle } from './operation.ts';
import type { Recent } from './recent.ts';
import { definedFields, intervalOf } from './version-match.ts';
import type { KeyState, Version } from './versions.ts';

/** A value that the script was given, or that was read back after it. */
export interface ScriptedValue {
  readonly value: Digest;
  readonly fields?: Readonly<Record<string, Digest | null>>;
  readonly payload?: Payload;
}

/** The version that this script may have, or has, stored. */
export function scriptedVersion(
  key: KeyState,
  script: CacheScript,
  { value, fields, payload }: ScriptedValue,
  sources: Version['sources'],
  miss: CacheRead | null,
): Version {
  return {
    key,
    digest: value,
    fields: fields === undefined ? null : definedFields(fields),
    fill: script,
    since: intervalOf(script),
    miss,
    payload: payload ?? null,
    sources,
    ttl: undefined,
    seen: false,
    windows: [],
    ended: false,
  };
}

/**
 * A value that a script made itself (a number, an envelope around its arguments) is told by the first hit after it: what was read
 * before the script explains the value. Null: nothing does.
 */
export function toldByHit(key: KeyState, op: CacheRead, digest: Digest, recent: Recent): Version | null {
  const { scripts } = key;
  key.scripts = [];
  const script = scripts.at(-1);
  if (script === undefined || op.payload === undefined || mayBeCount(key, script.op, op.payload)) return null;
  const [miss = null] = script.misses;
  const made = sourcesBehind(recent, key, op.payload, script.op, miss);
  // Another script may have answered its miss.
  const sources = miss === null ? made.filter((source) => source.certain) : made;
  if (sources.length === 0) return null;
  for (const filling of scripts) disown(key, filling.op);
  const { payload, fields } = op;
  const told = { value: digest, payload, ...(fields === undefined ? {} : { fields }) };
  return scriptedVersion(key, script.op, told, sources, answeredMiss(key, script.misses, sources));
}

/** A small number in a key that others write too, or that the script was given besides another, may be a generation. */
function mayBeCount(key: KeyState, script: CacheScript, { leaves }: Payload): boolean {
  if (leaves.length > 1 || leaves.some(([, value]) => !saysLittle(value))) return false;
  return key.stats.writes > 0 || script.keys[0] !== key.name;
}

/** A script that a value outlived removed nothing. */
export function disownSurvived({ key, since }: Version, hit: CacheRead): void {
  for (const { op, interval, failed } of [...key.removals]) {
    if (op.kind === 'script' && !failed && since.return < interval.invoke && interval.return < hit.invoke)
      disown(key, op);
  }
}

/** A script that filled the key removed nothing. */
export function disown(key: KeyState, script: CacheScript): void {
  const at = key.removals.findIndex((removal) => removal.op === script);
  if (at < 0) return;
  const [removal] = key.removals.splice(at, 1);
  removal!.candidates.length = 0;
}
