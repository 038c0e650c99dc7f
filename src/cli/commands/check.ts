/** `check`: whether a history keeps a consistency model. */
import { type Command, Option } from 'commander';
import { checkHistory } from '../../core/check/index.ts';
import type { CheckResult, Model } from '../../core/check/record.ts';
import { WhystaleError } from '../../errors.ts';
import { type RegisterHistory, readRegisterHistory } from '../../recording/register-lines.ts';
import { CHECK_FORMAT, type CheckDocument, checkText } from '../../report/check-text.ts';
import { parseDuration } from '../duration.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';

const MODELS: readonly Model[] = ['linearizable', 'read-your-writes', 'monotonic-reads', 'bounded-staleness'];
const NS_PER_MS = 1e6;

interface Options {
  readonly model: Model;
  readonly delta?: number;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('check')
    .description('Check a history of reads and writes, whoever recorded it, against a consistency model.')
    .argument('<history>', 'file with one operation a line, e.g. history.jsonl of a recording')
    .addOption(new Option('--model <model>', 'consistency model').choices(MODELS).makeOptionMandatory())
    .addOption(
      new Option('--delta <duration>', 'bound of bounded-staleness, e.g. 500ms or 2s').argParser((text) =>
        parseDuration(text, '--delta'),
      ),
    )
    .option('--json', 'print one JSON document')
    .action(frame.action((path: string, options: Options) => check(path, options, frame)));
  withExamples(command, [
    'whystale check history.jsonl --model linearizable',
    'whystale check history.jsonl --model bounded-staleness --delta 2s --json',
  ]);
}

const EXIT_OF = { valid: EXIT.done, invalid: EXIT.findings, unknown: EXIT.incomplete } as const;

function check(path: string, { model, delta, json }: Options, frame: Frame): ExitCode {
  requireDelta(model, delta);
  const history = readRegisterHistory(path);
  const started = performance.now();
  const result = checkHistory(history.operations, { model, deltaNs: delta ?? 0, maxStale: true });
  const document = documentOf(model, result, history, performance.now() - started);
  if (json) printJson(frame, document);
  else frame.out(checkText(document, finderOf(history), frame.drawing));
  return EXIT_OF[document.verdict];
}

/** What could not be judged makes `valid` an `unknown`; a violation elsewhere stays one. */
function documentOf(
  model: Model,
  result: CheckResult,
  history: RegisterHistory,
  checkMs: number,
): CheckDocument {
  const { undecidable, nameOf, recorded, skipped } = history;
  const incomplete = undecidable.size > 0 || (recorded === 0 && skipped > 0);
  return {
    format: CHECK_FORMAT,
    model,
    verdict: result.verdict === 'valid' && incomplete ? 'unknown' : result.verdict,
    operations: recorded,
    keys: result.keys,
    checkMs: Math.round(checkMs * 1000) / 1000,
    maxStaleMs: result.maxStaleNs === null ? null : result.maxStaleNs / NS_PER_MS,
    violations: result.violations.map(({ key, witness }) => ({ key, witness: witness.map(nameOf) })),
    notices: [...result.unknown.map(undecided), ...noticesOf(history)],
  };
}

function undecided(key: string): string {
  return `The key ${key} could not be decided within the bound of the search.`;
}

function noticesOf({ undecidable, skipped, recorded }: RegisterHistory): string[] {
  const notices = [...undecidable].map(([key, reason]) => `The key ${key} was not judged: ${reason}.`);
  if (skipped > 0) notices.push(`${skipped} lines are no reads or writes of a key and were left out.`);
  if (recorded === 0) notices.push('The history holds no operation to judge.');
  return notices;
}

function finderOf({ operations, nameOf }: RegisterHistory) {
  const byName = new Map(operations.map((operation) => [nameOf(operation.id), operation]));
  return (name: number | string) => byName.get(name);
}

function requireDelta(model: Model, delta: number | undefined): void {
  if ((model === 'bounded-staleness') === (delta !== undefined)) return;
  throw new WhystaleError({
    code: 'WSE007',
    what: delta === undefined ? 'bounded-staleness needs a bound.' : `--delta has no meaning for ${model}.`,
    expected: '--delta together with --model bounded-staleness, and only then.',
    retry: 'after-fix',
    next: 'Run whystale check HISTORY.jsonl --model bounded-staleness --delta 2s',
    exitCode: EXIT.usage,
  });
}
