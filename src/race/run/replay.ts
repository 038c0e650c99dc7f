/** The use case `replay`: follows a schedule as often as told and says how often it ended as recorded. */

import { type CauseCode, CODES } from '../../core/codes.ts';
import type { Plan, Strategy } from '../explore/contract.ts';
import { explainDivergence } from '../explore/divergence.ts';
import { createReplay } from '../explore/replay.ts';
import { type RaceStep, REPLAY_FORMAT, type ReplayResult, type ReplayRun } from '../result.ts';
import { causeOfRun, type NamedCause } from './cause.ts';
import type { ReplayEvents, ReplayRequest } from './contract.ts';
import { Execution, type Ran, type Taken } from './execution.ts';
import { openStage } from './open-stage.ts';
import type { Stage } from './stage.ts';
import { shownStep } from './steps.ts';
import { Values } from './values.ts';

export async function replay(
  request: ReplayRequest,
  events: ReplayEvents,
  signal: AbortSignal,
): Promise<ReplayResult> {
  const { schedule } = request;
  const faults = schedule.fault === null ? [] : [schedule.fault];
  const scenario = { ...request.scenario, faults };
  const begin = performance.now();
  const stage = await openStage({ ...request, scenario }, events, signal);
  try {
    const replayed = new Replayed(request, events, stage);
    await replayed.run(signal);
    return replayed.result(performance.now() - begin, signal.aborted);
  } finally {
    await stage.close();
  }
}

class Replayed {
  readonly #request: ReplayRequest;
  readonly #events: ReplayEvents;
  readonly #stage: Stage;
  readonly #runs: ReplayRun[] = [];
  readonly #waiters = new Set<string>();
  readonly #patient = new Set<string>();
  readonly #values: Values;
  #steps: readonly RaceStep[] = [];
  #shown: RaceStep[] = [];

  constructor(request: ReplayRequest, events: ReplayEvents, stage: Stage) {
    this.#request = request;
    this.#events = events;
    this.#stage = stage;
    this.#values = new Values(stage.world);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { schedule, times } = this.#request;
    const strategy = createReplay(schedule.steps, times);
    for (let plan = strategy.next(); plan !== null; plan = strategy.next()) {
      const begin = performance.now();
      const { ran, cause } = await this.#once(strategy, plan);
      const divergence = strategy.results.at(-1) ?? null;
      const run = runOf(ran, divergence === null ? null : explainDivergence(divergence), begin);
      this.#runs.push(run);
      this.#steps = ran.taken.map((taken, i) => ({ ...this.#shown[i], ...shownStep(taken, i, cause) }));
      this.#events.ran(run, { run: this.#runs.length, of: times });
      if (signal.aborted) break;
    }
  }

  async #once(
    strategy: Strategy,
    plan: Plan,
  ): Promise<{ readonly ran: Ran; readonly cause: NamedCause | null }> {
    const { world, answers, witness, database, clock } = this.#stage;
    const { schedule } = this.#request;
    witness.begin();
    this.#shown = [];
    const execution = new Execution(world, answers, {
      start: schedule.start,
      database,
      clock,
      waiters: this.#waiters,
      patient: this.#patient,
      afterStep: (taken, at) => this.#stepped(taken, at),
    });
    const ran = await execution.run(strategy, plan);
    const cause = causeOfRun(ran, world.scenario, witness);
    return { ran, cause };
  }

  async #stepped(taken: Taken, at: number): Promise<void> {
    const values = this.#request.values ? await this.#values.now(taken.step.footprint) : {};
    const step = { ...shownStep(taken, at, null), ...values };
    this.#shown[at] = step;
    const run = this.#runs.length + 1;
    await this.#events.stepped(step, { run, step: at + 1, of: this.#request.schedule.steps.length });
  }

  result(elapsedMs: number, interrupted: boolean): ReplayResult {
    const { schedule, file, scenario, times } = this.#request;
    const count = (outcome: ReplayRun['outcome']) =>
      this.#runs.filter((run) => run.outcome === outcome).length;
    return {
      format: REPLAY_FORMAT,
      schedule: file,
      scenario: scenario.file,
      cause: schedule.cause !== null && schedule.cause in CODES ? (schedule.cause as CauseCode) : null,
      start: schedule.start,
      fault: schedule.fault,
      times,
      reproduced: count('reproduced'),
      diverged: count('diverged'),
      runs: this.#runs,
      steps: this.#steps,
      notices: this.#stage.notices,
      interrupted,
      elapsedMs,
    };
  }
}

function runOf(ran: Ran, differed: string | null, begin: number): ReplayRun {
  const { judgement, trouble } = ran;
  const wrong = judgement?.answers.find(({ stale }) => stale) ?? judgement?.answers[0];
  const outcome =
    differed !== null
      ? 'diverged'
      : judgement === null
        ? 'failed'
        : judgement.stale
          ? 'reproduced'
          : 'not-reproduced';
  return {
    outcome,
    why: differed ?? trouble,
    served: wrong?.value ?? null,
    truth: judgement?.truth ?? null,
    elapsedMs: performance.now() - begin,
  };
}
