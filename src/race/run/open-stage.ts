/** Sets up what an exploration or a replay runs on. */
import { randomBytes } from 'node:crypto';
import { WhystaleError } from '../../errors.ts';
import type { Scenario } from '../scenario/contract.ts';
import { openWorld } from '../world/index.ts';
import { Answers } from './answers.ts';
import { isSessionModel, withSessionReads } from './session-oracle.ts';
import type { Stage } from './stage.ts';
import { Wires } from './wires.ts';
import { Witness } from './witness.ts';

/** What of a request matters here. */
export interface StageRequest {
  readonly scenario: Scenario;
  readonly ownDatabase: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface StageEvents {
  notice(text: string): void;
  line(actor: string, stream: 'stdout' | 'stderr', text: string): void;
}

/** Degradations after which an ordering may have been missed. */
const LOSES_ORDER = /^gate-/;

export async function openStage(
  request: StageRequest,
  events: StageEvents,
  signal: AbortSignal,
): Promise<Stage> {
  const { ownDatabase, env } = request;
  const scenario = withSessionReads(request.scenario);
  if (isSessionModel(scenario) && scenario.oracle.sql === null) throw needsSql(scenario);
  const origin = performance.now();
  const clock = () => Math.round((performance.now() - origin) * 1e6);
  const notices: string[] = [];
  const gaps: string[] = [];
  const told = new Set<string>();
  const notice = (text: string) => {
    if (told.has(text)) return;
    told.add(text);
    notices.push(text);
    events.notice(text);
  };
  const degrade = (code: string, text: string) => {
    if (LOSES_ORDER.test(code) && !gaps.includes(text)) gaps.push(text);
    notice(text);
  };
  const witness = new Witness(randomBytes(16), clock, degrade);
  const answers = new Answers();
  let database = 0;
  const moved = () => undefined;
  const wires = new Wires({
    scenario,
    witness,
    clock,
    env,
    events: { moved, answered: (answer) => answers.add(answer), degrade },
  });
  const world = await openWorld({
    scenario,
    env,
    clock,
    signal,
    ownDatabase,
    openGates: (actor, redis, postgres) => {
      database = Number(redis.database ?? 0);
      return wires.open(actor, redis, postgres);
    },
    notice,
    line: (actor, stream, text) => events.line(actor, stream, text),
    sent: (actor, { method, path }) => {
      const ended = witness.sent(actor, method, path);
      return (reply) => ended(reply.kind === 'response' ? reply.response.status : 0);
    },
  }).catch(async (error: unknown) => {
    await wires.close();
    throw error;
  });
  await wires.reread();
  const close = async () => {
    await world.close();
    await wires.close();
  };
  return {
    world,
    witness,
    answers,
    clock,
    notices,
    gaps,
    database,
    learned: () => wires.learned(),
    close,
  };
}

function needsSql({ file, oracle }: Scenario): WhystaleError {
  return new WhystaleError({
    code: 'WSE690',
    what: `The oracle of ${file} asks for ${oracle.model} without saying what is true.`,
    expected: 'oracle.sql: one statement whose first column of the first row is the truth.',
    retry: 'after-fix',
    next: 'Add sql to the oracle, or leave its model out: the final state can be compared without.',
    exitCode: 2,
  });
}
