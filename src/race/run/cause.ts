/**
 * Why an execution ended stale. The core is asked first: it sees the execution as `watch` would have. Where it says nothing (the
 * value never came through Redis, or its lineage was not certain), the order of the operations on the key that was served decides.
 */
import type { CauseCode } from '../../core/codes.ts';
import { CODES } from '../../core/codes.ts';
import type { Analysis, Finding, Remedy } from '../../core/finding.ts';
import type { CacheOperation, Operation } from '../../core/operation.ts';
import type { FaultKind, Step } from '../explore/contract.ts';
import type { Scenario } from '../scenario/contract.ts';
import type { Ran, Taken } from './execution.ts';
import { isSessionModel } from './session-oracle.ts';
import type { Witness } from './witness.ts';

export interface NamedCause {
  readonly code: CauseCode;
  /** The key that held the stale value, where there is one. */
  readonly key: string | null;
  readonly explanation: string;
  readonly remedy: Remedy | null;
  /** What is to be said beside a step, by its place. */
  readonly notes: ReadonlyMap<number, { readonly note: string; readonly decisive: boolean }>;
}

/** Faults after which an actor does not do what it would have done. */
const CUTTING: readonly FaultKind[] = ['crash', 'reset', 'reply-lost', 'error', 'delay'];

/** Why a run ended stale; null: it did not. */
export function causeOfRun(
  { judgement, taken }: Pick<Ran, 'judgement' | 'taken'>,
  scenario: Scenario,
  witness: Witness,
): NamedCause | null {
  if (judgement?.stale !== true) return null;
  const answer = judgement.answers.find(({ stale }) => stale);
  // Of a session it is an answer on the way that was stale.
  const instance = isSessionModel(scenario) ? null : (answer?.actor ?? null);
  return nameCause(witness.analysis(), taken, instance);
}

/** @param instance whose answer was stale; null: not known. */
export function nameCause(
  seen: { readonly analysis: Analysis; readonly operations: readonly Operation[] },
  taken: readonly Taken[],
  instance: string | null,
): NamedCause {
  const finding = staleFinding(seen.analysis);
  const served = lastHit(answering(seen.operations, instance));
  const cut = cutOff(taken, seen.operations);
  const told = finding?.code ?? byOrder(seen.operations, served);
  const code = settled(told, cut);
  return {
    code,
    key: finding?.key ?? served?.key ?? null,
    explanation:
      finding !== null && finding.code === code ? finding.explanation : (EXPLANATIONS[code] ?? plain(code)),
    remedy: finding?.remedy ?? null,
    notes: finding === null ? new Map() : notesOf(finding, seen.operations, taken),
  };
}

function staleFinding({ findings }: Analysis): Finding | null {
  return findings.find(({ code }) => CODES[code].group === 'staleness') ?? null;
}

/** The step at which a fault struck somebody who changed the source: what that actor would have done besides is missing. */
function cutOff(taken: readonly Taken[], operations: readonly Operation[]): Step | null {
  const struck = taken.find(({ step }) => step.fault !== undefined && CUTTING.includes(step.fault))?.step;
  if (struck === undefined) return null;
  const changing = changingTransactions(operations);
  const own = operations.filter((op) => op.session.startsWith(`pg-${struck.actor}:`));
  return own.some((op) => changesSource(op, changing)) ? struck : null;
}

/**
 * One execution shows one writer: whether *other* writes remove the key is not asked here, so a write that removes nothing is
 * WS101, time to live or not. Where a fault cut the writer off, it is the removal that failed; also when it had removed the key
 * before its commit, and the fault struck what it sent to Redis afterwards.
 */
function settled(code: CauseCode, cut: Step | null): CauseCode {
  const missing = code === 'WS112' || code === 'WS101' || code === 'WS110';
  const again =
    code === 'WS103' && cut?.meant?.some(({ resource }) => resource.startsWith('redis:')) === true;
  if (cut !== null && (missing || again)) return 'WS105';
  return code === 'WS112' ? 'WS101' : code;
}

/** What the last request of an instance asked of the stores: the oracle's. */
function answering(operations: readonly Operation[], instance: string | null): readonly Operation[] {
  const last = operations.findLast((op) => op.tier === 'http' && op.session === `http:${instance}`);
  if (last?.request === undefined) return operations;
  return operations.filter((op) => op.tier !== 'http' && op.request === last.request);
}

