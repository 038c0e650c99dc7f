/** The causal timeline of a stale case: the reader's and the writer's messages in order, and which one decides. */
import type { WitnessStep } from './finding.ts';
import type { LogLine } from './operation.ts';
import type { Change, Commit } from './source.ts';
import type { Removal, Window } from './versions.ts';
import { cacheText, changeText, type Reveal, sourceValues, statementText, valuesText } from './wording.ts';

/** A step before it has its place in time. */
export interface StepDraft extends Omit<WitnessStep, 'atMs'> {
  /** ns. */
  readonly at: number;
}

type Draft = StepDraft;

/** Removals of other keys and log lines shown at most. */
const MAX_ELSEWHERE = 3;
const MAX_LOGS = 4;

/** Builds the witness of a window. `hits`: hits after the write was over. */
export function timeline(
  window: Window,
  over: number,
  logs: readonly LogLine[],
  reveal: Reveal,
): readonly WitnessStep[] {
  const drafts = [...readerSteps(window, over, reveal), ...writerSteps(window, reveal)];
  const from = Math.min(...drafts.map((draft) => draft.at));
  const until = window.hits.first?.invoke ?? Math.max(...drafts.map((draft) => draft.at));
  drafts.push(...logSteps(logs, from, until));
  return stepsOf(drafts);
}

/** Steps in order of time, each once, in milliseconds since the first. */
export function stepsOf(drafts: readonly StepDraft[]): readonly WitnessStep[] {
  const from = Math.min(...drafts.map((draft) => draft.at));
  const seen = new Set<string>();
  return [...drafts]
    .sort((a, b) => a.at - b.at || a.op - b.op)
    .filter((draft) => {
      const same = `${draft.op} ${draft.text} ${draft.lane}`;
      if (seen.has(same)) return false;
      seen.add(same);
      return true;
    })
    .map(({ at, ...step }) => ({ ...step, atMs: Math.round((at - from) / 1e4) / 100 }));
}

function changedColumns(window: Window): ReadonlySet<string> {
  return new Set(
    window.effects.flatMap((effect) => effect.columns.map(({ table, column }) => `${table}.${column}`)),
  );
}

function readerSteps(window: Window, over: number, reveal: Reveal): Draft[] {
  const { version } = window;
  const steps: Draft[] = [];
  const columns = changedColumns(window);
  if (version.miss !== null) {
    const { miss } = version;
    steps.push({
      op: miss.id,
      at: miss.invoke,
      lane: 'reader',
      session: miss.session,
      text: cacheText(miss),
      result: 'miss',
    });
  }
  for (const source of version.sources) {
    const { op } = source.read;
    if (op.kind === 'write') continue;
    steps.push({
      op: op.id,
      at: op.invoke,
      lane: 'reader',
      session: op.session,
      text: statementText(op, reveal),
      result: sourceValues(source, columns, reveal),
    });
  }
  const [first] = version.sources;
  const shown = first === undefined ? oldValues(window, reveal) : sourceValues(first, columns, reveal);
  if (version.fill !== null) {
    steps.push({
      op: version.fill.id,
      at: version.fill.invoke,
      lane: 'reader',
      session: version.fill.session,
      text: cacheText(version.fill),
      result: shown,
      ...(window.filledAfter ? { note: 'stale from here', decisive: true } : {}),
    });
  }
  return [...steps, ...hitSteps(window, over, shown)];
}

function oldValues(window: Window, reveal: Reveal): string {
  const columns = window.effects.flatMap((effect) => effect.columns);
  return valuesText(
    columns.map(({ table, column, old }) => ({ table, column, value: old })),
    reveal,
  );
}

function hitSteps(window: Window, over: number, shown: string): Draft[] {
  const steps: Draft[] = [];
  const { first, last } = window.hits;
  const { version } = window;
  if (version.fill === null && version.since.return < window.write.commit.interval.invoke) {
    steps.push({
      op: -1,
      at: version.since.invoke,
      lane: 'reader',
      session: first?.session ?? '',
      text: `GET ${version.key.name}`,
      result: `hit, ${shown}`,
    });
  }
  const stale = first !== null && first.invoke > over ? first : last;
  if (stale === null) return steps;
  steps.push({
    op: stale.id,
    at: stale.invoke,
    lane: 'reader',
    session: stale.session,
    text: cacheText(stale),
    result: `hit, ${shown}`,
    note: 'stale',
  });
  if (last !== null && last.id !== stale.id) {
    steps.push({
      op: last.id,
      at: last.invoke,
      lane: 'reader',
      session: last.session,
      text: cacheText(last),
      result: `hit, ${shown}`,
      note: 'last stale hit',
    });
  }
  return steps;
}

