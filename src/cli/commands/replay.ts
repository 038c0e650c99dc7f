/** `replay`: follow a schedule, as often as told, or step by step. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ReplayResult } from '../../race/result.ts';
import type { ReplayEvents } from '../../race/run/contract.ts';
import { readScenario, readSchedule, type Scenario } from '../../race/scenario/index.ts';
import { actorLanes } from '../../report/race-lanes.ts';
import { replayDocument, replayText, replayVerdict, stepLines } from '../../report/replay-text.ts';
import { visible } from '../../report/width.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { unlessInterrupted } from '../interrupted.ts';
import { type Keys, readKeys, STOP_KEY } from '../keys.ts';
import { positiveNumber } from '../numbers.ts';
import { StatusLine } from '../status-line.ts';

/** Goes on without stopping. */
const GO_KEY = 'c';

interface Options {
  readonly times: number;
  readonly step?: boolean;
  readonly scenario?: string;
  readonly iOwnThisDatabase?: boolean;
  readonly showOutput?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('replay')
    .description(
      'Follow the schedule of a counterexample; exit code 1 when it ends stale again, 0 when not, 3 when the service did something else.',
    )
    .argument('<schedule>', 'schedule file that race wrote')
    .addOption(
      new Option('--times <number>', 'replay it so often, and print the rate')
        .argParser(positiveNumber)
        .default(1),
    )
    .option(
      '--step',
      'stop after each step and show what cache and database hold; on a pipe a line of input goes on',
    )
    .option('--scenario <file>', 'scenario file, where the schedule does not name its place any more')
    .option('--i-own-this-database', 'reset the stores although they do not look like scratch')
    .option('--show-output', 'print what the instances of the service print')
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((file: string, options: Options) => replay(file, options, frame)));
  withExamples(command, [
    'whystale replay .whystale/schedules/scenario-cold-WS104.json',
    'whystale replay scenario-cold-WS104.json --times 20',
    'whystale replay scenario-cold-WS104.json --step',
  ]);
}

async function replay(name: string, options: Options, frame: Frame): Promise<ExitCode> {
  const file = resolve(frame.cwd, name);
  const read = readSchedule(file);
  const path = options.scenario === undefined ? read.scenario : resolve(frame.cwd, options.scenario);
  const scenario = await readScenario(path, frame.env);
  const status = new StatusLine(frame);
  const stopped = new AbortController();
  const interrupt = interruptible(() => status.say('Stopping; press Ctrl-C again to stop at once.'));
  const walk = options.step === true ? new Walk(frame, options.json === true, () => stopped.abort()) : null;
  const signal = AbortSignal.any([interrupt.signal, stopped.signal]);
  signal.addEventListener('abort', () => walk?.close());
  if (read.schedule.scenario.digest !== undefined && read.schedule.scenario.digest !== scenario.digest)
    status.say(`whystale: ${path} has changed since the schedule was written`);
  try {
    // Loaded here: the clients of both stores would slow down every other command's start.
    const { replay: run } = await import('../../race/run/index.ts');
    const request = {
      schedule: read.schedule,
      file,
      scenario,
      times: options.times,
      values: walk !== null,
      ownDatabase: options.iOwnThisDatabase === true,
      env: frame.env,
      version: frame.version,
    };
    const result = await unlessInterrupted(run(request, eventsOf(status, walk, options), signal), signal);
    status.close();
    if (options.json === true) printJson(frame, replayDocument(result));
    else frame.out(replayText(result, lanesOf(scenario), frame.drawing));
    return exitCodeOf(result);
  } finally {
    walk?.close();
    status.close();
    interrupt.release();
  }
}

function lanesOf({ actors }: Scenario) {
  return actorLanes(
    actors.map(({ name, requests }) => ({
      name,
      requests: requests.map(({ method, path }) => `${method} ${path}`),
    })),
  );
}

function eventsOf(status: StatusLine, walk: Walk | null, options: Options): ReplayEvents {
  let reproduced = 0;
  return {
    notice: (text) => status.say(`whystale: ${visible(text)}`),
    line: (actor, _stream, text) => {
      if (options.showOutput === true) status.say(`${visible(actor)} | ${visible(text)}`);
    },
    stepped: async (step, at) => walk?.show(step, at),
    ran: ({ outcome }, { run, of }) => {
      if (outcome === 'reproduced') reproduced += 1;
      if (of > 1) status.set(`${run} of ${of} runs, ${reproduced} reproduced`);
    },
  };
}

/** What the runs come to; an interrupted replay that reproduced nothing decides nothing. */
function exitCodeOf(result: ReplayResult): ExitCode {
  const verdict = replayVerdict(result);
  if (verdict === 'reproduced') return EXIT.findings;
  const whole = result.runs.length === result.times && !result.interrupted;
  return verdict === 'not-reproduced' && whole ? EXIT.done : EXIT.incomplete;
}

/** Walks through an execution with a person who presses keys. */
class Walk {
  readonly #frame: Frame;
  readonly #print: (text: string) => void;
  readonly #stop: () => void;
  readonly #keys: Keys;
  #waits = true;

  constructor(frame: Frame, json: boolean, stop: () => void) {
    this.#frame = frame;
    this.#print = json ? frame.err : frame.out;
    this.#stop = stop;
    this.#keys = readKeys(frame.stdin());
  }

  /** Shows a step and waits for a key. */
  async show(...[step, at]: Parameters<ReplayEvents['stepped']>): Promise<void> {
    this.#print(`${stepLines(step, at, this.#frame.drawing).join('\n')}\n`);
    if (!this.#waits || at.step === at.of) return;
    const prompt = this.#frame.terminal;
    if (prompt) this.#frame.err('Enter: next step, c: go on without stopping, q: stop ');
    const key = await this.#keys.next();
    if (prompt) this.#frame.err('\r\u001b[2K');
    if (key === STOP_KEY) this.#stop();
    // What can press no more keys must not wait for them.
    if (key === null || key === GO_KEY || key === STOP_KEY) this.#waits = false;
  }

  close(): void {
    this.#waits = false;
    this.#keys.close();
  }
}