function lastHit(operations: readonly Operation[]): (CacheOperation & { readonly key: string }) | null {
  const hit = operations.findLast(
    (op) => op.tier === 'cache' && op.kind === 'read' && op.status === 'ok' && op.value !== null,
  );
  return hit !== undefined && 'key' in hit && hit.tier === 'cache' && hit.kind === 'read' ? hit : null;
}

/** @param served the hit that the oracle got last */
function byOrder(
  operations: readonly Operation[],
  served: { readonly key: string; readonly id: number } | null,
): CauseCode {
  if (served === null) return 'WS108';
  const before = operations.filter(({ id }) => id < served.id);
  const changing = changingTransactions(before);
  const commit = before.findLastIndex((op) => changesSource(op, changing));
  const fill = before.findLastIndex(
    (op) => op.tier === 'cache' && op.kind === 'write' && op.key === served.key,
  );
  const removals = before.flatMap((op, i) =>
    op.tier === 'cache' && op.kind === 'delete' ? [{ op, i }] : [],
  );
  const own = removals.filter(({ op }) => op.key === served.key);
  const writer = before[commit]?.session.split(':')[0]?.replace(/^[^-]*-/, '');
  const filler = before[fill]?.session.split(':')[0]?.replace(/^[^-]*-/, '');
  // Nothing was committed and still it is not the source's: somebody's change that was undone again.
  if (commit < 0 && fill >= 0) return 'WS106';
  if (fill > commit && filler === writer) return 'WS109';
  // Who removes before the commit only has that to mend first, whichever side of the commit the fill came to stand.
  const tooEarly = own.some(({ i }) => i < commit) && !own.some(({ i }) => i > commit);
  if (fill > commit) return tooEarly ? 'WS103' : 'WS104';
  if (own.some(({ op, i }) => i < commit && (i < fill || op.status === 'ok'))) return 'WS103';
  if (own.some(({ op }) => op.status !== 'ok')) return 'WS105';
  if (removals.some(({ i }) => i > commit)) return 'WS102';
  return 'WS101';
}

function changesSource(op: Operation, changing: ReadonlySet<string>): boolean {
  if (op.tier !== 'source') return false;
  return op.kind === 'commit' ? changing.has(transactionOf(op)) : op.kind === 'write' && op.tx === null;
}

/** Transactions that wrote: the others' COMMIT changes nothing. */
function changingTransactions(operations: readonly Operation[]): ReadonlySet<string> {
  const writes = operations.flatMap((op) => (op.tier === 'source' && op.kind === 'write' ? [op] : []));
  return new Set(writes.map(transactionOf));
}

/** Transactions are numbered within their session. */
function transactionOf({ session, tx }: { readonly session: string; readonly tx: number | null }): string {
  return `${session} ${tx}`;
}

/** Puts the notes of the finding's timeline beside the steps in which they happened. */
function notesOf(
  finding: Finding,
  operations: readonly Operation[],
  taken: readonly Taken[],
): ReadonlyMap<number, { readonly note: string; readonly decisive: boolean }> {
  const notes = new Map<number, { note: string; decisive: boolean }>();
  for (const { op, note, decisive } of finding.witness) {
    const operation = operations[op - 1];
    if (operation === undefined || (note === undefined && decisive !== true)) continue;
    const at = taken.findLastIndex((one) => one.at <= operation.invoke);
    // What happened before the first step, or once the steps were over, stands beside none.
    if (at < 0 || !isOf(operation, taken[at]!.step.actor) || notes.get(at)?.decisive === true) continue;
    notes.set(at, { note: note ?? '', decisive: decisive === true });
  }
  return notes;
}

function isOf(op: Operation, actor: string): boolean {
  return op.session.startsWith(`redis-${actor}:`) || op.session.startsWith(`pg-${actor}:`);
}

const EXPLANATIONS: Partial<Record<CauseCode, string>> = {
  WS101: 'The write changes the row, and nothing removes or rewrites the key that was made from it.',
  WS102: 'The write removes another key than the one that the value is cached under.',
  WS103: 'The key is removed before the commit, and is filled again with the old row in between.',
  WS104: 'The fill carries a value read before the commit and arrives after the removal.',
  WS105: 'The removal of the key was cut off by the fault, and nothing makes up for it.',
  WS108:
    'The answer came without a hit in Redis and without the current row: from the memory of the instance.',
  WS109: 'Two writes reach Redis in another order than the database.',
};

function plain(code: CauseCode): string {
  return `The oracle was answered with a value that is not the database's (${CODES[code].name}).`;
}
