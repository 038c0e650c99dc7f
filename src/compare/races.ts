/** The case's race scenario, explored on both sides. */
import { join } from 'node:path';
import { WhystaleError } from '../errors.ts';
import { readScenario, type Scenario } from '../race/scenario/index.ts';
import type { Side } from './contract.ts';
import type { LaidOut, LaidSide } from './lay-out.ts';
import type { RaceSides } from './outcome.ts';
import { relocatedScenario } from './relocate.ts';
import type { CompareEvents, CompareRequest } from './request.ts';

/** Exploration is every ordering; what is drawn by lot within it is drawn alike on both sides. */
const SEED = 1;

/** Null: there is no scenario, or it cannot be explored on these sides, which is said. */
export async function raceBoth(
  request: CompareRequest,
  { sides, kind }: Pick<LaidOut, 'sides' | 'kind'>,
  folder: string,
  events: CompareEvents,
  signal: AbortSignal,
): Promise<RaceSides | null> {
  if (request.measured.race === null || !request.race) return null;
  if (signal.aborted) return null;
  if (kind === 'urls' || (kind === 'commands' && !(await runsAsTheCaseDoes(request, sides.before.env)))) {
    events.notice(
      'The race scenario is not explored: it runs the service in a way of its own. Compare revisions, or give it the command of the case.',
    );
    return null;
  }
  const before = await raceOne('before', sides.before, request, folder, events, signal);
  const after = await raceOne('after', sides.after, request, folder, events, signal);
  return { before, after };
}

/** Whether the scenario's command is the one that each side has in place of the case's. */
async function runsAsTheCaseDoes({ measured }: CompareRequest, env: NodeJS.ProcessEnv): Promise<boolean> {
  const words = (command: readonly string[] | undefined) => JSON.stringify(command ?? null);
  try {
    const { service } = await readScenario(measured.race ?? '', env);
    return words(service.command) === words(measured.service?.command);
  } catch {
    // What is wrong with it is told when it is explored.
    return true;
  }
}

/** The scenario with the side's command, and where its revision stands. */
async function scenarioOf(side: LaidSide, file: string): Promise<Scenario> {
  const scenario = await readScenario(file, side.env);
  if (side.relocation !== null) return relocatedScenario(scenario, side.relocation);
  const command = side.measured.service?.command ?? scenario.service.command;
  return { ...scenario, service: { ...scenario.service, command } };
}

async function raceOne(
  side: Side,
  laid: LaidSide,
  { measured, version }: CompareRequest,
  folder: string,
  events: CompareEvents,
  signal: AbortSignal,
): Promise<RaceSides[Side]> {
  const told = (text: string | null) => events.progress({ doing: 'racing', side, turn: null, text });
  told(null);
  try {
    const scenario = await scenarioOf(laid, measured.race ?? '');
    // Loaded here: few comparisons have a scenario.
    const { explore } = await import('../race/run/index.ts');
    const result = await explore(
      {
        scenario,
        strategy: 'dpor',
        seed: SEED,
        schedules: join(folder, side, 'schedules'),
        ownDatabase: false,
        env: laid.env,
        version,
      },
      {
        notice: (text) => events.notice(`race, ${side}: ${text}`),
        line: () => undefined,
        progress: ({ executions }) => told(`${executions} executions`),
        counterexample: () => undefined,
      },
      signal,
    );
    const causes = result.counterexamples.map(({ cause }) => cause ?? 'cause not known');
    return { verdict: result.verdict, complete: result.complete, causes: [...new Set(causes)] };
  } catch (error) {
    // What was measured stands; that nothing is known of the race is said.
    if (!(error instanceof WhystaleError) && !signal.aborted) throw error;
    const why = signal.aborted ? 'It was interrupted.' : (error as Error).message;
    events.notice(`The race scenario could not be explored on the side ${side}: ${why}`);
    return { verdict: 'unknown', complete: false, causes: [] };
  }
}
