/** Runs the scenarios of a hunt one after the other: rehearsed, then explored, within a budget. */
import { WhystaleError } from '../../errors.ts';
import type { FaultKind } from '../explore/contract.ts';
import type { RaceResult } from '../result.ts';
import type { RaceEvents } from '../run/contract.ts';
import { explore } from '../run/index.ts';
import { parseScenario, type Scenario } from '../scenario/index.ts';
import type { PairOutcome } from './contract.ts';
import { type Rehearsal, rehearse } from './rehearse.ts';

export interface Budget {
  /** For all pairs together. */
  readonly seconds: number;
  /** For each of them, at each start. */
  readonly executions: number;
}

/** Seconds that an exploration gets at least, while there are any: less is lost on starting. */
const LEAST_SECONDS = 10;
/** Pairs in a row that fail alike, after which the rest would too. */
const HOPELESS = 2;

export interface Prepared {
  /** Absolute path of the scenario. */
  readonly file: string;
  readonly text: string;
  /** Writes it again, comparing only this part of the answer; gives its new text. */
  readonly narrowed: (path: string) => string;
}

export interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** In place of the scenarios', where there are any. */
  readonly faults: readonly FaultKind[];
  readonly schedules: string;
  readonly ownDatabase: boolean;
  readonly version: string;
  readonly budget: Budget;
}

/** Gives outcomes in the order of what was prepared. */
export async function runPrepared(
  prepared: readonly Prepared[],
  options: RunOptions,
  events: { readonly begun: (at: number) => void; readonly race: RaceEvents },
  signal: AbortSignal,
): Promise<readonly PairOutcome[]> {
  const until = performance.now() + options.budget.seconds * 1_000;
  const outcomes: PairOutcome[] = [];
  for (const [at, one] of prepared.entries()) {
    const left = (until - performance.now()) / 1_000;
    const idle = idleReason(outcomes, left, options.budget.seconds, signal);
    if (idle !== null) {
      outcomes.push({ state: 'skipped', why: idle });
      continue;
    }
    events.begun(at);
    const share = Math.min(left, Math.max(LEAST_SECONDS, left / (prepared.length - at)));
    outcomes.push(await runOne(one, share, options, events.race, signal));
  }
  return outcomes;
}

/** Why no further pair is begun. */
function idleReason(
  outcomes: readonly PairOutcome[],
  left: number,
  seconds: number,
  signal: AbortSignal,
): string | null {
  if (signal.aborted) return 'it was interrupted';
  if (left <= 0) return `the ${seconds} s of the hunt were over`;
  const last = outcomes.slice(-HOPELESS);
  const codes = new Set(last.map((one) => (one.state === 'failed' ? one.code : null)));
  const [code] = codes;
  const hopeless = last.length === HOPELESS && codes.size === 1 && code != null;
  return hopeless ? `the pairs before it failed with ${code}` : null;
}

async function runOne(
  prepared: Prepared,
  share: number,
  options: RunOptions,
  events: RaceEvents,
  signal: AbortSignal,
): Promise<PairOutcome> {
  const until = performance.now() + share * 1_000;
  const { file, narrowed } = prepared;
  const run = (text: string) =>
    exploredWithin(until, scenarioOf(text, file, options), options, events, signal);
  try {
    return await run(prepared.text).catch((error: unknown) => {
      if (!(error instanceof Rehearsed)) throw error;
      const { rehearsal } = error;
      return rehearsal.state === 'goes' && rehearsal.path !== null
        ? run(narrowed(rehearsal.path))
        : Promise.reject(error);
    });
  } catch (error) {
    if (error instanceof Rehearsed && error.rehearsal.state === 'idle') return error.rehearsal;
    if (signal.aborted) return { state: 'skipped', why: 'it was interrupted' };
    if (!(error instanceof WhystaleError)) throw error;
    return { state: 'failed', why: error.facts.what, code: error.facts.code };
  }
}

/** A rehearsal after which the exploration is not begun, or with another oracle. */
class Rehearsed extends Error {
  readonly rehearsal: Rehearsal;

  constructor(rehearsal: Rehearsal) {
    super('rehearsed');
    this.rehearsal = rehearsal;
  }
}

async function exploredWithin(
  until: number,
  scenario: Scenario,
  { env, ownDatabase, schedules, version }: RunOptions,
  events: RaceEvents,
  signal: AbortSignal,
): Promise<PairOutcome> {
  const seconds = Math.max(1, Math.ceil((until - performance.now()) / 1_000));
  const result = await explore(
    {
      scenario: { ...scenario, limits: { ...scenario.limits, seconds } },
      strategy: 'dpor',
      seed: 1,
      schedules,
      ownDatabase,
      env,
      version,
      rehearse: async (world) => {
        const rehearsal = await rehearse(world);
        if (rehearsal.state === 'idle' || rehearsal.path !== null) throw new Rehearsed(rehearsal);
      },
    },
    events,
    signal,
  );
  return explored(result);
}

function scenarioOf(text: string, file: string, { env, faults, budget }: RunOptions): Scenario {
  const scenario = parseScenario(text, file, env);
  return {
    ...scenario,
    faults: faults.length > 0 ? faults : scenario.faults,
    limits: { ...scenario.limits, executions: budget.executions },
  };
}

function explored(result: RaceResult): PairOutcome {
  const { verdict, complete, executions, stale, bound, gaps, notices, counterexamples, elapsed, tried } =
    result;
  return {
    state: 'explored',
    verdict,
    complete,
    executions,
    stale,
    bound,
    gaps,
    notices,
    counterexamples,
    actors: tried.actors,
    elapsedMs: elapsed.totalMs,
  };
}
