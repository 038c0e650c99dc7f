/** Asks every instance in turn and holds the answers against the truth. */
import type { RequestSpec, Scenario } from '../scenario/contract.ts';
import type { Judgement, Reply } from './contract.ts';
import type { Instance } from './instance.ts';
import { askTruth, comparedValue, responseOf, type Truth } from './oracle.ts';
import type { OpenStores } from './stores.ts';
import { agrees, printJson } from './values.ts';

export interface JudgeTools {
  readonly scenario: Scenario;
  readonly stores: OpenStores;
  readonly instances: readonly Instance[];
  readonly ask: (instance: Instance, request: RequestSpec) => Promise<Reply>;
}

/** @throws WhystaleError WSE661 an instance gave no answer, WSE662 the SQL failed */
export async function judge(tools: JudgeTools): Promise<Judgement> {
  const { oracle } = tools.scenario;
  const answers = [];
  for (const instance of tools.instances) {
    const actor = instance.actor.name;
    const response = responseOf(actor, oracle, await tools.ask(instance, oracle.request));
    const value = comparedValue(oracle, response);
    answers.push({ actor, compared: value, value: printJson(value), status: response.status });
  }
  const truth = await truthOf(tools);
  const judged = answers.map(({ compared, ...answer }) => ({
    ...answer,
    stale: !agrees(compared, truth.value, truth.type),
  }));
  return { stale: judged.some(({ stale }) => stale), truth: printJson(truth.value), answers: judged };
}

/** Asked on a connection without state, which it gives back without state. */
export async function databaseTruth({ backends }: OpenStores, sql: string): Promise<Truth> {
  const client = await backends.borrow();
  try {
    return await askTruth(client, sql);
  } finally {
    backends.giveBack(client);
  }
}

async function truthOf({ scenario, stores, instances, ask }: JudgeTools): Promise<Truth> {
  const { oracle, reset } = scenario;
  if (oracle.sql !== null) return databaseTruth(stores, oracle.sql);
  await stores.cache.reset(reset.redis);
  const first = instances[0]!;
  const response = responseOf(first.actor.name, oracle, await ask(first, oracle.request));
  return { value: comparedValue(oracle, response), type: 'other' };
}
