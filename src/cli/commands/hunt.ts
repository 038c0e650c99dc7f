/** `hunt`: from a recording to races, with no scenario written by hand. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { FaultKind } from '../../race/explore/contract.ts';
import { FAULT_KINDS } from '../../race/explore/contract.ts';
import type { HuntResult } from '../../race/hunt/contract.ts';
import type { HuntEvents } from '../../race/hunt/hunt.ts';
import { HOME_FOLDER, newestRecording } from '../../recording/locate.ts';
import { openRecording } from '../../recording/reader.ts';
import { huntText } from '../../report/hunt-text.ts';
import { faultName } from '../../report/race-lanes.ts';
import { causeName, raceProgressLine } from '../../report/race-text.ts';
import { visible } from '../../report/width.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { unlessInterrupted } from '../interrupted.ts';
import { positiveNumber } from '../numbers.ts';
import { choosing, SCHEDULES } from '../race-options.ts';
import { repeatable } from '../repeated.ts';
import { StatusLine } from '../status-line.ts';

/** Budget when nothing is said. */
const SECONDS = 600;
const EXECUTIONS = 2_000;
/** Where scenarios go when nothing is said, from the current folder. */
const SCENARIOS = `${HOME_FOLDER}/hunt`;

interface Options {
  readonly base?: string;
  readonly body: readonly string[];
  readonly header: readonly string[];
  readonly fault: readonly FaultKind[];
  readonly out?: string;
  readonly seconds: number;
  readonly executions: number;
  readonly run: boolean;
  readonly iOwnThisDatabase?: boolean;
  readonly showOutput?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('hunt')
    .description(
      'From a recording, pair every request that reads the cache with every request that changes what feeds it, predict which may race, write a scenario for each, and explore them.',
    )
    .argument(
      '[dir]',
      'recording made with --http (default: the newest whystale-recording* or .whystale here)',
    )
    .addOption(
      new Option(
        '--base <scenario>',
        'take service, stores, setup, reset, warm-up, bodies and headers from this scenario, and run the pairs',
      ),
    )
    .addOption(
      repeatable('--body <request=body>', "a writer's body: 'PUT /items/{id}={\"price\": 12}'; repeatable"),
    )
    .addOption(repeatable('--header <name:value>', 'a header of every request; repeatable'));
  addRunOptions(command)
    .option('--out <dir>', `folder for scenarios (default: ${SCENARIOS})`)
    .option('--no-run', 'only rank the pairs and write their scenarios')
    .option('--i-own-this-database', 'reset the stores although they do not look like scratch')
    .option('--show-output', 'print what the instances of the service print')
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((dir: string | undefined, options: Options) => huntIn(dir, options, frame)));
  withExamples(command, [
    'whystale hunt ./rec',
    'whystale hunt ./rec --base scenario.yaml --seconds 300',
    "whystale hunt ./rec --base scenario.yaml --body 'PUT /items/{id}={\"price\": 12}' --header 'x-tenant: acme'",
    'whystale hunt ./rec --base scenario.yaml --fault crash --json',
  ]);
}

function addRunOptions(command: Command): Command {
  const number = (flags: string, description: string, otherwise: number) =>
    new Option(flags, description).argParser(positiveNumber).default(otherwise);
  return command
    .addOption(
      choosing(
        '--fault <kind>',
        `try this fault in place of the base's: ${FAULT_KINDS.join(', ')}; repeatable`,
        FAULT_KINDS,
        "the base's",
      ),
    )
    .addOption(number('--seconds <number>', 'end after this time, all pairs together', SECONDS))
    .addOption(number('--executions <number>', 'end a pair after so many', EXECUTIONS));
}

async function huntIn(dir: string | undefined, options: Options, frame: Frame): Promise<ExitCode> {
  const recording = openRecording(dir === undefined ? newestRecording(frame.cwd) : resolve(frame.cwd, dir));
  const { folder, manifest, operations, reveal, notices } = recording;
  const status = new StatusLine(frame);
  const interrupt = interruptible(() => status.say('Stopping; press Ctrl-C again to stop at once.'));
  const request = {
    recording: { folder, command: manifest.command, operations, reveal, notices },
    base: options.base === undefined ? null : resolve(frame.cwd, options.base),
    out: resolve(frame.cwd, options.out ?? SCENARIOS),
    bodies: options.body,
    headers: options.header,
    faults: options.fault,
    budget: { seconds: options.seconds, executions: options.executions },
    schedules: resolve(frame.cwd, SCHEDULES),
    ownDatabase: options.iOwnThisDatabase === true,
    run: options.run,
    env: frame.env,
    version: frame.version,
  };
  try {
    // Loaded here: the clients of both stores would slow down every other command's start.
    const { hunt } = await import('../../race/hunt/index.ts');
    const events = eventsOf(status, options.showOutput === true);
    const result = await unlessInterrupted(hunt(request, events, interrupt.signal), interrupt.signal);
    status.close();
    if (options.json === true) printJson(frame, result);
    else frame.out(huntText(result, frame.drawing));
    return exitCodeOf(result, options);
  } finally {
    status.close();
    interrupt.release();
  }
}

function eventsOf(status: StatusLine, output: boolean): HuntEvents {
  let pair = '';
  return {
    pair: ({ reader, writer }, at, of) => {
      pair = `${at} of ${of}`;
      status.say(`whystale: ${pair}: ${visible(reader)} against ${visible(writer)}`);
    },
    notice: (text) => status.say(`whystale: ${visible(text)}`),
    line: (actor, _stream, text) => {
      if (output) status.say(`${visible(actor)} | ${visible(text)}`);
    },
    progress: (progress) => status.set(`${pair}: ${raceProgressLine(progress)}`),
    counterexample: (found) =>
      status.say(`whystale: found ${causeName(found)}, ${found.start} start, ${faultName(found.fault)}`),
  };
}

/** Ranking alone ends with 0: it was all that was asked for. Whatever was not explored to its end keeps a hunt from it. */
function exitCodeOf({ verdict, ran, pairs, base }: HuntResult, options: Options): ExitCode {
  if (verdict === 'invalid') return EXIT.findings;
  if (verdict === 'valid') return EXIT.done;
  if (!ran) return base === null || !options.run ? EXIT.done : EXIT.incomplete;
  const began = pairs.filter(({ outcome }) => outcome.state !== 'skipped');
  const broken = began.length > 0 && began.every(({ outcome }) => outcome.state === 'failed');
  return broken ? EXIT.environment : EXIT.incomplete;
}
