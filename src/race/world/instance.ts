/** One instance of the service: started behind its actor's gates, ready when it says so, ended and started again. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../engines/index.ts';
import { WhystaleError } from '../../errors.ts';
import { type Child, type ChildEnd, startChild } from '../../watch/child.ts';
import { signalGroup } from '../../watch/child-group.ts';
import type { Store } from '../../watch/stores.ts';
import type { Gate } from '../gate/contract.ts';
import type { ActorSpec, RequestSpec, Scenario } from '../scenario/contract.ts';
import { expandRequest, instanceEnvironment, type Launch } from './environment.ts';
import { isAlive } from './processes.ts';
import { HOSTS, isReady, PORT_TAKEN } from './ready.ts';
import { type Address, type OpenFlight, sendRequest } from './request.ts';
import { lastLines } from './steps.ts';
import { TaskTree } from './tasks.ts';

export const INSTANCE_LIMITS = {
  /** How long a service may take to be ready where the scenario does not say, ms. */
  readyMs: 30_000,
  /** Pause between two looks whether it is ready, and the longest time for one, ms. */
  pollMs: 15,
  probeMs: 2_000,
  /** Times it is started when another process took its port in between. */
  portAttempts: 3,
  /** Time between SIGTERM and SIGKILL, ms: it is a copy of no consequence. */
  stopMs: 1_500,
} as const;

export interface InstanceOptions {
  readonly scenario: Scenario;
  readonly actor: ActorSpec;
  readonly stores: readonly { readonly store: Store; readonly gate: Gate }[];
  readonly env: NodeJS.ProcessEnv;
  readonly clock: () => number;
  readonly line: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly signal: AbortSignal;
}

export class Instance {
  readonly actor: ActorSpec;
  readonly gates: readonly Gate[];
  readonly #options: InstanceOptions;
  #child: Child | null = null;
  #end: ChildEnd | null = null;
  #launch: Launch | null = null;
  #address: Address = { host: HOSTS[0], port: 0 };
  #tree: TaskTree | null = null;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.actor = options.actor;
    this.gates = options.stores.map(({ gate }) => gate);
  }

  /** Whether its process runs. */
  get running(): boolean {
    return this.#child !== null && this.#end === null;
  }

  /** How it ended by itself or was ended; null while it runs. */
  get end(): ChildEnd | null {
    return this.#end;
  }

  get tree(): TaskTree | null {
    return this.running ? this.#tree : null;
  }

  /** Takes note of an end that has happened but is not cleaned up after yet. */
  async noticeEnd(): Promise<void> {
    const child = this.#child;
    if (child === null || this.#end !== null || isAlive(child.pid)) return;
    this.#end = await child.ended;
    this.#tree?.close();
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, again if need be, and waits until it is ready. It keeps its port while that is free.
   *
   * @throws WhystaleError WSE657 it ended before, WSE658 it was not ready in time, and those of starting a process */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (this.#address.port === 0) this.#address = { ...this.#address, port: await freePort() };
      await this.#launchChild();
      const end = await this.#untilReady();
      if (end === null) return;
      if (!PORT_TAKEN.test(end.tail.join('\n')) || attempt === INSTANCE_LIMITS.portAttempts)
        throw this.#endedEarly(end);
      this.#address = { ...this.#address, port: 0 };
    }
  }

  async #launchChild(): Promise<void> {
    const { scenario, actor, stores, env, clock, line, signal } = this.#options;
    signal.throwIfAborted();
    const launch = instanceEnvironment(scenario, actor, stores, this.#address.port, env);
    const child = await startChild({
      command: launch.words,
      env: launch.variables,
      cwd: scenario.service.cwd,
      clock,
      onLine: ({ stream, text }) => line(stream, text),
      stopLimitMs: INSTANCE_LIMITS.stopMs,
    });
    this.#launch = launch;
    this.#child = child;
    this.#end = null;
    this.#tree = new TaskTree(child.pid);
    void child.ended.then((end) => {
      if (this.#child !== child) return;
      this.#end = end;
      this.#tree?.close();
    });
  }

  /** Null: it is ready; else how it ended. */
  async #untilReady(): Promise<ChildEnd | null> {
    const limitMs = this.#options.scenario.service.ready?.withinMs ?? INSTANCE_LIMITS.readyMs;
    const until = performance.now() + limitMs;
    for (let look = 0; ; look++) {
      if (this.#end !== null) return this.#end;
      this.#options.signal.throwIfAborted();
      const left = until - performance.now();
      if (left <= 0) throw this.#notReady(limitMs);
      const address = { ...this.#address, host: HOSTS[look % HOSTS.length] ?? HOSTS[0] };
      if (await this.#isReady(address, Math.min(left, INSTANCE_LIMITS.probeMs))) {
        this.#address = address;
        return null;
      }
      await delay(INSTANCE_LIMITS.pollMs / HOSTS.length);
    }
  }

  async #isReady(address: Address, limitMs: number): Promise<boolean> {
    const { ready } = this.#options.scenario.service;
    return isReady(ready === null ? null : this.#expand(ready.request), address, this.actor.name, limitMs);
  }

  send(request: RequestSpec, limitMs: number, moved: () => void): OpenFlight {
    return sendRequest(this.#expand(request), {
      actor: this.actor.name,
      address: this.#address,
      limitMs,
      moved,
    });
  }

  #expand(request: RequestSpec): RequestSpec {
    return expandRequest(request, this.#launch?.values ?? {});
  }

  /** Ends it as a crash does: at once, without a word. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || this.#end !== null) return;
    signalGroup(child.pid, 'SIGKILL');
    this.#end = await child.ended;
    this.#tree?.close();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#end = await child.stop();
    this.#tree?.close();
  }

  #endedEarly(end: ChildEnd): WhystaleError {
    const how = end.signal === null ? `exit code ${end.exitCode}` : `signal ${end.signal}`;
    return new WhystaleError({
      code: 'WSE657',
      what: `The instance of ${this.actor.name} ended with ${how} before it was ready. ${lastLines(end.tail)}`,
      expected: 'A service that runs until it is stopped.',
      retry: 'after-fix',
      next: `Run it by hand in ${this.#options.scenario.service.cwd}: ${this.#command()}.`,
      exitCode: 4,
    });
  }

  #notReady(limitMs: number): WhystaleError {
    const { service } = this.#options.scenario;
    const wanted =
      service.ready === null
        ? `accept connections on port ${this.#address.port}`
        : `answer ${service.ready.request.method} ${service.ready.request.path} on port ${this.#address.port} with 2xx or 3xx`;
    const texts = [...service.command, ...Object.values({ ...service.env, ...this.actor.env })];
    const hint = texts.some((text) => text.includes('{port}'))
      ? 'Give it more time (service.ready.within), or correct the request.'
      : 'Write {port} where the service takes its port: in service.command or service.env.';
    return new WhystaleError({
      code: 'WSE658',
      what: `The instance of ${this.actor.name} was not ready after ${limitMs / 1000} s. ${lastLines(this.#child?.tail() ?? [])}`,
      expected: `A service that begins to ${wanted}.`,
      retry: 'after-fix',
      next: hint,
      exitCode: 4,
    });
  }

  #command(): string {
    return this.#options.scenario.service.command.join(' ');
  }
}
