/** `case run`, `case sign` and `case close`: what is done once a case is written. */
import type { Command } from 'commander';
import {
  CASES_FOLDER,
  closeCase,
  locateCase,
  runChecklist,
  signStep,
  surroundings,
} from '../../case/index.ts';
import { caseCloseText } from '../../report/case-text.ts';
import { caseRunText, caseSignText, stepLine } from '../../report/checklist-text.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';

export const CASE_ARGUMENT = [
  '<case>',
  `folder of a case, its case.yaml, or a name in ${CASES_FOLDER}/`,
] as const;
export const JSON_OPTION = ['--json', 'print one JSON document'] as const;

interface JsonOption {
  readonly json?: boolean;
}

export function registerRun(parent: Command, frame: Frame): void {
  const command = parent
    .command('run')
    .description(
      'Run the commands of the checklist, or one, and record exit code, duration, output and git commit in checklist.json.',
    )
    .argument(...CASE_ARGUMENT)
    .argument('[step]', 'number of the step, or its text; all commands where nothing is said')
    .option(...JSON_OPTION)
    .action(
      frame.action((given: string, step: string | undefined, options: JsonOption) =>
        runSteps(given, step ?? null, options, frame),
      ),
    );
  withExamples(command, ['whystale case run old-price', "whystale case run old-price 'run unit tests'"]);
}

async function runSteps(
  given: string,
  step: string | null,
  { json }: JsonOption,
  frame: Frame,
): Promise<ExitCode> {
  const interrupt = interruptible(() => frame.err('Stopping; press Ctrl-C again to stop at once.\n'));
  try {
    const document = await runChecklist(locateCase(given, frame.cwd), step, {
      cwd: frame.cwd,
      env: frame.env,
      signal: interrupt.signal,
      now: () => new Date(),
      begins: (state) => frame.err(`whystale: ${stepLine(state)}\n`),
    });
    if (json === true) printJson(frame, document);
    else frame.out(caseRunText(document, frame.drawing));
    if (document.interrupted) return EXIT.incomplete;
    return document.passed ? EXIT.done : EXIT.findings;
  } finally {
    interrupt.release();
  }
}

export function registerSign(parent: Command, frame: Frame): void {
  const command = parent
    .command('sign')
    .description('Sign a judgement of the checklist with a name; the day is added, and comments stay.')
    .argument(...CASE_ARGUMENT)
    .argument('<step>', 'number of the step, or its text')
    .requiredOption('--by <name>', 'who signs')
    .option('--note <text>', 'what was seen')
    .option(...JSON_OPTION)
    .action(
      frame.action(
        (
          given: string,
          step: string,
          { by, note, json }: JsonOption & { readonly by: string; readonly note?: string },
        ): ExitCode => {
          const signed = { by: by.trim(), at: today(), note: note?.trim() || null };
          const document = signStep(locateCase(given, frame.cwd), step, signed, frame.cwd);
          if (json === true) printJson(frame, document);
          else frame.out(caseSignText(document, frame.drawing));
          return EXIT.done;
        },
      ),
    );
  withExamples(command, [
    'whystale case sign old-price 5 --by ada',
    "whystale case sign old-price 'check permissions' --by 'Ada Lovelace' --note 'read-only role'",
  ]);
}

interface CloseOptions extends JsonOption {
  readonly outcome?: string;
  readonly tag?: string;
}

export function registerClose(parent: Command, frame: Frame): void {
  const command = parent
    .command('close')
    .description(
      'Close a case that lacks nothing and was compared: status, date and outcome go into its file, and with --tag the figures into an annotated git tag.',
    )
    .argument(...CASE_ARGUMENT)
    .option('--outcome <text>', "what came of it (default: the last comparison's verdict)")
    .option(
      '--tag <name>',
      'make an annotated git tag of what is checked out, once every command passed there, too',
    )
    .option(...JSON_OPTION)
    .action(
      frame.action(async (given: string, options: CloseOptions): Promise<ExitCode> => {
        const file = locateCase(given, frame.cwd);
        const outcome = options.outcome?.trim() ?? '';
        const closing = {
          at: today(),
          outcome: outcome === '' ? null : outcome,
          tag: options.tag ?? null,
        };
        const document = await closeCase(file, closing, surroundings(frame.cwd, frame.env));
        if (options.json === true) printJson(frame, document);
        else frame.out(caseCloseText(document, frame.drawing));
        return document.gaps.length === 0 ? EXIT.done : EXIT.findings;
      }),
    );
  withExamples(command, [
    'whystale case close cases/old-price',
    'whystale case close old-price --tag v1.2.3',
    "whystale case close old-price --outcome 'shipped on Monday'",
  ]);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
