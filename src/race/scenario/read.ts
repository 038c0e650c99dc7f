/** A scenario file → the scenario as it is run. What is wrong is told with line and column, all of it at once. */
import { resolve } from 'node:path';
import type { ActorSpec, Scenario, Start } from './contract.ts';
import { SCENARIO_ERRORS } from './errors.ts';
import { digestOf, readForm, readText } from './form.ts';
import { readOracle } from './oracle.ts';
import { listOf, milliseconds, type Reading, wholeNumber } from './reading.ts';
import { readActor, readRequests } from './requests.ts';
import { type ScenarioFile, ScenarioFileSchema } from './schema.ts';
import { readReset, readService, readSetup, readStores } from './surroundings.ts';
import type { Variables } from './variables.ts';

const EXECUTIONS = 20_000;
const SECONDS = 300;
const EXECUTION_MS = 30_000;
const FAULT_BUDGET = 1;

/** Reads a scenario. Throws WSE601, WSE602 or WSE603. */
export async function readScenario(file: string, env: Variables): Promise<Scenario> {
  const path = resolve(file);
  return parseScenario(readText(path, SCENARIO_ERRORS), path, env);
}

/** Reads the text of a scenario that stands in `file`; the SQL files it names are read too. Throws WSE602 or WSE603. */
export function parseScenario(text: string, file: string, env: Variables): Scenario {
  const form = { schema: ScenarioFileSchema, whole: 'the scenario', errors: SCENARIO_ERRORS };
  const scenario = readForm(text, file, env, form, scenarioOf);
  return { file, digest: digestOf(text), ...scenario };
}

function scenarioOf(form: ScenarioFile, reading: Reading): Omit<Scenario, 'file' | 'digest'> {
  const actors = actorsOf(form, reading);
  return {
    service: readService(form, reading),
    stores: readStores(form, reading),
    setup: readSetup(form, reading),
    reset: resetOf(form, actors, reading),
    warmup: readRequests(form.warmup, ['warmup'], reading),
    actors,
    start: startOf(form, actors, reading),
    oracle: readOracle(form.oracle, ['oracle'], reading),
    silent: {
      redis: listOf(form.silent?.redis).map((name) => String(name).toUpperCase()),
      sql: listOf(form.silent?.sql).map(String),
    },
    scripts: form.scripts ?? 'anything',
    faults: [...new Set(listOf(form.faults))],
    faultBudget: wholeNumber(form.faultBudget, FAULT_BUDGET, ['faultBudget'], reading, 0),
    limits: limitsOf(form, reading),
    settleMs: milliseconds(form.settle, 0, ['settle'], reading),
  };
}

function actorsOf({ actors }: ScenarioFile, reading: Reading): Scenario['actors'] {
  const [first, ...rest] = Object.entries(actors).map(([name, actor]) =>
    readActor(name, actor, ['actors', name], reading),
  );
  if (first === undefined) reading.wrong(['actors'], 'there is no actor', 'At least one, with its request.');
  return [first ?? NOBODY, ...rest];
}

const NOBODY: ActorSpec = {
  name: '',
  role: 'reader',
  requests: [{ method: 'GET', path: '/', headers: {}, body: null }],
  env: {},
};

/** Without a reset every execution would begin where the last one ended, and a second write would change nothing. */
function resetOf(form: ScenarioFile, actors: readonly ActorSpec[], reading: Reading): Scenario['reset'] {
  const writer = actors.find(({ role }) => role === 'writer');
  if (form.reset === undefined && writer !== undefined)
    reading.wrong(
      ['reset'],
      `"reset" is missing, and ${writer.name} writes`,
      'What puts the rows back before every execution; reset: {redis: flushdb} where nothing has to be.',
    );
  return readReset(form, reading);
}

function startOf({ start }: ScenarioFile, actors: readonly ActorSpec[], reading: Reading): Scenario['start'] {
  const [first = 'cold', ...rest] = [...new Set(listOf<Start>(start))];
  const starts = [first, ...rest] as const;
  if (starts.includes('warm') && !actors.some(({ role }) => role === 'reader'))
    reading.wrong(
      Array.isArray(start) ? ['start', start.indexOf('warm')] : ['start'],
      'a warm start needs a reader',
      'A reader among the actors, whose request fills the cache, or start: cold.',
    );
  return starts;
}

function limitsOf({ limits = {} }: ScenarioFile, reading: Reading): Scenario['limits'] {
  const executionMs = milliseconds(limits.execution, EXECUTION_MS, ['limits', 'execution'], reading);
  return {
    executions: wholeNumber(limits.executions, EXECUTIONS, ['limits', 'executions'], reading),
    seconds: wholeNumber(limits.seconds, SECONDS, ['limits', 'seconds'], reading),
    executionMs: executionMs > 0 ? executionMs : EXECUTION_MS,
  };
}
