/** The measured service: started behind the relays on a free port, ready when it says so, ended at the end. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Case } from '../case/contract.ts';
import { freePort } from '../engines/index.ts';
import type { RequestSpec } from '../race/scenario/index.ts';
import { expandRequest } from '../race/world/environment.ts';
import { INSTANCE_LIMITS } from '../race/world/instance.ts';
import { isAlive } from '../race/world/processes.ts';
import { HOSTS, isReady, PORT_TAKEN } from '../race/world/ready.ts';
import { type Child, type ChildEnd, type ChildLine, startChild } from '../watch/child.ts';
import { childEnvironment, type ProxiedStore } from '../watch/environment.ts';
import { expand, type TemplateValues } from '../watch/templates.ts';
import { endedEarly, notReady } from './errors.ts';

/** Time between SIGTERM and SIGKILL, ms. */
const STOP_MS = 5_000;

type ServiceSpec = NonNullable<Case['service']>;

export interface ServiceOptions {
  readonly service: ServiceSpec;
  readonly stores: readonly ProxiedStore[];
  readonly env: NodeJS.ProcessEnv;
  readonly clock: () => number;
  readonly line: (line: ChildLine) => void;
  readonly signal: AbortSignal;
}

export interface RunningService {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** What it was started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables in it that point at the proxies. */
  readonly inherited: readonly string[];
  /** Resolves once it has ended; never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** A request with this service's own values in its texts. */
  readonly expand: (request: RequestSpec) => RequestSpec;
  /** Whether its process runs at this moment. */
  isAlive(): boolean;
  stop(): Promise<void>;
}

/** @throws WhystaleError WSE730 it ended before it was ready, WSE731 it was not ready in time; those of starting a process */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  for (let attempt = 1; ; attempt++) {
    const launch = launchOf(options, await freePort());
    const child = await startChild(launch.child);
    const result = await untilReady(child, launch, options).catch(async (error: unknown) => {
      await child.stop();
      throw error;
    });
    if ('host' in result) return running(child, launch, result.host);
    if (!PORT_TAKEN.test(result.tail.join('\n')) || attempt === INSTANCE_LIMITS.portAttempts)
      throw endedEarly(result, options.service.command.join(' '), options.service.cwd);
  }
}

interface Launch {
  readonly port: number;
  readonly values: TemplateValues;
  readonly inherited: readonly string[];
  readonly child: Parameters<typeof startChild>[0];
}

function launchOf({ service, stores, env, clock, line }: ServiceOptions, port: number): Launch {
  const templates = Object.entries(service.env);
  const environment = childEnvironment({ env, stores, templates, port });
  const [program, ...rest] = service.command;
  const word = (text: string) => expand(text, environment.values);
  return {
    port,
    values: environment.values,
    inherited: [
      ...environment.changed.filter(({ why }) => why !== 'env').map(({ name }) => name),
      ...templates.filter(([, text]) => expand(text, environment.values) !== text).map(([name]) => name),
    ],
    child: {
      command: [word(program), ...rest.map(word)],
      env: environment.env,
      cwd: service.cwd,
      clock,
      onLine: line,
      stopLimitMs: STOP_MS,
    },
  };
}

function running(
  child: Child,
  { port, values, inherited, child: { env } }: Launch,
  host: string,
): RunningService {
  return {
    host,
    port,
    pid: child.pid,
    env,
    inherited,
    ended: child.ended,
    expand: (request) => expandRequest(request, values),
    isAlive: () => isAlive(child.pid),
    stop: async () => {
      await child.stop();
    },
  };
}

/** Where it answers, or how it ended. */
async function untilReady(
  child: Child,
  launch: Launch,
  { service, signal }: ServiceOptions,
): Promise<{ readonly host: string } | ChildEnd> {
  const limitMs = service.ready?.withinMs ?? INSTANCE_LIMITS.readyMs;
  const request = service.ready === null ? null : expandRequest(service.ready.request, launch.values);
  const until = performance.now() + limitMs;
  for (let look = 0; ; look++) {
    if (!isAlive(child.pid)) return child.ended;
    signal.throwIfAborted();
    const left = until - performance.now();
    if (left <= 0) throw late(service, launch, limitMs, child.tail());
    const host = HOSTS[look % HOSTS.length] ?? HOSTS[0];
    const address = { host, port: launch.port };
    if (await isReady(request, address, 'service', Math.min(left, INSTANCE_LIMITS.probeMs))) return { host };
    await delay(INSTANCE_LIMITS.pollMs / HOSTS.length);
  }
}

function late(service: ServiceSpec, { port }: Launch, limitMs: number, tail: readonly string[]) {
  const { ready } = service;
  const wanted =
    ready === null
      ? `accept connections on port ${port}`
      : `answer ${ready.request.method} ${ready.request.path} on port ${port} with 2xx or 3xx`;
  const hint = [...service.command, ...Object.values(service.env)].some((text) => text.includes('{port}'))
    ? 'Give it more time (service.ready.within), or correct the request.'
    : 'Write {port} where the service takes its port: in service.command or service.env.';
  return notReady(wanted, limitMs, hint, tail);
}
