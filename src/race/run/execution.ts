/**
 * One execution: the world is put back, the actors' requests are sent, and step after step is released as the strategy chooses,
 * until nothing is left; then the oracle is asked. The loop of explore/contract.ts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WhystaleError } from '../../errors.ts';
import {
  type Ending,
  type Outcome,
  type Plan,
  type Step,
  type StepId,
  type Strategy,
  stepId,
} from '../explore/contract.ts';
import { Recorder } from '../explore/recorder.ts';
import type { StepEvent } from '../explore/trace.ts';
import type { HeldMessage } from '../gate/contract.ts';
import type { Start } from '../scenario/contract.ts';
import type { Flight, Judgement, World } from '../world/contract.ts';
import type { Answers } from './answers.ts';
import { Board, type Offer, releaseOf } from './board.ts';
import { IDLE_ROUNDS, idleRounds, polls } from './polling.ts';
import { isSessionModel, RESPONSE, SessionOracle } from './session-oracle.ts';
import { SETTLE_LIMITS, Settling } from './settle.ts';
import { type Happening, happenings } from './surroundings.ts';

/** How often the oracle is asked when an instance does not answer. */
const JUDGE_ATTEMPTS = 3;
/** Exit code of what the surroundings did. */
const EXIT_ENVIRONMENT = 4;

/** A step as it was taken. */
export interface Taken {
  readonly step: Step;
  /** Clock reading before it was released, integer ns. */
  readonly at: number;
  /** Ids of everything that was on offer. */
  readonly enabled: readonly StepId[];
  readonly result: string | null;
}

export interface Ran {
  readonly start: Start;
  readonly ending: Ending;
  readonly taken: readonly Taken[];
  readonly pending: readonly StepId[];
  /** The same steps as the explorer sees them. */
  readonly events: readonly StepEvent[];
  /** Null when the oracle was not asked. */
  readonly judgement: Judgement | null;
  readonly flights: readonly Flight[];
  /** Actors that were held in a polling loop. */
  readonly polled: readonly string[];
  /** Why it was given up, for people; null when it was not. */
  readonly trouble: string | null;
}

export interface ExecutionOptions {
  readonly start: Start;
  /** Number of the Redis database that the scenario uses. */
  readonly database: number;
  /** Clock of the history, integer ns. */
  readonly clock: () => number;
  /** Kept from execution to execution, see settle.ts. */
  readonly waiters: Set<string>;
  /** Kept from execution to execution: clients that were seen not to give up on a reply, as actor and store. */
  readonly patient: Set<string>;
  /** Called after each step once everything is quiet. */
  readonly afterStep?: (taken: Taken, at: number) => Promise<void>;
}

interface Choices {
  readonly offers: ReadonlyMap<StepId, Offer>;
  readonly happenings: ReadonlyMap<StepId, Happening>;
  /** Responses that a session oracle has to take note of. */
  readonly responses: ReadonlyMap<StepId, { readonly step: Step; readonly flight: Flight }>;
  readonly enabled: readonly Step[];
  readonly pending: readonly StepId[];
}

