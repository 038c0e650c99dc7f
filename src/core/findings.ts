/**
 * From verdicts to findings: names the cause of each stale case, groups the cases by code, template and writer, and tells
 * the worst of each group.
 */

import type { StaleCase, Words } from './causes/cause.ts';
import { causeOf } from './causes/index.ts';
import { type CauseCode, CODES } from './codes.ts';
import { isFedBy } from './costs/over-invalidation.ts';
import type { Draft } from './document.ts';
import type { Drivers } from './drivers/drivers.ts';
import { feeds, knownRows } from './feeding.ts';
import type { Remedy } from './finding.ts';
import type { Verdict } from './judge.ts';
import { append } from './multimap.ts';
import type { Actor } from './naming.ts';
import { counted, duration } from './numbers.ts';
import type { LogLine } from './operation.ts';
import { Outsiders } from './outsiders.ts';
import { changedTable, readOf, staleFacts, writeOf } from './remedies/facts.ts';
import { type RemedyFacts, remedyCode } from './remedies/remedies.ts';
import { shortened } from './remedies/statement.ts';
import type { RemovalHabits } from './removal-habits.ts';
import type { Outside } from './source.ts';
import { timeline } from './timeline.ts';
import { isCertain, type KeyState, type Version, type Window } from './versions.ts';
import { outsideInSentence, outsideText, type Reveal, SOME_CLIENT, valueText } from './wording.ts';
import { CLAIM, type WriteRecord } from './writes.ts';

export interface FindingContext {
  readonly templateOf: (key: KeyState) => string;
  readonly reveal: Reveal;
  readonly logs: readonly LogLine[];
  readonly keysOf: (template: string) => readonly KeyState[];
  /** Route, else statement, else null. */
  readonly writerOf: (by: Actor) => string | null;
  readonly readerOf: (version: Version, window: Window | null) => string | null;
  /** What a kind of write normally removes. */
  readonly habits: RemovalHabits;
  /** Which libraries the connections showed. */
  readonly drivers: Drivers;
}

interface Found {
  readonly code: CauseCode;
  readonly verdict: Verdict;
  readonly stale: StaleCase;
  readonly writer: string | null;
  /** Who wrote, when it was done past the proxies. */
  readonly outside: Outside | null;
  readonly staleForMs: number;
}

const ENDED = {
  expiry: 'it ended by TTL',
  invalidation: 'it ended by an invalidation',
  refill: 'it ended by a refill',
  eviction: 'it ended by eviction or a removal outside',
  restored: 'it ended when the source took the old value again',
  open: 'it had not ended when watching did',
} as const;

/** Staleness findings, worst first within each code. */
export function staleFindings(verdicts: readonly Verdict[], context: FindingContext): readonly Draft[] {
  const groups = new Map<string, Found[]>();
  const outsiders = new Outsiders(verdicts);
  for (const verdict of verdicts) {
    const stale = staleCase(verdict.window, context);
    const { code } = causeOf(stale);
    const { commit } = verdict.window.write;
    const outside = commit.outside === undefined ? null : outsiders.of(commit, commit.outside);
    const writer =
      outside === null
        ? context.writerOf({
            interval: commit.interval,
            tokens: commit.tokens,
            shape: commit.shape,
            writes: true,
          })
        : outsideText(outside);
    const found = { code, verdict, stale, writer, outside, staleForMs: staleFor(verdict) };
    append(groups, `${context.templateOf(verdict.window.version.key)}\u0000${writer ?? ''}`, found);
  }
  return [...groups.values()]
    .flatMap((found) => [...byCode(found)])
    .map(([code, group]) => staleFinding(code, group, context));
}

/** Codes that say what else a write removed, and those that say that it removed nothing. */
const BESIDE: readonly CauseCode[] = ['WS102', 'WS110'];
const NOTHING: readonly CauseCode[] = ['WS101', 'WS112'];
/** Codes that rest on which removal is whose. One kind of write treats one kind of key in one way. */
const CLAIMED: readonly CauseCode[] = [...BESIDE, ...NOTHING, 'WS103'];
/** Share of the writes of a kind whose removal may be another's that came by at the same moment. */
const STRAYS = 0.15;

/**
 * What one writer did to one template, by code. Which removal is whose is not on the wire: whether it removes something else or
 * nothing is told by most of its writes, and what a few of them seem to show besides makes no finding of its own.
 */
