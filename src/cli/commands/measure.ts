/** `measure`: what the requests of a case take, cold and warm apart, and what they ask of the stores. */
import { randomBytes } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Case, RUNS_FOLDER } from '../../case/contract.ts';
import { locateCase } from '../../case/locate.ts';
import { readCase } from '../../case/read.ts';
import { shellLine } from '../../case/shell.ts';
import type { MeasuredRun, MeasureProgress, Sample } from '../../measure/index.ts';
import { measurePlots } from '../../report/measure-plots.ts';
import { measureProgressLine, measureText } from '../../report/measure-text.ts';
import { visible } from '../../report/width.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { naturalNumber } from '../numbers.ts';
import { StatusLine } from '../status-line.ts';

interface Options {
  readonly label: string;
  readonly rate?: number;
  readonly seconds?: number;
  readonly cold?: number;
  readonly arrivals: 'constant' | 'poisson';
  readonly plans?: boolean;
  readonly showOutput?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('measure')
    .description(
      'Measure the requests of a case: response times cold and warm apart, errors, cache hits, database calls and slow statements; cold by removing exactly the keys that each request reads.',
    )
    .argument('<case>', 'the case: its folder, its case.yaml, or its name in cases/')
    .option('--label <name>', 'what the run is called', 'baseline')
    .option('--rate <number>', 'requests per second of the warm phase; default: the case', above)
    .option('--seconds <number>', 'length of the warm phase; default: the case', above)
    .option('--cold <number>', 'requests of the cold phase; default: the case', naturalNumber)
    .addOption(
      new Option('--arrivals <kind>', 'gaps between requests: equal, or at random as of many users')
        .choices(['constant', 'poisson'])
        .default('constant'),
    )
    .option('--plans', 'run EXPLAIN (ANALYZE, BUFFERS) of the slowest statements that read')
    .option('--show-output', 'print what the service prints')
    .option('--out <dir>', 'folder of the run; default: a new one in the runs/ of the case')
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((given: string, options: Options) => run(given, options, frame)));
  withExamples(command, [
    'whystale measure cases/slow-item',
    'whystale measure slow-item --rate 100 --seconds 30 --cold 50 --plans',
    'whystale measure slow-item --label after --json',
  ]);
}

/** A number above 0. */
function above(text: string): number {
  const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (number > 0) return number;
  throw new InvalidArgumentError('A number above 0 is needed.');
}

async function run(given: string, options: Options, frame: Frame): Promise<ExitCode> {
  const measured = await readCase(locateCase(given, frame.cwd), frame.env);
  // Loaded here: the clients of both stores would slow down every other command's start.
  const { measure, RunFolder, newRunFolder } = await import('../../measure/index.ts');
  const place =
    options.out === undefined
      ? newRunFolder(join(measured.folder, RUNS_FOLDER), new Date(), options.label)
      : resolve(frame.cwd, options.out);
  const status = new StatusLine(frame);
  const interrupt = interruptible(() => status.say('Stopping; press Ctrl-C again to stop at once.'));
  try {
    const result = await measure(
      requestOf(measured, measured.measured, options, frame),
      {
        notice: (text) => status.say(`whystale: ${visible(text)}`),
        line: ({ text }) => {
          if (options.showOutput === true) status.say(`service | ${visible(text)}`);
        },
        progress: (progress) => status.set(progressLine(progress)),
      },
      () => new RunFolder(place),
      measurePlots,
      interrupt.signal,
    );
    status.close();
    const fromHere = relative(frame.cwd, place);
    const shown = fromHere.startsWith('..') ? place : fromHere || '.';
    const next = shellLine(['whystale', result.run.complete ? 'compare' : 'measure', given]);
    if (options.json === true) printJson(frame, { ...result.run, folder: place });
    else
      frame.out(
        measureText(result.run, { folder: shown, next, errors: reasonsOf(result.samples) }, frame.drawing),
      );
    return exitCodeOf(result.run, result.died);
  } finally {
    status.close();
    interrupt.release();
  }
}

function requestOf(measured: Case, digest: string, options: Options, frame: Frame) {
  const { load } = measured;
  return {
    measured,
    digest,
    label: options.label,
    warm: {
      rate: options.rate ?? load.rate,
      seconds: options.seconds ?? load.seconds,
      arrivals: options.arrivals,
    },
    cold: options.cold ?? load.cold,
    plans: options.plans === true,
    env: frame.env,
    salt: randomBytes(16),
    random: Math.random,
  };
}

const DOING: Readonly<Record<MeasureProgress['doing'], string>> = {
  starting: 'starting the stores and the service',
  learning: 'warming up, and learning which keys the requests read',
  cold: 'cold',
  warm: 'warm',
  finishing: 'putting the run together',
};

function progressLine({ doing, done, of }: MeasureProgress): string {
  return measureProgressLine(DOING[doing], done, of);
}

/** Reasons of errors with their numbers, most first. */
function reasonsOf(samples: readonly Sample[]): readonly (readonly [string, number])[] {
  const reasons = new Map<string, number>();
  for (const { error } of samples) if (error !== null) reasons.set(error, (reasons.get(error) ?? 0) + 1);
  return [...reasons].sort((a, b) => b[1] - a[1]);
}

/** A service that died is the environment's failure; whatever else cut it short leaves it incomplete, and so does a run in which
 * nothing was answered as expected. */
function exitCodeOf({ complete, cold, warm }: MeasuredRun, died: boolean): ExitCode {
  if (died) return EXIT.environment;
  const right = [cold, warm].some((figures) => figures !== null && figures.errors < figures.requests);
  return complete && right ? EXIT.done : EXIT.incomplete;
}
