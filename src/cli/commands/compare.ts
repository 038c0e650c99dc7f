/** `compare`: two sides of a case, each with its own code, database and Redis, measured in turn. */
import { randomBytes } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { COMPARISONS_FOLDER } from '../../case/contract.ts';
import { locateCase } from '../../case/locate.ts';
import { readCase, type StoredCase } from '../../case/read.ts';
import { commandLine, shellLine } from '../../case/shell.ts';
import { ALLOW_SAME } from '../../compare/differences.ts';
import type {
  Compared,
  CompareEvents,
  CompareProgress,
  CompareRequest,
  Comparison,
} from '../../compare/index.ts';
import { ROUNDS } from '../../compare/plan.ts';
import { compareMarkdown } from '../../report/compare-markdown.ts';
import { comparePlots } from '../../report/compare-plots.ts';
import { type CompareTextOptions, compareProgressLine, compareText } from '../../report/compare-text.ts';
import { PLAIN } from '../../report/style.ts';
import { visible } from '../../report/width.ts';
import { addCompareOptions, type CompareOptions, requestedSides, wordsAgain } from '../compare-options.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, jsonText, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { placeReports, type ReportFormat, reportOptionOf } from '../reports.ts';
import { StatusLine } from '../status-line.ts';

const FORMATS: readonly ReportFormat[] = ['json', 'markdown', 'text'];
/** Columns of a text report: it is read anywhere, not on this terminal. */
const TEXT_WIDTH = 100;

export function register(program: Command, frame: Frame): void {
  const command = addCompareOptions(
    program
      .command('compare')
      .description(
        'Measure a case before and after its one change, in turn, each side with its own database and Redis; refused when more than one variable differs. Says better, worse, no difference, or not comparable, and why.',
      )
      .argument('<case>', 'the case: its folder, its case.yaml, or its name in cases/'),
  )
    .addOption(
      reportOptionOf(
        FORMATS,
        'write the comparison to a file as json, markdown or text; FILE - is stdout; repeatable',
      ),
    )
    .option('--out <dir>', 'folder of the comparison; default: a new one in the comparisons/ of the case')
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((given: string, options: CompareOptions) => run(given, options, frame)));
  withExamples(command, [
    'whystale compare cases/slow-item',
    'whystale compare slow-item --before main --after fix-slow-item',
    'whystale compare slow-item --rounds 16 --seconds 60 --allow package-lock.json',
    "whystale compare slow-item --before-command 'node 18/app.js' --after-command 'node 20/app.js'",
    'whystale compare slow-item --json --report markdown=compare.md',
  ]);
}

async function run(given: string, options: CompareOptions, frame: Frame): Promise<ExitCode> {
  const sides = requestedSides(options);
  const reports = placeReports(options.report, options.json === true ? '--json' : null, frame);
  const measured = await readCase(locateCase(given, frame.cwd), frame.env);
  // Loaded here: the clients of both stores would slow down every other command's start.
  const { compare, ComparisonFolder } = await import('../../compare/index.ts');
  const { newRunFolder } = await import('../../measure/index.ts');
  const status = new StatusLine(frame);
  const interrupt = interruptible(() => status.say('Stopping; press Ctrl-C again to stop at once.'));
  let place = '';
  try {
    const compared = await compare(
      { ...requestOf(measured, options, frame), ...sides },
      eventsOf(status, options.showOutput === true),
      ({ before, after }) => {
        const fresh = () =>
          newRunFolder(join(measured.folder, COMPARISONS_FOLDER), new Date(), `${before}-${after}`);
        place = options.out === undefined ? fresh() : resolve(frame.cwd, options.out);
        return new ComparisonFolder(place);
      },
      comparePlots,
      interrupt.signal,
    );
    status.close();
    const { comparison } = compared;
    const text = { folder: shownFolder(place, frame), next: nextOf(compared, measured, given, options) };
    if (options.json === true) printJson(frame, { ...comparison, folder: place });
    else if (!reports.replaceText) frame.out(compareText(comparison, text, frame.drawing));
    const written = reports.write((format) => drawn(format, comparison, text));
    return exitCodeOf(comparison, written);
  } finally {
    status.close();
    interrupt.release();
  }
}

function requestOf(measured: StoredCase, options: CompareOptions, frame: Frame) {
  const { load } = measured;
  return {
    measured,
    digest: measured.measured,
    load: {
      rate: options.rate ?? load.rate,
      seconds: options.seconds ?? load.seconds,
      cold: options.cold ?? load.cold,
    },
    rounds: options.rounds ?? ROUNDS,
    allow: options.allow,
    race: options.race,
    env: frame.env,
    salt: randomBytes(16),
    random: Math.random,
    version: frame.version,
  } satisfies Partial<CompareRequest>;
}

const DOING: Readonly<Record<CompareProgress['doing'], string>> = {
  'checking-out': 'checking out both sides',
  installing: 'installing',
  starting: 'starting stores and services of both sides',
  learning: 'warming up, and learning which keys the requests read',
  measuring: 'measuring',
  racing: 'exploring the race scenario',
  finishing: 'putting the comparison together',
};

function eventsOf(status: StatusLine, output: boolean): CompareEvents {
  return {
    notice: (text) => status.say(`whystale: ${visible(text)}`),
    line: (side, { text }) => {
      if (output) status.say(`${side} | ${visible(text)}`);
    },
    progress: (progress) => status.set(compareProgressLine({ ...progress, doing: DOING[progress.doing] })),
  };
}

function shownFolder(place: string, { cwd }: Frame): string {
  const fromHere = relative(cwd, place);
  return fromHere.startsWith('..') ? place : fromHere || '.';
}

/** What follows from the verdict. */
function nextOf(
  { comparison: { verdict, complete, gain }, toAllow }: Compared,
  { rollback }: StoredCase,
  given: string,
  options: CompareOptions,
): CompareTextOptions['next'] {
  const again = wordsAgain(given, options);
  const rounds = options.rounds ?? ROUNDS;
  if (toAllow.length > 0)
    return {
      command: shellLine([...again, ...toAllow.flatMap((name) => ['--allow', name])]),
      why: toAllow.includes(ALLOW_SAME) ? 'shows what chance alone makes' : 'or change one thing at a time',
    };
  if (verdict === 'worse')
    return rollback.command === null
      ? {
          command: shellLine(['whystale', 'case', 'check', given]),
          why: 'take the change back; rollback is not written yet',
        }
      : { command: commandLine(rollback.command), why: 'take the change back' };
  if (!complete) return { command: shellLine(again), why: 'once more, to the end' };
  if (gain === 'more-hits' && verdict === 'no-difference' && rollback.command !== null)
    return {
      command: commandLine(rollback.command),
      why: 'or say change.kind: cache-policy, if more hits are the aim',
    };
  if (verdict === 'better')
    return { command: shellLine(['whystale', 'case', 'close', given]), why: 'it helped' };
  return { command: shellLine([...again, '--rounds', String(2 * rounds)]), why: 'shows smaller differences' };
}

function drawn(format: ReportFormat, comparison: Comparison, text: CompareTextOptions): string {
  if (format === 'json') return jsonText(comparison);
  return format === 'markdown'
    ? compareMarkdown(comparison)
    : compareText(comparison, text, { width: TEXT_WIDTH, style: PLAIN });
}

/** What was cut short decides nothing, whatever it looks like. */
function exitCodeOf({ verdict, complete }: Comparison, written: boolean): ExitCode {
  if (!complete || verdict === 'not-comparable') return EXIT.incomplete;
  if (verdict === 'worse') return EXIT.findings;
  return written ? EXIT.done : EXIT.environment;
}
