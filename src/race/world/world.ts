/**
 * The world of an exploration, see contract.ts. Setting it back to the beginning is in reset.ts, telling when nothing moves in
 * quiescence.ts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gate } from '../gate/contract.ts';
import type { ActorSpec, RequestSpec, Scenario, Start } from '../scenario/contract.ts';
import type { Flight, Judgement, OpenWorld, World, WorldFacts, WorldOptions } from './contract.ts';
import { Instance } from './instance.ts';
import { databaseTruth, judge } from './judge.ts';
import { tasksAreTold } from './processes.ts';
import { Quiescence } from './quiescence.ts';
import { talksTo } from './reach.ts';
import type { OpenFlight } from './request.ts';
import { resetWorld } from './reset.ts';
import { Spares } from './spares.ts';
import { runSteps } from './steps.ts';
import { type OpenStores, openStores } from './stores.ts';
import { printJson } from './values.ts';

/** How long the server processes behind a crashed instance may take to notice, ms. */
const BACKENDS_LIMIT_MS = 2_000;

export const openWorld: OpenWorld = async (options) => {
  const begin = performance.now();
  const { scenario, notice, signal } = options;
  const stores = await openStores(options);
  const spares = new Spares((actor) => openInstance(actor, options, stores));
  const parts: Parts = { options, stores, instances: [], spares };
  try {
    signal.throwIfAborted();
    await runSteps(scenario.setup, 'setup', { ...options, stores });
    await stores.backends.noteStrangers();
    for (const actor of scenario.actors) parts.instances.push(await openInstance(actor, options, stores));
    await allStarted(parts.instances);
    const told = parts.instances.every(({ pid }) => tasksAreTold(pid));
    if (!told) notice('This system does not tell what threads do: quiescence is a pause without movement.');
    if (scenario.faults.includes('crash')) for (const actor of scenario.actors) spares.prepare(actor);
    return new RaceWorld(parts, told ? 'tasks' : 'settle', performance.now() - begin);
  } catch (error) {
    await closeParts(parts);
    throw error;
  }
};

/** Behind gates of its own, not started yet. */
async function openInstance(actor: ActorSpec, options: WorldOptions, stores: OpenStores): Promise<Instance> {
  const pair = await options.openGates(actor, stores.redis, stores.postgres);
  const behind = [
    { store: stores.redis, gate: pair.redis },
    { store: stores.postgres, gate: pair.postgres },
  ];
  const line = (stream: 'stdout' | 'stderr', text: string) => options.line?.(actor.name, stream, text);
  return new Instance({ ...options, actor, stores: behind, line });
}

interface Parts {
  readonly options: WorldOptions;
  readonly stores: OpenStores;
  readonly instances: Instance[];
  readonly spares: Spares;
}

