/** `race`: try every ordering of a service's wire messages, with faults, and keep what ends stale. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RaceResult } from '../../race/result.ts';
import type { RaceEvents } from '../../race/run/contract.ts';
import { readScenario, type Scenario } from '../../race/scenario/index.ts';
import { faultName } from '../../report/race-lanes.ts';
import { raceMarkdown } from '../../report/race-markdown.ts';
import { causeName, raceProgressLine, raceText } from '../../report/race-text.ts';
import { PLAIN } from '../../report/style.ts';
import { visible } from '../../report/width.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, jsonText, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { unlessInterrupted } from '../interrupted.ts';
import { addRaceOptions, type RaceOptions, SCHEDULES, strategyOf, withOptions } from '../race-options.ts';
import { placeReports, type ReportFormat, type ReportRequest, reportOptionOf } from '../reports.ts';
import { StatusLine } from '../status-line.ts';

const FORMATS: readonly ReportFormat[] = ['json', 'markdown', 'text'];
/** Columns of a text report: it is read anywhere, not on this terminal. */
const TEXT_WIDTH = 100;

interface Options extends RaceOptions {
  readonly showOutput?: boolean;
  readonly report: readonly ReportRequest[];
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = addRaceOptions(
    program
      .command('race')
      .description(
        "Try every ordering of a reader's and a writer's messages to Redis and PostgreSQL, with faults, and keep each that ends stale as a schedule that replays.",
      )
      .argument('<scenario>', 'scenario file: the service, its requests, and what must hold'),
  )
    .option('--show-output', 'print what the instances of the service print')
    .addOption(
      reportOptionOf(
        FORMATS,
        'write the result to a file as json, markdown or text; FILE - is stdout; repeatable',
      ),
    )
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((file: string, options: Options) => race(file, options, frame)));
  withExamples(command, [
    'whystale race scenario.yaml',
    'whystale race scenario.yaml --start cold --start warm --fault crash --fault reply-lost',
    'whystale race scenario.yaml --json --seconds 60',
    'whystale race scenario.yaml --strategy random --seed 7 --executions 500',
    'whystale race scenario.yaml --report markdown=race.md',
  ]);
}

async function race(file: string, options: Options, frame: Frame): Promise<ExitCode> {
  const strategy = strategyOf(options);
  const reports = placeReports(options.report, options.json === true ? '--json' : null, frame);
  const scenario = withOptions(await readScenario(resolve(frame.cwd, file), frame.env), options);
  const status = new StatusLine(frame);
  const interrupt = interruptible(() => status.say('Stopping; press Ctrl-C again to stop at once.'));
  try {
    // Loaded here: the clients of both stores would slow down every other command's start.
    const { explore } = await import('../../race/run/index.ts');
    const request = { ...requestOf(scenario, options, frame), strategy };
    const events = eventsOf(status, options.showOutput === true);
    const result = await unlessInterrupted(explore(request, events, interrupt.signal), interrupt.signal);
    status.close();
    if (options.json === true) printJson(frame, result);
    else if (!reports.replaceText) frame.out(raceText(result, frame.drawing));
    const written = reports.write((format) => drawn(format, result));
    return exitCodeOf(result, written);
  } finally {
    status.close();
    interrupt.release();
  }
}

function requestOf(scenario: Scenario, options: Options, frame: Frame) {
  return {
    scenario,
    seed: options.seed,
    schedules: resolve(frame.cwd, options.out ?? SCHEDULES),
    ownDatabase: options.iOwnThisDatabase === true,
    env: frame.env,
    version: frame.version,
  };
}

function eventsOf(status: StatusLine, output: boolean): RaceEvents {
  return {
    notice: (text) => status.say(`whystale: ${visible(text)}`),
    line: (actor, _stream, text) => {
      if (output) status.say(`${visible(actor)} | ${visible(text)}`);
    },
    progress: (progress) => status.set(raceProgressLine(progress)),
    counterexample: (found) =>
      status.say(`whystale: found ${causeName(found)}, ${found.start} start, ${faultName(found.fault)}`),
  };
}

function drawn(format: ReportFormat, result: RaceResult): string {
  if (format === 'json') return jsonText(result);
  return format === 'markdown' ? raceMarkdown(result) : raceText(result, { width: TEXT_WIDTH, style: PLAIN });
}

/** A counterexample decides before everything else; a search that was cut short never ends with 0. */
function exitCodeOf(result: RaceResult, written: boolean): ExitCode {
  if (result.counterexamples.length > 0 || result.verdict === 'invalid') return EXIT.findings;
  if (!written) return EXIT.environment;
  return result.complete && result.verdict === 'valid' ? EXIT.done : EXIT.incomplete;
}
