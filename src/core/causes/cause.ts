/**
 * What a cause is: one file each, pure. The causes are asked in a fixed order and the first that matches names the finding
 * (see index.ts); each may rely on those before it not having matched.
 */
import type { CauseCode } from '../codes.ts';
import type { Remedy } from '../finding.ts';
import type { KeyState, Removal, Version, Window } from '../versions.ts';
import type { WriteRecord } from '../writes.ts';

/** One stale value, one write that made it stale, and what is known around them. */
export interface StaleCase {
  readonly window: Window;
  readonly version: Version;
  readonly write: WriteRecord;
  /** Removals and rewrites of this key that belong to the write. */
  readonly ownBefore: readonly Removal[];
  readonly ownAfter: readonly Removal[];
  /** Removals of this key that were sent after the commit began and were over before the fill was, whoever sent them. */
  readonly between: readonly Removal[];
  /** Removals of other keys that belong to the write. */
  readonly elsewhere: readonly Removal[];
  /** True when the template is removed or rewritten by some write when its rows change. */
  readonly templateInvalidated: boolean;
  /** True when the stale value is known to have no time to live. */
  readonly unbounded: boolean;
  /** True when nothing ever filled or read this key or another of its template. */
  readonly neverFilled: (key: KeyState) => boolean;
  /** True when the row that made this value stale feeds that key too. */
  readonly fedByRow: (key: KeyState) => boolean;
}

/** Names and values for sentences. */
export interface Words {
  readonly key: string;
  readonly template: string;
  readonly writer: string;
  /** Whether the writer did not pass the proxies. */
  readonly outside: boolean;
  readonly reader: string;
  /** The changed columns with old and new value, e.g. `items.price 10 → 12`. */
  readonly changed: string;
  /** `the COMMIT of UPDATE items SET price = $1 WHERE id = $2`; `its COMMIT` where the writer is named by its statement. */
  readonly commit: string;
  /** The statement behind the cached value. */
  readonly select: string;
  readonly templateOf: (key: KeyState) => string;
}

export interface Cause {
  readonly code: CauseCode;
  matches(stale: StaleCase): boolean;
  /** Why it happened, in one or two sentences. */
  explain(stale: StaleCase, words: Words): string;
  remedy(stale: StaleCase, words: Words): Omit<Remedy, 'purge'>;
}

/** `item:1`, with the database number where it is not 0. */
export function keyName(key: KeyState): string {
  return key.db === 0 ? key.name : `${key.name} (database ${key.db})`;
}

/** What a writer can do that does not know the cache: a cron job, an administrator, another service. */
export function outsideSteps(words: Words): readonly string[] {
  if (!words.outside) return [];
  return [
    `If that writer cannot reach Redis, let the database tell: a trigger that fills an outbox table, whose reader removes ${words.template} (docs/recipes/transactional-outbox.md).`,
  ];
}