/** All at once; when one fails, the others are waited for before its error is told. */
async function allStarted(instances: readonly Instance[]): Promise<void> {
  const results = await Promise.allSettled(instances.map((instance) => instance.start()));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function closeParts({ options, stores, instances, spares }: Parts): Promise<void> {
  await Promise.allSettled([spares.close(), ...instances.map((instance) => instance.stop())]);
  await Promise.allSettled(instances.flatMap(({ gates }) => gates.map((gate) => gate.close())));
  // A server of somebody else's is left as it was found: empty.
  if (!stores.facts.redis.embedded && instances.length > 0)
    await stores.cache.reset(options.scenario.reset.redis).catch(() => undefined);
  await stores.close();
}

export class RaceWorld implements World {
  readonly scenario: Scenario;
  readonly #parts: Parts;
  readonly #quiescence: Quiescence;
  readonly #startedMs: number;
  /** Gates of which it is known who is behind them. */
  readonly #met = new Set<Gate>();
  #flights: OpenFlight[] = [];
  /** Counts everything that happens on HTTP connections. */
  #requests = 0;
  #closing: Promise<void> | null = null;

  constructor(parts: Parts, mode: 'tasks' | 'settle', startedMs: number) {
    const { scenario, signal } = parts.options;
    this.#parts = parts;
    this.scenario = scenario;
    this.#startedMs = startedMs;
    this.#quiescence = new Quiescence({
      movement: {
        gates: () => this.gates,
        trees: () => parts.instances.flatMap(({ tree }) => (tree === null ? [] : [tree])),
        requests: () => this.#requests,
        sending: () => this.#flights.some(({ sent }) => !sent),
      },
      mode,
      settleMs: scenario.settleMs,
      signal,
    });
  }

  /** Other ones once an instance was replaced. */
  get gates(): readonly Gate[] {
    return this.#parts.instances.flatMap(({ gates }) => gates);
  }

  get facts(): WorldFacts {
    const quiescence = this.#quiescence.mode;
    return { ...this.#parts.stores.facts, quiescence, startedMs: this.#startedMs };
  }

  async reset(start: Start): Promise<void> {
    const { options, stores, instances } = this.#parts;
    await resetWorld(start, {
      ...options,
      stores,
      instances,
      gates: () => this.gates,
      quiescence: this.#quiescence,
      flights: this.#flights,
      restore: () => this.restore(),
      ask: (instance, request) => this.#ask(instance, request),
    });
    this.#flights = [];
    if (this.#quiescence.mode === 'tasks') this.#meet();
  }

  /** Sees, once for each gate, that who is connected to it is one of the processes that are looked at. */
  #meet(): void {
    for (const { actor, gates, tree } of this.#parts.instances) {
      for (const gate of gates) {
        if (tree === null || this.#met.has(gate) || gate.connections() === 0) continue;
        this.#met.add(gate);
        if (talksTo(new Set([gate.endpoint.port]), tree.pids()) !== false) continue;
        this.#quiescence.fallBack();
        this.#parts.options.notice(
          `The service of ${actor.name} reaches ${gate.store} from a process that it did not start (a container, a pooler): quiescence is a pause without movement.`,
        );
      }
    }
  }

  send(actor: string): Flight {
    const instance = this.#instance(actor);
    const flights = this.#flights.filter((flight) => flight.actor === actor);
    if (flights.some(({ reply }) => reply === null))
      throw new Error(`a request of ${actor} is under way already`);
    const request = instance.actor.requests[flights.length];
    if (request === undefined) throw new Error(`${actor} has no request ${flights.length + 1}`);
    return this.#send(instance, request);
  }

  #send(instance: Instance, request: RequestSpec): OpenFlight {
    const flight = this.#sent(instance, request);
    this.#flights.push(flight);
    return flight;
  }

  /** A request that is no actor's, waited for. */
  async #ask(instance: Instance, request: RequestSpec) {
    return this.#sent(instance, request).ended;
  }

  #sent(instance: Instance, request: RequestSpec): OpenFlight {
    const ended = this.#parts.options.sent?.(instance.actor.name, request);
    const flight = instance.send(request, this.scenario.limits.executionMs, () => {
      this.#requests++;
    });
    if (ended !== undefined) void flight.ended.then(ended);
    return flight;
  }

  flights(): readonly Flight[] {
    return this.#flights;
  }

  quiet(limitMs: number): Promise<boolean> {
    return this.#quiescence.wait(limitMs);
  }

  blocked(backendPids: readonly number[]): Promise<ReadonlyMap<number, readonly number[]>> {
    return this.#parts.stores.backends.waiting(backendPids);
  }

  async crash(actor: string): Promise<void> {
    const instance = this.#instance(actor);
    const killed = instance.kill();
    for (const flight of this.#flights) if (flight.actor === actor) flight.cut('the instance crashed');
    await killed;
    for (const gate of instance.gates) gate.reset();
    await this.#backendsGone();
  }

  /** A server process notices the end of its connection a moment later; only then are its locks free. One that waits for a
   * lock does not notice before it gets it. */
  async #backendsGone(): Promise<void> {
    const { backends } = this.#parts.stores;
    const gates = [...this.gates, ...this.#parts.spares.gates()];
    const postgres = gates.filter(({ store }) => store === 'postgres');
    const until = performance.now() + BACKENDS_LIMIT_MS;
    while (performance.now() < until) {
      const pids = (await backends.instances()).map(({ pid }) => pid);
      const known = new Set(
        postgres.flatMap((gate) => gate.unanswered().map(({ backendPid }) => backendPid)),
      );
      const waiting = [...(await backends.waiting(pids)).keys()].filter((pid) => !known.has(pid));
      const open = postgres.reduce((sum, gate) => sum + gate.connections(), 0);
      if (pids.length - waiting.length <= open) return;
      await delay(1);
    }
  }

  async restore(): Promise<void> {
    const { instances } = this.#parts;
    for (const { gates, running } of instances) if (!running) for (const gate of gates) gate.hold(false);
    const replaced = instances.map((instance) => (instance.running ? instance : this.#replaced(instance)));
    const settled = await Promise.allSettled(replaced);
    for (const [i, result] of settled.entries()) {
      if (result.status === 'rejected') throw result.reason;
      instances[i] = result.value;
    }
  }

  /** A spare in place of an instance that is gone, or the same one started again. */
  async #replaced(instance: Instance): Promise<Instance> {
    const { options, spares } = this.#parts;
    const { actor } = instance;
    const spare = await spares.take(actor);
    if (spare === null) await instance.start();
    else await Promise.allSettled(instance.gates.map((gate) => gate.close()));
    if (options.scenario.faults.includes('crash')) spares.prepare(actor);
    return spare ?? instance;
  }

  redis(command: readonly string[]): Promise<unknown> {
    return this.#parts.stores.cache.command(command);
  }

  async truth(): Promise<string | null> {
    const { sql } = this.scenario.oracle;
    if (sql === null) return null;
    return printJson((await databaseTruth(this.#parts.stores, sql)).value);
  }

  async judge(): Promise<Judgement> {
    const { stores, instances, options } = this.#parts;
    const judgement = await judge({
      scenario: this.scenario,
      stores,
      instances,
      ask: (instance, request) => this.#ask(instance, request),
    });
    const { method, path } = this.scenario.oracle.request;
    for (const { actor, status } of judgement.answers) {
      // Any answer counts, but one like this seldom is what was meant to be compared.
      if (status !== null && status >= 500)
        options.notice(`The oracle's request ${method} ${path} was answered ${status} by ${actor}.`);
    }
    return judgement;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const flight of this.#flights) flight.cut('the exploration is over');
    await closeParts(this.#parts);
  }

  #instance(actor: string): Instance {
    const found = this.#parts.instances.find((instance) => instance.actor.name === actor);
    if (found === undefined) throw new Error(`no actor is named ${actor}`);
    return found;
  }
}