function byCode(all: readonly Found[]): ReadonlyMap<CauseCode, readonly Found[]> {
  const codes = new Map<CauseCode, Found[]>();
  for (const found of all) append(codes, found.code, found);
  const writes = (...of: readonly CauseCode[]) =>
    new Set(of.flatMap((code) => codes.get(code)?.map(({ verdict }) => verdict.window.write) ?? [])).size;
  const most = (of: readonly CauseCode[]) =>
    of.filter((code) => codes.has(code)).sort((a, b) => writes(b) - writes(a))[0];
  const join = (code: CauseCode, into: CauseCode) => {
    codes.get(into)!.push(...(codes.get(code) ?? []));
    codes.delete(code);
  };
  const [beside, nothing] = [most(BESIDE), most(NOTHING)];
  // Of few removals of another key most are another's that came by; of many, those that are missing were missed.
  if (beside !== undefined && nothing !== undefined) {
    const [few, into] = writes(...NOTHING) < writes(beside) ? [NOTHING, beside] : [BESIDE, nothing];
    for (const code of few) join(code, into);
  }
  const usual = most(CLAIMED);
  const total = writes(...CLAIMED);
  for (const code of CLAIMED)
    if (usual !== undefined && code !== usual && codes.has(code) && writes(code) <= STRAYS * total)
      join(code, usual);
  return codes;
}

/** From the commit's (or the stale fill's) return to the last stale hit's invocation. */
function staleFor(verdict: Verdict): number {
  const { window } = verdict;
  const committed = window.write.commit.interval.return;
  const from = window.filledAfter ? Math.max(committed, window.version.since.return) : committed;
  return Math.max(0, (window.hits.last?.invoke ?? from) - from) / 1e6;
}

function staleCase(window: Window, context: FindingContext): StaleCase {
  const { version, write } = window;
  const own = write.removals.filter((removal) => removal.key === version.key && removal.op !== version.fill);
  // A generation that was counted up too early is carried by the key that was filled since.
  const counted = write.removals.filter(({ key }) => version.key.generations.get(key.id)?.confirmed === true);
  const keys = context.keysOf(context.templateOf(version.key));
  return {
    window,
    version,
    write,
    ownBefore: [...own, ...counted].filter((removal) => removal.claim?.position === 'before'),
    ownAfter: own.filter((removal) => removal.claim?.position === 'after'),
    // One that was under way while the key was filled is known only after the window has opened.
    between: [...new Set([...window.removals, ...own])].filter(
      (removal) =>
        isCertain(removal) &&
        removal.op !== version.fill &&
        removal.interval.return > write.commit.interval.invoke &&
        removal.interval.invoke < version.since.return,
    ),
    // What a script did to a key is not on the wire.
    elsewhere: write.removals.filter(
      (removal) =>
        removal.key !== version.key && removal.op.kind !== 'script' && context.habits.isOf(removal, write),
    ),
    templateInvalidated: keys.some((key) => key.removals.some(isInvalidationOnChange)),
    unbounded: version.ttl === null,
    neverFilled: (key) =>
      context.keysOf(context.templateOf(key)).every((k) => k.db !== key.db || isUntouched(k)),
    fedByRow: (key) => window.effects.some((effect) => isFedByRow(key, effect, write, context)),
  };
}

/** Whether the row behind an effect feeds a key that a write removed. */
function isFedByRow(
  key: KeyState,
  effect: Window['effects'][number],
  write: WriteRecord,
  context: FindingContext,
): boolean {
  const { change, rowId } = effect;
  const rows = rowId !== null ? [rowId] : (change.rows ?? []);
  if (key.fedTables.has(change.table)) {
    if (feeds(key, change, rows) !== false) return true;
    // A new row stands behind no value yet: what is made from several rows is a list that it enters.
    return change.action === 'insert' && knownRows(key, change.table) > 1;
  }
  // Nobody asked for it while watching. Others of its kind are made from this table, and its name tells the row.
  const alike = context.keysOf(context.templateOf(key)).some((other) => other.fedTables.has(change.table));
  return alike && [...key.parts].some((part) => namesRow(write.rowTokens.get(part), change.table));
}

function namesRow(columns: ReadonlySet<string> | undefined, table: string): boolean {
  return [...(columns ?? [])].some((column) => column.startsWith(`${table}.`));
}

function isUntouched(key: KeyState): boolean {
  return key.stats.hits === 0 && key.stats.writes === 0 && !key.stats.scripted;
}

/** A removal or rewrite that belongs to a write which changed what feeds the key: not a refill after expiry. */
function isInvalidationOnChange(removal: KeyState['removals'][number]): boolean {
  const { claim } = removal;
  if (claim === null || removal.failed) return false;
  // A first fill, or one after expiry, rewrites nothing.
  if (removal.kind === 'rewrite' && (!removal.hitSomething || claim.distance > CLAIM.unkeyed)) return false;
  return claim.write.commit.changes.length > 0 && isFedBy(removal.key, claim.write);
}

function rank(found: Found): number {
  return found.verdict.confidence === 'proved' ? 1 : 0;
}

