/** What `case run` and `case sign` say. */
import type { RunDocument, SignDocument, StepState } from '../case/document.ts';
import { counted, duration } from '../core/numbers.ts';
import { runFailure, tailShown } from './command-text.ts';
import type { Drawing } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

/** `3 run unit tests`. */
export function stepLine({ number, step }: StepState): string {
  return `${number} ${visible(step)}`;
}

/** The text, ending in a newline. */
export function caseRunText(document: RunDocument, drawing: Drawing): string {
  const { style, width } = drawing;
  const failed = document.steps.filter(({ run }) => runFailure(run) !== null).length;
  const verdict = document.interrupted
    ? style.warn('interrupted')
    : document.passed
      ? style.good(`${counted(document.steps.length, 'command')} passed`)
      : style.bad(`${counted(failed, 'command')} failed`);
  const lines = [
    `${style.strong(visible(document.case.name))}   ${verdict}`,
    '',
    ...document.steps.flatMap((state) => stepLines(state, drawing)),
    ...commitLines(document, drawing),
    ...unsignedLines(document.unsigned, drawing),
    ...document.notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}.`, width).map(style.warn)),
  ];
  return `${lines.join('\n')}\n`;
}

function stepLines({ run, ...state }: RunDocument['steps'][number], drawing: Drawing): readonly string[] {
  const { style } = drawing;
  const why = runFailure(run);
  const mark = why === null ? style.good('passed') : style.bad('failed');
  return [
    `    ${mark}  ${stepLine(state)}  ${style.faint(duration(run.ranMs))}`,
    `            ${style.name(visible(run.command))}`,
    ...(why === null ? [] : [`            ${visible(why)}`, ...tailShown(run, drawing, 12)]),
  ];
}

function commitLines({ steps }: RunDocument, { style, width }: Drawing): readonly string[] {
  const on = steps.at(-1)?.run.on;
  if (on == null) return ['', ...wrapText('They ran in no git repository.', width).map(style.faint)];
  const dirty = on.dirty ? ', on files that are in no commit: commit them and run it again before a tag' : '';
  return [
    '',
    ...wrapText(`At commit ${on.commit.slice(0, 10)}${dirty}.`, width).map(
      on.dirty ? style.warn : style.faint,
    ),
  ];
}

/** What `case sign` wrote. */
export function caseSignText(
  { case: place, step, signed, unsigned }: SignDocument,
  drawing: Drawing,
): string {
  const { style } = drawing;
  const note = signed.note === null ? '' : `: ${visible(signed.note)}`;
  const lines = [
    `${style.good('Signed')} ${stepLine(step)}`,
    `    ${visible(signed.by)}, ${signed.at}${note}`,
    `    in ${style.name(visible(place.file))}`,
    ...unsignedLines(unsigned, drawing),
  ];
  return `${lines.join('\n')}\n`;
}

function unsignedLines(unsigned: readonly StepState[], { style }: Drawing): readonly string[] {
  if (unsigned.length === 0) return [];
  return ['', style.faint('Not signed yet:'), ...unsigned.map((state) => `    ${stepLine(state)}`)];
}
