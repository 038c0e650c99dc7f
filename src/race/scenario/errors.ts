/** The coded errors of files that people write: scenarios, and what is written in the same way. */
import { WhystaleError } from '../../errors.ts';
import { fileFailure } from '../../files/failure.ts';
import { type Place, type Problem, problemSentence } from '../../yamlfile/index.ts';

/** Problems of one file that are told at once. */
const MAX_PROBLEMS = 20;

/** The errors of one kind of file. */
export interface FileErrors {
  cannotRead(path: string, cause: unknown): WhystaleError;
  noYaml(path: string, at: Place, problem: string): WhystaleError;
  /** All that is wrong in a file, which is one problem at least. */
  wrong(path: string, problems: readonly [Problem, ...Problem[]]): WhystaleError;
}

/** @param kind what such a file is called: `scenario`; `page` describes it */
export function fileErrors(
  kind: string,
  page: string,
  codes: Readonly<Record<keyof FileErrors, string>>,
): FileErrors {
  return {
    cannotRead: (path, cause) =>
      new WhystaleError({
        code: codes.cannotRead,
        what: `The ${kind} ${path} could not be read: ${fileFailure(cause, 'reading')}.`,
        expected: `A ${kind} file that this user may read.`,
        retry: 'after-fix',
        next: `Correct the path; ${page} shows how to write one.`,
        exitCode: 2,
        cause,
      }),
    noYaml: (path, at, problem) =>
      new WhystaleError({
        code: codes.noYaml,
        what: `${where(path, at)}: this is no YAML that can be read: ${problem}.`,
        expected: 'One YAML (or JSON) document.',
        retry: 'after-fix',
        next: `Mend line ${at.line} and run the same again.`,
        exitCode: 2,
      }),
    wrong: (path, problems) => wrongFile(path, problems, page, codes.wrong),
  };
}

export const SCENARIO_ERRORS = fileErrors('scenario', 'docs/race.md', {
  cannotRead: 'WSE601',
  noYaml: 'WSE602',
  wrong: 'WSE603',
});

function wrongFile(
  path: string,
  problems: readonly [Problem, ...Problem[]],
  page: string,
  code: string,
): WhystaleError {
  const [first] = problems;
  const shown = problems.slice(0, MAX_PROBLEMS);
  const rest = problems.length - shown.length;
  return new WhystaleError({
    code,
    what: `${where(path, first.at)}: ${problemSentence(first)}`,
    expected: first.expected,
    ...(problems.length === 1
      ? {}
      : {
          problems: [
            ...shown.map((one) => `${where(path, one.at)}: ${problemSentence(one)} ${one.expected}`),
            ...(rest > 0 ? [`…and ${rest} more.`] : []),
          ],
        }),
    retry: 'after-fix',
    next: `Mend ${linesOf(problems)}; the form is described in ${page}.`,
    exitCode: 2,
  });
}

function linesOf(problems: readonly Problem[]): string {
  const lines = [...new Set(problems.map(({ at }) => at.line))].sort((a, b) => a - b);
  const [first] = lines;
  return lines.length === 1 ? `line ${first}` : `lines ${lines.slice(0, MAX_PROBLEMS).join(', ')}`;
}

function where(path: string, { line, column }: Place): string {
  return `${path}:${line}:${column}`;
}