function staleFinding(code: CauseCode, group: readonly Found[], context: FindingContext): Draft {
  const worst = group
    .filter((found) => found.code === code)
    .sort((a, b) => rank(b) - rank(a) || b.staleForMs - a.staleForMs)[0]!;
  const { window } = worst.verdict;
  const { key } = window.version;
  const cause = causeOf(worst.stale);
  const reader = context.readerOf(window.version, window);
  const words = wordsOf(worst, reader, context);
  const hits = new Map<Version, number>();
  for (const found of group) {
    const { version } = found.verdict.window;
    hits.set(version, Math.max(hits.get(version) ?? 0, found.verdict.hits));
  }
  const total = [...hits.values()].reduce((sum, count) => sum + count, 0);
  const endedBy = window.end?.kind ?? 'open';
  return {
    code: worst.code,
    cause: CODES[worst.code].name,
    template: words.template,
    key: key.name,
    db: key.db,
    keys: new Set(group.map((found) => found.verdict.window.version.key)).size,
    confidence: worst.verdict.confidence,
    staleForMs: Math.round(worst.staleForMs * 100) / 100,
    hits: total,
    endedBy,
    writer: worst.writer,
    reader,
    witness: timeline(window, worst.verdict.over, context.logs, context.reveal),
    summary: `${key.name} served a value older than the database for ${duration(worst.staleForMs)}, ${counted(total, 'hit')}; ${ENDED[endedBy]}.`,
    explanation: sentence(cause.explain(worst.stale, words), words),
    remedy: {
      ...withCode(cause.remedy(worst.stale, words), worst.code, staleFacts(worst.stale, context)),
      purge: purgeOf(key),
    },
  };
}

function wordsOf(found: Found, reader: string | null, context: FindingContext): Words {
  const { outside } = found;
  const { window } = found.verdict;
  return {
    key: window.version.key.name,
    template: context.templateOf(window.version.key),
    writer: outside === null ? (found.writer ?? 'a write') : outsideInSentence(outside),
    outside: outside !== null,
    reader: reader ?? 'the reader',
    changed: changedText(window, context.reveal),
    ...statementWords(found, reader),
    templateOf: context.templateOf,
  };
}

/** The write's statement and the reader's, short enough for a sentence. */
function statementWords(
  { stale, writer }: Found,
  reader: string | null,
): { readonly commit: string; readonly select: string } {
  const { window, version } = stale;
  const write = writeOf(window.write.commit, changedTable(stale));
  const read = readOf(version);
  // Where no route is known the statement is the writer's name already, or the reader's.
  const isName = (name: string | null, shape: string) =>
    name?.startsWith(shape.slice(0, NAME_BEGINS)) === true;
  return {
    commit:
      write === null || isName(writer, write.shape)
        ? 'its COMMIT'
        : `the COMMIT of ${shortened(write.shape)}`,
    select: read === null || isName(reader, read.shape) ? 'the SELECT' : shortened(read.shape),
  };
}

/** So much of a statement is compared with a writer's name. */
const NAME_BEGINS = 40;

/** A remedy with the same as code, where there is code to write. */
export function withCode<R extends Remedy>(remedy: R, code: CauseCode, facts: RemedyFacts): R {
  const blocks = remedyCode(code, facts);
  return blocks.length === 0 ? remedy : { ...remedy, code: blocks };
}

function changedText(window: Window, reveal: Reveal): string {
  const columns = new Map<string, string>();
  for (const effect of window.effects) {
    for (const { table, column, old, now } of effect.columns) {
      const text = now === '?' ? '' : ` ${valueText(old, reveal)} → ${valueText(now, reveal)}`;
      columns.set(`${table}.${column}`, `${table}.${column}${text}`);
    }
  }
  if (columns.size > 0) return [...columns.values()].slice(0, 3).join(', ');
  const kinds = {
    changed: 'a row',
    removed: 'a deleted row',
    entered: 'a new row',
    left: 'a row',
    recomputed: 'rows',
  };
  const [effect] = window.effects;
  return effect === undefined ? 'a row' : `${kinds[effect.kind]} of ${effect.change.table}`;
}

/** The command that plans the removal of a key, and of nothing else. */
export function purgeOf({ db, name }: Pick<KeyState, 'db' | 'name'>): string {
  const database = db === 0 ? '' : ` --db ${db}`;
  return `whystale purge --key ${shellWord(name)}${database}`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A name, a route or a statement keeps its case at the beginning; words do not. */
function sentence(text: string, words: Words): string {
  const begins = words.writer.startsWith(SOME_CLIENT) && text.startsWith(SOME_CLIENT);
  return begins ? `${text.slice(0, 1).toUpperCase()}${text.slice(1)}` : text;
}
