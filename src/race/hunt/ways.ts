/** How routes go about a template: what a reader's fill looks like, and what a writer does about the keys and when. */
import type { Instance, Target } from '../../core/map/coverage.ts';
import type { CacheScript, CacheWrite } from '../../core/operation.ts';
import type { KeyState, Removal } from '../../core/versions.ts';
import type { WriteRecord } from '../../core/writes.ts';

/**
 * How a fill is sent. `plain`: SET, HSET…; `absent-only`: SET NX; `transaction`: within MULTI, perhaps after WATCH; `script`, which
 * can compare before it sets; `generation`: under a name that carries a generation asked for before.
 */
export type FillForm = 'plain' | 'absent-only' | 'transaction' | 'script' | 'generation';

export interface ReaderWays {
  /** Fills by form. */
  readonly fills: ReadonlyMap<FillForm, number>;
  /** It was cached that there is no row. */
  readonly negative: boolean;
}

export interface WriterWays {
  /** What of the sources it changes, sorted. */
  readonly changes: readonly string[];
  /** Commits that change what feeds the template. */
  readonly commits: number;
  /** Of those: found one of the keys cached. */
  readonly cached: number;
  /** Of those: a hit served the old value afterwards. */
  readonly stale: number;
  /** Of those: left a cached key as it was, or all keys where none was cached. */
  readonly left: number;
  readonly certain: boolean;
  /** Commits that removed or rewrote keys of the template: before their commit, after it. */
  readonly before: { readonly removed: number; readonly rewritten: number };
  readonly after: { readonly removed: number; readonly rewritten: number };
  /** Of those after the commit: by a script, or by a new generation. */
  readonly guarded: number;
  /** Commits whose removal was sent and failed. */
  readonly failed: number;
  /** Commits that leave the template's keys and remove others: such as are read, and such as name the row and nobody reads. */
  readonly elsewhere: { readonly read: number; readonly unread: number };
}

/** A fill as far as it matters here. */
export interface SeenFill {
  readonly op: number;
  readonly form: FillForm;
  readonly negative: boolean;
  /** From the miss to the fill's return. */
  readonly interval: { readonly invoke: number; readonly return: number };
}

export function formOf(fill: CacheWrite | CacheScript): FillForm {
  if (fill.kind === 'script') return 'script';
  if (fill.condition === 'nx') return 'absent-only';
  return fill.group === undefined ? 'plain' : 'transaction';
}

export function readerWays(fills: readonly SeenFill[]): ReaderWays {
  const forms = new Map<FillForm, number>();
  for (const { form } of fills) forms.set(form, (forms.get(form) ?? 0) + 1);
  return { fills: forms, negative: fills.some(({ negative }) => negative) };
}

interface Around {
  readonly target: Target;
  /** Whether anybody reads keys of this one's template. */
  readonly isRead: (key: KeyState) => boolean;
}

export function writerWays(instances: readonly Instance[], around: Around): WriterWays {
  const { target, isRead } = around;
  const changes = new Set(instances.flatMap(({ relevance }) => [...relevance.changes]));
  const how = instances.map((instance) => wayOf(instance, target));
  const count = (holds: (way: (typeof how)[number]) => boolean) => how.filter(holds).length;
  const left = instances.filter(({ outcome }) => outcome === 'missed');
  const others = left.map(({ write }) => ({
    write,
    removals: write.removals.filter((removal) => isElsewhere(removal, target)),
  }));
  return {
    changes: [...changes].sort(),
    commits: instances.length,
    cached: instances.filter(({ cached }) => cached).length,
    stale: instances.filter(({ stale }) => stale).length,
    left: left.length,
    certain: instances.some(({ relevance, stale }) => relevance.certain || stale),
    before: {
      removed: count((way) => way.before.has('removal')),
      rewritten: count((way) => way.before.has('rewrite')),
    },
    after: {
      removed: count((way) => way.after.has('removal')),
      rewritten: count((way) => way.after.has('rewrite')),
    },
    guarded: count((way) => way.guarded),
    failed: instances.filter(({ failed }) => failed).length,
    elsewhere: {
      read: others.filter(({ removals }) => removals.some(({ key }) => isRead(key))).length,
      unread: others.filter(({ write, removals }) =>
        removals.some(({ key }) => !isRead(key) && namesRow(key, write)),
      ).length,
    },
  };
}

function wayOf({ removals }: Instance, target: Target) {
  const at = (position: 'before' | 'after') =>
    new Set(removals.filter(({ claim }) => claim?.position === position).map(({ kind }) => kind));
  const after = removals.filter(({ claim }) => claim?.position === 'after');
  return {
    before: at('before'),
    after: at('after'),
    guarded:
      after.length > 0 &&
      after.every((removal) => {
        return removal.op.kind === 'script' || target.generations.carries(target.commanded(removal));
      }),
  };
}

function namesRow(key: KeyState, { rowTokens }: WriteRecord): boolean {
  return [...key.parts].some((part) => rowTokens.has(part));
}

function isElsewhere(removal: Removal, target: Target): boolean {
  return removal.kind === 'removal' && !removal.failed && !target.has(removal.key);
}
