/** The coded errors of scenario and schedule files. */
import { WhystaleError } from '../../errors.ts';
import { fileFailure } from '../../files/failure.ts';
import { type Place, type Problem, problemSentence } from '../../yamlfile/index.ts';

/** Problems of one file that are told at once. */
const MAX_PROBLEMS = 20;

export function cannotReadScenario(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE601',
    what: `The scenario ${path} could not be read: ${fileFailure(cause, 'reading')}.`,
    expected: 'A scenario file that this user may read.',
    retry: 'after-fix',
    next: 'Correct the path; docs/race.md shows how to write one.',
    exitCode: 2,
    cause,
  });
}

export function noYaml(path: string, at: Place, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE602',
    what: `${where(path, at)}: this is no YAML that can be read: ${problem}.`,
    expected: 'One YAML (or JSON) document.',
    retry: 'after-fix',
    next: `Mend line ${at.line} and run the same again.`,
    exitCode: 2,
  });
}

/** All that is wrong in a file, which is one problem at least. */
export function wrongScenario(path: string, problems: readonly [Problem, ...Problem[]]): WhystaleError {
  const [first] = problems;
  const shown = problems.slice(0, MAX_PROBLEMS);
  const rest = problems.length - shown.length;
  return new WhystaleError({
    code: 'WSE603',
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
    next: `Mend ${linesOf(problems)}; the form is described in docs/race.md.`,
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
