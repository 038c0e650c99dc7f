/**
 * Verdicts on staleness windows: when the write was over, how many hits came after that, and how sure it is.
 *
 * A write is over at its HTTP response where that is known for certain. Otherwise at the return of the removal or rewrite
 * that its statement shape is normally followed by; a shape that is never followed by one is over at its commit.
 */
import type { Requests } from './attribution/requests.ts';
import type { Confidence } from './finding.ts';
import type { LearnedPlaces } from './lineage.ts';
import { hitsAfter, type KeyState, type Removal, type Version, type Window } from './versions.ts';
import { CLAIM, type WriteRecord } from './writes.ts';

export interface Verdict {
  readonly window: Window;
  readonly confidence: Exclude<Confidence, 'possible'>;
  /** Hits that were invoked after the write was over. */
  readonly hits: number;
  /** When the write was over; ns. */
  readonly over: number;
}

/** Writes of a kind that make a habit. */
const HABIT = 3;

/** How often a kind of write is followed by a removal of a template that it affects. */
export class FollowRates {
  readonly #counts = new Map<
    string,
    { windows: number; followed: number; readonly writes: Set<WriteRecord> }
  >();
  readonly #templateOf: (version: Version) => string;

  constructor(windows: readonly Window[], templateOf: (version: Version) => string) {
    this.#templateOf = templateOf;
    for (const window of windows) {
      if (isSuperseded(window)) continue;
      const key = this.#key(window);
      const entry = this.#counts.get(key) ?? { windows: 0, followed: 0, writes: new Set() };
      entry.windows++;
      if (entry.writes.size < HABIT) entry.writes.add(window.write);
      if (hasOwnRemoval(window)) entry.followed++;
      this.#counts.set(key, entry);
    }
  }

  #key(window: Window): string {
    return `${window.write.commit.shape}\u0000${this.#templateOf(window.version)}`;
  }

  /** Share of this kind of write, 0 to 1, that were followed by a removal of their own. */
  rate(window: Window): number {
    const entry = this.#counts.get(this.#key(window));
    return entry === undefined ? 0 : entry.followed / entry.windows;
  }

  /** Whether this kind of write was seen often enough to say that nothing ever follows it. */
  isHabit(window: Window): boolean {
    return (this.#counts.get(this.#key(window))?.writes.size ?? 0) >= HABIT;
  }
}

/** The change stream told the same more exactly, in a window of its own, or that there was no such change. */
function isSuperseded(window: Window): boolean {
  return window.effects.length > 0 && window.effects.every((effect) => effect.change.superseded === true);
}

function hasOwnRemoval(window: Window): boolean {
  return window.write.removals.some(
    (removal) => removal.key === window.version.key && removal.claim?.position === 'after' && !removal.failed,
  );
}

export interface JudgeContext {
  readonly rates: FollowRates;
  readonly requests: Requests;
  readonly places: LearnedPlaces;
  /** Whether the template is known to be fed by this table's column, from values whose fill was seen. */
  readonly learned: (window: Window) => boolean;
  /** Removals of a key that follow a write, in order of time. */
  readonly removalsOf: (key: KeyState) => readonly Removal[];
  /** Whether the varying parts of an unseen value's key name the changed row. */
  readonly named: (window: Window) => boolean;
  /** Time of the last operation; ns. */
  readonly now: number;
  /** Windows whose commit is younger than this are left undecided; ns. 0 once watching has ended. */
  readonly settle: number;
}

/** Whether a kind of write normally removes the key itself. */
const NORMALLY = 0.5;

export function judge(window: Window, context: JudgeContext): Verdict | null {
  if (window.hits.count === 0 || window.confirmed === 'no') return null;
  const { commit } = window.write;
  if (window.end === null && context.now - commit.interval.return < context.settle) return null;
  const uncommitted = commit.txn.state === 'rolled back';
  const confidence = uncommitted ? certainOf(window) : confidenceOf(window, context);
  if (confidence === null) return null;
  // What was never committed is wrong at any time.
  if (uncommitted) return { window, confidence, hits: window.hits.count, over: -1 };
  const { over: end, sure } = whenOver(window, context);
  const over = Math.max(end, window.write.responded ?? 0, otherEnd(window));
  const hits = hitsAfter(window.hits, over);
  if (hits === 0) return null;
  return { window, confidence: sure ? confidence : 'likely', hits, over };
}