function writerSteps(window: Window, reveal: Reveal): Draft[] {
  const { commit } = window.write;
  const steps: Draft[] = [];
  const explicit =
    commit.outside === undefined && commit.changes.every((change) => change.op.id !== commit.op);
  const shown = new Set<number>();
  for (const change of commit.changes) {
    const { op } = change;
    const relevant = window.effects.some((effect) => effect.change.op === op);
    if (shown.has(op.id) || (!relevant && steps.length >= MAX_ELSEWHERE)) continue;
    shown.add(op.id);
    steps.push({
      op: op.id,
      at: op.invoke,
      lane: 'writer',
      session: op.session,
      text: changeText(change, reveal),
      result: newValues(window, op.id, reveal),
      ...(explicit ? triggered(op, commit) : changesHere(window)),
    });
  }
  if (explicit) {
    const rolledBack = commit.txn.state === 'rolled back';
    steps.push({
      op: commit.op,
      at: commit.interval.invoke,
      lane: 'writer',
      session: commit.session,
      text: rolledBack ? 'ROLLBACK' : 'COMMIT',
      note: rolledBack ? 'the value was never committed' : 'the source changes here',
      decisive: !window.filledAfter,
    });
  }
  return [...steps, ...removalSteps(window)];
}

function changesHere(window: Window): Pick<Draft, 'note' | 'decisive'> {
  return { note: 'the source changes here', decisive: !window.filledAfter };
}

/** What the change stream told of a proxied transaction and no statement shows. */
function triggered(op: Change['op'], commit: Commit): Pick<Draft, 'note'> {
  return op.kind === 'change' && commit.outside === undefined ? { note: 'by a trigger or a function' } : {};
}

function newValues(window: Window, op: number, reveal: Reveal): string {
  const columns = window.effects
    .filter((effect) => effect.change.op.id === op)
    .flatMap((effect) => effect.columns);
  return valuesText(
    columns.map(({ table, column, now }) => ({ table, column, value: now })),
    reveal,
  );
}

function removalSteps(window: Window): Draft[] {
  const { write, version } = window;
  const own = write.removals.filter((removal) => removal.key === version.key);
  const between = window.removals.filter(
    (removal) => removal.kind === 'removal' && removal.interval.invoke > write.commit.interval.invoke,
  );
  const ending = window.end?.removal;
  const shown = new Set([...own, ...between, ...(ending == null ? [] : [ending])]);
  if (own.length + between.length === 0) {
    // What the write removed in place of this key is the point then.
    const elsewhere = write.removals.filter(
      (removal) => removal.kind === 'removal' && removal.op.kind !== 'script' && removal.key !== version.key,
    );
    for (const removal of elsewhere.slice(0, MAX_ELSEWHERE)) shown.add(removal);
  }
  return [...shown].filter((removal) => removal.op !== version.fill).map(removalStep);
}

export function removalStep(removal: Removal): StepDraft {
  const { op } = removal;
  const result = removal.failed
    ? (op.error ?? 'no answer')
    : op.kind === 'delete' && op.removed !== null
      ? `${op.removed} removed`
      : '';
  return {
    op: op.id,
    at: op.invoke,
    lane: 'writer',
    session: op.session,
    text:
      op.kind === 'flush'
        ? op.command
        : `${cacheText(op)}${removal.key.db === 0 ? '' : ` (db ${removal.key.db})`}`,
    result,
  };
}

function logSteps(logs: readonly LogLine[], from: number, until: number): Draft[] {
  return logs
    .filter((log) => log.invoke >= from && log.invoke <= until)
    .slice(-MAX_LOGS)
    .map((log) => ({ op: log.id, at: log.invoke, lane: 'log', session: log.session, text: log.text }));
}
