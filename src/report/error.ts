/** Errors as people and programs read them: what failed, what was expected, whether to retry, what to do next. */
import { type ErrorFacts, WhystaleError } from '../errors.ts';
import type { Drawing } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

const RETRY: Readonly<Record<ErrorFacts['retry'], string>> = {
  safe: 'safe: run the same again',
  'after-fix': 'only once the cause is mended',
  unsafe: 'not before looking at the state',
};

const LABEL_WIDTH = 11;
const INDENT = '  ';
const HANGING = '    ';

/** The facts of any error; one that carries no code is a defect of whystale and says so. */
export function factsOf(error: unknown): ErrorFacts {
  if (error instanceof WhystaleError) return error.facts;
  const message = error instanceof Error ? error.message || error.name : String(error);
  return {
    code: 'WSE999',
    what: `whystale failed unexpectedly: ${message}`,
    expected: 'No error that is not foreseen.',
    retry: 'unsafe',
    next: 'Run it again with WHYSTALE_DEBUG=1 and report the output as a defect of whystale.',
    exitCode: 4,
    cause: error,
  };
}

/** The text, ending in a newline. `debug` adds the stack. */
export function errorText(error: unknown, { width, style }: Drawing, debug = false): string {
  const facts = factsOf(error);
  const labelled = (label: string, text: string) => {
    const lines = wrapText(visible(text), width - LABEL_WIDTH);
    return lines.map((line, index) => (index === 0 ? `  ${label}` : '').padEnd(LABEL_WIDTH) + line);
  };
  const lines = [
    ...wrapText(visible(`error ${facts.code}: ${headline(facts)}`), width).map(style.bad),
    ...(facts.problems === undefined
      ? labelled('expected', facts.expected)
      : facts.problems.flatMap((problem) => listed(problem, width))),
    ...labelled('retry', RETRY[facts.retry]),
    ...labelled('next', facts.next),
    ...(debug ? stackLines(error) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function headline({ what, problems }: ErrorFacts): string {
  return problems === undefined ? what : 'several things are wrong:';
}

function listed(problem: string, width: number): string[] {
  const lines = wrapText(visible(problem), width - HANGING.length);
  return lines.map((line, index) => (index === 0 ? INDENT : HANGING) + line);
}

/** What `--json` prints instead of a document. `problems` is there where several things are wrong. */
export interface ErrorDocument {
  readonly error: Pick<ErrorFacts, 'code' | 'what' | 'expected' | 'problems' | 'retry' | 'next'>;
}

export function errorDocument(error: unknown): ErrorDocument {
  const { code, what, expected, problems, retry, next } = factsOf(error);
  return { error: { code, what, expected, ...(problems && { problems }), retry, next } };
}

function stackLines(error: unknown): string[] {
  const lines: string[] = [];
  for (let link = error; link instanceof Error; link = link.cause) lines.push(visibleStack(link));
  return lines;
}

function visibleStack(error: Error): string {
  return (error.stack ?? error.message).split('\n').map(visible).join('\n');
}