function certainOf(window: Window): 'proved' | 'likely' {
  return window.version.sources.some((source) => source.read.own && source.certain) ? 'proved' : 'likely';
}

function whenOver(window: Window, context: JudgeContext): { readonly over: number; readonly sure: boolean } {
  const committed = window.write.commit.interval.return;
  const { request } = window.write;
  if (request?.return != null) return { over: Math.max(committed, request.return), sure: true };
  const own = ownEnd(window);
  if (own !== null) return { over: Math.max(committed, busyUntil(window, own, context)), sure: true };
  const rate = context.rates.rate(window);
  const closing = window.end?.removal;
  const unclear = rate > 0 || !context.rates.isHabit(window);
  if (rate >= NORMALLY || (unclear && closing != null && mayFollow(closing, window))) {
    // Its usual removal was not seen as its own: one that came at once is taken for it, else it has been waited for.
    if (closing != null && closing.interval.return - committed <= CLAIM.unkeyed) {
      return { over: closing.interval.return, sure: false };
    }
    return { over: committed + CLAIM.unkeyed, sure: false };
  }
  return { over: committed, sure: rate === 0 || window.filledAfter };
}

/** When the write's own removal or rewrite of this key returned; when it was sent, if it was never answered. */
function ownEnd(window: Window): number | null {
  let end: number | null = null;
  for (const removal of window.write.removals) {
    if (removal.key !== window.version.key || removal.claim?.position !== 'after') continue;
    end = Math.max(end ?? 0, endOf(removal));
  }
  return end;
}

/** When the write's removals and counts of other keys had returned: a list's, or the generation that its keys carry. */
function otherEnd(window: Window): number {
  const { commit, removals } = window.write;
  const latest = commit.interval.return + CLAIM.unkeyed;
  let end = 0;
  for (const removal of removals) {
    if (removal.claim?.position === 'after' && endOf(removal) <= latest) end = Math.max(end, endOf(removal));
  }
  return end;
}

function endOf(removal: Removal): number {
  const { invoke, return: returned } = removal.interval;
  return Number.isFinite(returned) ? returned : invoke;
}

function mayFollow(removal: Removal, window: Window): boolean {
  return removal.candidates.some(({ write, position }) => write === window.write && position === 'after');
}

/** While writes of one key overlap, which removal is whose cannot be told: each is over when all of them are. */
function busyUntil(window: Window, own: number, context: JudgeContext): number {
  let end = own;
  for (const removal of context.removalsOf(window.version.key)) {
    const { claim } = removal;
    if (claim === null || claim.write === window.write || claim.write.commit.interval.invoke >= end) continue;
    if (mayFollow(removal, window)) end = Math.max(end, endOf(removal));
  }
  return end;
}

function confidenceOf(window: Window, context: JudgeContext): 'proved' | 'likely' | null {
  let best: 'proved' | 'likely' | null = null;
  for (const effect of window.effects) {
    if (effect.change.superseded === true) continue;
    const confidence = effectConfidence(window, effect, context);
    if (confidence === 'proved') return 'proved';
    best = confidence ?? best;
  }
  return best;
}

function effectConfidence(
  window: Window,
  effect: Window['effects'][number],
  context: JudgeContext,
): 'proved' | 'likely' | null {
  const { source } = effect;
  if (source === null && !context.named(window)) return null;
  if (source === null) return context.learned(window) ? 'proved' : 'likely';
  if (effect.kind === 'changed') {
    if (source.kind === 'unreadable') return window.nextDiffers && effect.sure ? 'likely' : null;
    const shape = source.read.op.shape;
    const strong = effect.columns.some(
      (column) => column.strong || context.places.confirmed(shape, { ...column, value: column.old }),
    );
    if (!strong) return null;
    // Which row it was is not known, and nothing later tells: any of the table's.
    if (window.confirmed !== 'yes') return effect.touched ? 'likely' : null;
    return source.certain ? 'proved' : 'likely';
  }
  if (effect.kind === 'removed' || effect.kind === 'left') {
    if (!effect.sure) return null;
    return source.certain && source.kind === 'values' ? 'proved' : 'likely';
  }
  // A row that enters a predicate, or a figure computed over rows.
  if (window.nextDiffers) return source.certain ? 'proved' : 'likely';
  return effect.sure ? 'likely' : null;
}
