/**
 * What could go stale between a reader and a writer of one template, from the footprints that a recording shows: the reader's
 * miss, source read and fill; the writer's commit, and its removals and rewrites before and after it. Each rule is one way to
 * go stale, with the cause that the exploration should then find. docs/race.md has the table.
 */
import { counted } from '../../core/numbers.ts';
import type { Need, Prediction } from './contract.ts';
import type { FillForm, ReaderWays, WriterWays } from './ways.ts';

/** Both sides of a pair at one template. */
export interface Meeting {
  readonly template: string;
  readonly reader: ReaderWays;
  readonly writer: WriterWays;
}

type Guess = Omit<Prediction, 'template'> | null;
type Rule = (meeting: Meeting) => Guess;

/** How likely a late fill of this form gets past a removal that came before it. */
const LATE_FILL: Readonly<Record<FillForm, number>> = {
  plain: 0.8,
  // The key is gone: there is nothing that NX would spare.
  'absent-only': 0.7,
  // WATCH is not recorded: it may be there or not.
  transaction: 0.5,
  script: 0.15,
  generation: 0.1,
};

/** The same after a rewrite: NX spares what the writer has put there. */
const LATE_FILL_OVER: Readonly<Record<FillForm, number>> = { ...LATE_FILL, 'absent-only': 0.2 };

const FILL_NAMES: Readonly<Record<FillForm, string>> = {
  plain: 'a plain write, without a look at what happened since the read',
  'absent-only': 'SET NX, which a removal before it does not stop',
  transaction: 'a MULTI, which may be guarded by WATCH',
  script: 'a script, which may compare before it sets',
  generation: 'a write under a name that carries a generation',
};

/** Seen in the recording: the exploration only has to show it again. */
const SEEN = 1;
/** A writer that may not change what is cached is less of a suspect. */
const UNSURE = 0.6;
/** The writer's script, or its new generation, is half of a guard. */
const GUARDED = 0.25;
/** Shares of commits from which on a way is a habit, and up to which it is an exception. */
const HABIT = 0.5;
const EXCEPTION = 0.1;

/** The predictions of one meeting, best first. */
export function predict(meeting: Meeting): readonly Prediction[] {
  const { template, writer } = meeting;
  const sure = writer.certain ? 1 : UNSURE;
  return RULES.flatMap((rule) => rule(meeting) ?? [])
    .map((guess) => ({ template, ...guess, score: rounded(guess.score * (guess.score === SEEN ? 1 : sure)) }))
    .sort((a, b) => b.score - a.score || (a.code < b.code ? -1 : 1));
}

const leavesKeys: Rule = ({ template, reader, writer }) => {
  const { commits, left, elsewhere, stale } = writer;
  if (left === 0 || left < commits * EXCEPTION) return null;
  const always = left >= commits * (1 - EXCEPTION);
  const score = stale > 0 ? SEEN : always ? 0.95 : 0.7;
  const what = `${counted(left, 'commit')} of ${commits} left the keys as they were`;
  const seen = stale > 0 ? `, and ${stale} of them served the old value` : '';
  // A key without a part that varies has no other name that could be taken for it.
  if (elsewhere.unread >= left * HABIT && template.includes('{'))
    return guess('WS102', score, 'nothing', `${what}${seen}: they removed keys that nobody reads`);
  if (elsewhere.read >= left * HABIT)
    return guess('WS110', score, 'nothing', `${what}${seen}: they removed other keys only`);
  const inserts = writer.changes.every((change) => change.startsWith('insert '));
  if (reader.negative && inserts)
    return guess('WS111', score, 'nothing', `${what}${seen}, and that there is no row is cached`);
  return guess('WS101', score, 'nothing', `${what}${seen}`);
};

const removesTooEarly: Rule = ({ writer: { before, after, commits } }) => {
  const early = before.removed;
  if (early < commits * EXCEPTION || early === 0) return null;
  const repeated = after.removed + after.rewritten;
  if (repeated >= early) return null;
  const what = `${counted(early, 'commit')} of ${commits} removed the key before it, and not again after it`;
  return guess('WS103', 0.9, 'ordering', what);
};

const writesTooEarly: Rule = ({ writer: { before, after, commits } }) => {
  const early = before.rewritten;
  if (early < commits * EXCEPTION || early === 0 || after.removed + after.rewritten >= early) return null;
  const what = `${counted(early, 'commit')} of ${commits} put the new value into the cache before it: others read what may be rolled back`;
  return guess('WS106', 0.5, 'fault', what);
};

const fillsTooLate: Rule = ({ reader, writer }) => {
  const { before, after, guarded, commits } = writer;
  const removed = after.removed + after.rewritten;
  // One that removes the key too early only is open for another reason; a rewrite meets late fills wherever it stands.
  if (removed + before.rewritten === 0 || removed + before.rewritten < commits * EXCEPTION) return null;
  const forms = [...reader.fills.keys()];
  const open = after.removed > 0 ? LATE_FILL : LATE_FILL_OVER;
  const form = forms.sort((a, b) => open[b] - open[a])[0];
  if (form === undefined)
    return guess('WS104', 0.2, 'ordering', 'the reader was seen to read the key, not to fill it');
  const half = guarded >= removed * HABIT && form !== 'plain' && form !== 'absent-only';
  const how = after.removed > 0 ? 'the removal after the commit' : 'the rewrite';
  const why = `a fill that was read before the commit may come after ${how}: it is ${FILL_NAMES[form]}`;
  return guess('WS104', open[form] * (half ? GUARDED : 1), 'ordering', why);
};

const writesInAnotherOrder: Rule = ({ writer: { after, before, guarded, commits } }) => {
  const rewritten = after.rewritten + before.rewritten;
  if (rewritten < commits * EXCEPTION || rewritten === 0) return null;
  const why = 'two writers may rewrite the key in another order than they commit';
  const half = guarded > 0 && guarded >= after.rewritten * HABIT;
  return guess('WS109', half ? 0.1 : 0.4, 'second-writer', why);
};

const removalFails: Rule = ({ writer: { after, before, failed, commits } }) => {
  if (failed > 0)
    return guess(
      'WS105',
      0.9,
      'fault',
      `${counted(failed, 'commit')} of ${commits} sent a removal that failed`,
    );
  const removed = after.removed + after.rewritten;
  // What is removed before the commit as well is gone whatever dies after it.
  if (removed === 0 || before.removed + before.rewritten >= removed) return null;
  return guess('WS105', 0.3, 'fault', 'a writer that dies between its commit and the removal leaves the key');
};

const RULES: readonly Rule[] = [
  leavesKeys,
  removesTooEarly,
  writesTooEarly,
  fillsTooLate,
  writesInAnotherOrder,
  removalFails,
];

function guess(code: Prediction['code'], score: number, needs: Need, why: string): Guess {
  return { code, score, needs, why };
}

function rounded(score: number): number {
  return Math.round(score * 100) / 100;
}
