/** What an audit says, as data: text, JSON and Markdown are drawn from it and from nothing else. */
import type { Finding } from '../core/finding.ts';
import type { ItemName } from './catalogue.ts';

/** `ok`: as it should be; `bad`: to be mended; `warn`: worth a look; `unknown`: could not be told, the evidence says why;
 * `not-applicable`: it does not arise here. */
export type ItemState = 'ok' | 'bad' | 'warn' | 'unknown' | 'not-applicable';

/** One line of the checklist. */
export interface AuditItem {
  /** Stable name, e.g. `redis.login`; of a named store `redis[cache].login`. */
  readonly id: string;
  /** Row of the catalogue. */
  readonly name: ItemName;
  readonly title: string;
  /** What it is about: a store or service without credentials, a file. */
  readonly about: string;
  readonly state: ItemState;
  /** What was seen; never a credential. */
  readonly evidence: string;
  /** What to do, with the command where there is one; only where something is to be done. */
  readonly mend: string | null;
  /** Where the rule comes from. */
  readonly source: string;
  /** Whether an audit that cannot tell this decided nothing. */
  readonly matters: boolean;
}

/** The least state that ends with exit code 1. */
export type AuditFailOn = 'bad' | 'warn' | 'never';

/** The document of `whystale audit --json`. */
export interface AuditReport {
  readonly format: 'whystale-audit/1';
  readonly verdict: 'ok' | 'bad' | 'warn' | 'unknown';
  readonly summary: Readonly<Record<ItemState, number>>;
  /** Stores and services that were named and did not answer at all. */
  readonly unreachable: readonly string[];
  readonly items: readonly AuditItem[];
  /** WS301, WS302 and WS303 behind the items, as `explain` tells them. */
  readonly findings: readonly Finding[];
}

/** What one part of the audit found. */
export interface Part {
  readonly items: readonly AuditItem[];
  readonly findings?: readonly Finding[];
  /** Set when it did not answer: how it is shown. */
  readonly unreachable?: string;
}

/** How states are ranked when several places make one item: the first that occurs stands for all. */
export const WORST_FIRST: readonly ItemState[] = ['bad', 'warn', 'unknown', 'ok', 'not-applicable'];

/** 1 when an item is as bad as `failOn` says; 4 when something named did not answer; 3 when nothing that matters could be
 * told; else 0. */
export function exitCodeOf({ items, unreachable }: AuditReport, failOn: AuditFailOn): 0 | 1 | 3 | 4 {
  const failing: readonly ItemState[] =
    failOn === 'never' ? [] : failOn === 'warn' ? ['bad', 'warn'] : ['bad'];
  if (items.some(({ state }) => failing.includes(state))) return 1;
  if (unreachable.length > 0) return 4;
  return verdictOf(items) === 'unknown' ? 3 : 0;
}

/** The audit in one word. */
export function verdictOf(items: readonly AuditItem[]): AuditReport['verdict'] {
  const has = (state: ItemState) => items.some((item) => item.state === state);
  if (has('bad')) return 'bad';
  const weighed = items.filter(({ matters, state }) => matters && state !== 'not-applicable');
  if (weighed.every(({ state }) => state === 'unknown')) return 'unknown';
  return has('warn') ? 'warn' : 'ok';
}