export class Execution {
  readonly #world: World;
  readonly #answers: Answers;
  readonly #options: ExecutionOptions;
  readonly #board: Board;
  readonly #taken: (Omit<Taken, 'result'> & {
    readonly message: number | null;
    readonly kind: HeldMessage['kind'] | null;
  })[] = [];
  readonly #crashed = new Set<string>();
  readonly #polled = new Set<string>();
  readonly #recorder = new Recorder();
  readonly #labels = new Map<number, string>();
  readonly #settling: Settling;
  readonly #sessions: SessionOracle | null;
  #faulted = false;
  /** When the execution is given up; ms. */
  #until = 0;

  constructor(world: World, answers: Answers, options: ExecutionOptions) {
    this.#world = world;
    this.#answers = answers;
    this.#options = options;
    this.#board = new Board(() => world.gates, world.scenario.faults);
    this.#settling = new Settling(world, {
      isOver: (actor) => this.#crashed.has(actor),
      label: (id) => this.#labels.get(id) ?? '',
      waiters: options.waiters,
      goesOn: (flight) => this.#sessions === null || !this.#sessions.waiting().includes(flight),
    });
    this.#sessions = isSessionModel(world.scenario) ? new SessionOracle(world) : null;
  }

  /** Runs the plan's execution and tells the strategy how it ended. */
  async run(strategy: Strategy, _plan: Plan): Promise<Ran> {
    const { scenario } = this.#world;
    this.#answers.clear();
    await this.#world.reset(this.#options.start);
    this.#until = performance.now() + scenario.limits.executionMs;
    await this.#sessions?.look();
    for (const gate of this.#world.gates) gate.hold(true);
    let ended: { ending: Ending; pending: readonly StepId[]; trouble: string | null };
    try {
      ended = await this.#steps(strategy);
    } finally {
      for (const gate of this.#world.gates) gate.hold(false);
    }
    const { pending } = ended;
    this.#recorder.finish(pending);
    const judged = ended.ending === 'finished' ? await this.#judged() : null;
    const judgement = judged?.judgement ?? null;
    const trouble = ended.trouble ?? judged?.trouble ?? null;
    const ending = judged !== null && judgement === null ? 'failed' : ended.ending;
    const outcome: Outcome = { ending, pending, ...(judgement === null ? {} : { stale: judgement.stale }) };
    strategy.ended(outcome);
    return {
      start: this.#options.start,
      ending,
      pending,
      events: this.#recorder.events,
      judgement,
      trouble,
      taken: this.#taken.map((_, i) => this.#takenAt(i)),
      flights: this.#world.flights(),
      polled: [...this.#polled],
    };
  }

  async #steps(
    strategy: Strategy,
  ): Promise<{ ending: Ending; pending: readonly StepId[]; trouble: string | null }> {
    for (;;) {
      if ((await this.#settling.settle(this.#until, (actor) => this.#place(actor))) === 'limit') {
        return { ending: 'limit', pending: this.#board.pending(), trouble: this.#stuck() };
      }
      await this.#sessions?.look();
      const choices = await this.#choices();
      const { enabled, pending } = choices;
      if (enabled.length === 0 && (pending.length > 0 || this.#underWay())) {
        if (await this.#movesBy()) continue;
        return { ending: 'limit', pending, trouble: this.#stuck() };
      }
      if (enabled.length === 0) return { ending: 'finished', pending, trouble: null };
      const loop = this.#endless(enabled);
      if (loop !== null) return { ending: 'limit', pending, trouble: loop };
      this.#recorder.observe({ enabled, pending });
      const choice = strategy.choose({ enabled, pending });
      if (choice.kind === 'cut') return { ending: 'cut', pending, trouble: null };
      if (choice.kind === 'stop') return { ending: 'finished', pending, trouble: null };
      this.#recorder.release(choice.step);
      await this.#release(choice.step, choices);
    }
  }

  async #choices(): Promise<Choices> {
    const all = this.#board.offers();
    for (const { message, step } of all) this.#labels.set(message.id, step.label);
    const done = this.#asked();
    const asking = all.filter(({ message }) => message.kind !== 'reply');
    const pollers = new Set(asking.filter(({ step }) => polls(step, done)).map(({ step }) => step.actor));
    const moving = all.filter(({ step }) => !pollers.has(step.actor));
    if (moving.length > 0) for (const actor of pollers) this.#polled.add(actor);
    const offers = new Map((moving.length > 0 ? moving : all).map((offer) => [stepId(offer.step), offer]));
    const faults = this.#faulted ? [] : this.#world.scenario.faults;
    const around = await happenings(this.#world, faults, this.#options.database);
    const map = new Map(around.map((one) => [stepId(one.step), one]));
    const steps = [...offers.values(), ...around].map(({ step }) => step);
    const responses = this.#responses();
    const enabled = [...steps, ...[...responses.values()].map(({ step }) => step)];
    return { offers, happenings: map, responses, enabled, pending: this.#board.pending() };
  }

  #responses(): Choices['responses'] {
    const waiting = this.#sessions?.waiting() ?? [];
    const steps = waiting.map((flight) => {
      const { actor, request, reply } = flight;
      const status = reply?.kind === 'response' ? reply.response.status : 'broken';
      const label = `${request.method} ${request.path} answered ${status}`;
      return { flight, step: this.#board.other(flight, actor, label, RESPONSE) };
    });
    return new Map(steps.map((one) => [stepId(one.step), one]));
  }

  async #release(id: StepId, choices: Choices): Promise<void> {
    const { offers, happenings: around, responses, enabled } = choices;
    const offer = offers.get(id);
    const happening = around.get(id);
    const response = responses.get(id);
    const step = offer?.step ?? happening?.step ?? response?.step;
    if (step === undefined) throw new RangeError(`${id} is not on offer`);
    if (step.fault !== undefined) this.#faulted = true;
    const ids = enabled.map(stepId);
    const at = this.#options.clock();
    this.#taken.push({
      step,
      at,
      enabled: ids,
      message: offer?.message.id ?? null,
      kind: offer?.message.kind ?? null,
    });
    if (response !== undefined) this.#sessions?.note(response.flight);
    else if (happening !== undefined) await happening.happen();
    else if (step.fault === 'crash') {
      this.#crashed.add(step.actor);
      await this.#world.crash(step.actor);
    } else if (offer !== undefined) {
      offer.gate.release(offer.message.id, releaseOf(step.fault));
      await this.#answers.wait(offer.message.id, SETTLE_LIMITS.answerMs);
      if (step.fault === 'delay') await this.#outlast(offer);
    }
    this.#sessions?.released(step);
    const shown = performance.now();
    await this.#options.afterStep?.(this.#takenAt(this.#taken.length - 1), this.#taken.length - 1);
    // Whoever walks a schedule may think as long as they like.
    this.#until += performance.now() - shown;
  }

  /** The reply is held until the client gives up waiting; where it does not, the reply is delivered after all, and from then on
   * at once: a client without a time limit for one reply of a store has none for the next. */
  async #outlast({ gate, message, step }: Offer): Promise<void> {
    const client = `${step.actor} ${gate.store}`;
    if (this.#options.patient.has(client)) return gate.deliver(message.id);
    const own = this.#world.gates.filter(({ actor }) => actor === step.actor);
    const stamp = () =>
      own.reduce((sum, each) => sum + each.activity(), 0) +
      this.#world.flights().filter(({ actor, reply }) => actor === step.actor && reply !== null).length;
    const replied = performance.now() + SETTLE_LIMITS.timerMs;
    while (performance.now() < replied && !(await this.#world.quiet(SETTLE_LIMITS.timerMs)));
    const before = stamp();
    const until = performance.now() + SETTLE_LIMITS.delayMs;
    while (performance.now() < until) {
      await this.#answers.wait(-1, SETTLE_LIMITS.slowMs);
      if (stamp() !== before) return;
    }
    this.#options.patient.add(client);
    gate.deliver(message.id);
  }

  #takenAt(index: number): Taken {
    const { message, kind: _, ...rest } = this.#taken[index]!;
    return { ...rest, result: message === null ? null : this.#answers.resultOf(message) };
  }

  /** What was done without the replies that had steps of their own. */
  #asked(): readonly Taken[] {
    return this.#taken.flatMap(({ kind }, i) => (kind === 'reply' ? [] : [this.#takenAt(i)]));
  }

  /** Where the actor is: equal in all executions in which it went the same way. */
  #place(actor: string): string {
    const own = this.#taken.flatMap(({ step }) => (step.actor === actor ? [stepId(step)] : []));
    return `${own.length} ${own.at(-1) ?? ''}`;
  }

  #underWay(): boolean {
    return this.#world.flights().some(({ actor, reply }) => reply === null && !this.#crashed.has(actor));
  }

  /** Nothing can be let go, and something is under way: a deadlock that the database will end, a timer, a slow store. */
  async #movesBy(): Promise<boolean> {
    const stamp = () =>
      this.#world.gates.reduce((sum, gate) => sum + gate.activity(), 0) +
      this.#world.flights().filter(({ reply }) => reply !== null).length;
    const before = stamp();
    while (performance.now() < this.#until) {
      await this.#answers.wait(-1, SETTLE_LIMITS.slowMs);
      if (stamp() !== before) return true;
    }
    return false;
  }

  /** Only pollers are left, and they have asked long enough. */
  #endless(enabled: readonly Step[]): string | null {
    const done = this.#asked();
    const ordinary = enabled.filter(({ fault }) => fault === undefined);
    if (ordinary.length === 0) return null;
    const tired = ordinary.every(({ actor, label }) => idleRounds(actor, label, done) >= IDLE_ROUNDS);
    const { actor, label } = ordinary[0]!;
    return tired ? `${actor} asked ${label} ${IDLE_ROUNDS} times in vain` : null;
  }

  #stuck(): string {
    const waiting = this.#board.pending();
    const flights = this.#world.flights().filter(({ reply }) => reply === null);
    const on = waiting.length > 0 ? `, waiting for an answer to ${waiting.join(', ')}` : '';
    const who = flights.map(({ actor }) => actor).join(', ') || 'an instance';
    return `${who} did not come to rest within ${this.#world.scenario.limits.executionMs} ms${on}`;
  }

  /** A service may end by itself over a fault, and later than the fault: it is started again and asked again. */
  async #judged(): Promise<{ readonly judgement: Judgement | null; readonly trouble: string | null }> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#world.restore();
        return { judgement: await this.#judge(), trouble: null };
      } catch (error) {
        if (attempt < JUDGE_ATTEMPTS) continue;
        if (!(error instanceof WhystaleError) || error.facts.exitCode !== EXIT_ENVIRONMENT) throw error;
        return { judgement: null, trouble: error.facts.what };
      }
    }
  }

  async #judge(): Promise<Judgement> {
    await this.#world.quiet(Math.max(1, this.#until - performance.now()));
    if (this.#sessions !== null) return this.#sessions.judge();
    const judgement = await this.#world.judge();
    const { model, deltaMs } = this.#world.scenario.oracle;
    if (!judgement.stale || model !== 'bounded-staleness') return judgement;
    // What is stale now may still end by itself in time.
    await delay(deltaMs ?? 0);
    return this.#world.judge();
  }
}
