/** Starts and stops a throw-away Redis: a real server where one is installed, else an emulation that says so. */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WhystaleError } from '../errors.ts';
import { type Engine, type EngineOptions, LOOPBACK, PORT_ATTEMPTS, START_LIMIT_MS } from './engine.ts';
import { makeEngineFolder } from './folders.ts';
import { freePort } from './ports.ts';
import { type EngineProcess, engineEnvironment, startProcess } from './processes.ts';
import { askRedis } from './redis-probe.ts';
import { findRedis, installCommand, type RedisProgram } from './redis-programs.ts';
import { currentUser } from './run-user.ts';
import { sweepLeftovers } from './sweep.ts';

export interface RedisOptions extends EngineOptions {
  /** Password of the default user; default none (the server listens on loopback only). */
  readonly password?: string;
  /** True: the emulation even where a server is installed; false: never the emulation; default: as it comes. */
  readonly emulate?: boolean;
}

/** Nothing is kept on disk. */
const SETTINGS: Readonly<Record<string, string>> = {
  bind: LOOPBACK,
  save: '',
  appendonly: 'no',
  daemonize: 'no',
  'always-show-logo': 'no',
};

const READY_POLL_MS = 15;

/**
 * Starts a Redis on 127.0.0.1.
 *
 * @throws WhystaleError WSE411 no program, WSE412 no free port, WSE413 did not start, with its own last words
 */
export async function startRedis(options: RedisOptions = {}): Promise<Engine> {
  const env = options.env ?? process.env;
  sweepLeftovers();
  const program = findRedis(env, options.emulate);
  for (let attempt = 1; ; attempt++) {
    const engine = await startOnce(program, options, env);
    if (engine !== 'port taken') return engine;
    if (attempt === PORT_ATTEMPTS || options.port !== undefined) throw portTaken(options.port);
  }
}

async function startOnce(
  program: RedisProgram,
  options: RedisOptions,
  env: NodeJS.ProcessEnv,
): Promise<Engine | 'port taken'> {
  const user = currentUser();
  const folder = makeEngineFolder(options.parentFolder, user);
  let server: EngineProcess | null = null;
  const clear = async (): Promise<void> => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const port = options.port ?? (await freePort());
    server = await startProcess({
      program: program.program,
      args: serverArguments(program, options, folder, port),
      env: engineEnvironment(env),
      folder,
      user,
      stopSignal: 'SIGTERM',
    });
    const info = await waitUntilReady(server, port, options, program.emulated);
    return describe({ program, server, folder, port, info, clear }, options.password);
  } catch (error) {
    const log = server?.logTail() ?? '';
    await clear();
    if (/Address already in use|EADDRINUSE/.test(log)) return 'port taken';
    throw startFailed(program, error, log);
  }
}

function serverArguments(
  program: RedisProgram,
  options: RedisOptions,
  folder: string,
  port: number,
): readonly string[] {
  if (program.emulated) return [...program.args, String(port)];
  const settings = {
    ...SETTINGS,
    port: String(port),
    dir: folder,
    ...(options.password === undefined ? {} : { requirepass: options.password }),
    ...options.settings,
  };
  return [...program.args, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])];
}

/** Answers with the text of INFO server. */
async function waitUntilReady(
  server: EngineProcess,
  port: number,
  options: RedisOptions,
  emulated: boolean,
): Promise<string> {
  const limitMs = options.timeoutMs ?? START_LIMIT_MS;
  const until = performance.now() + limitMs;
  const login = options.password === undefined ? [] : [['AUTH', options.password]];
  while (performance.now() < until) {
    if (server.exit() !== null) throw new Error(`the server ${server.exit()}`);
    const replies = await askRedis(port, [...login, ['INFO', 'server']]).catch(() => null);
    const info = replies?.at(-1);
    // A server that took our port before ours did would answer too; then ours has ended or will say so in its log.
    if (info !== undefined && (emulated || belongsTo(info, server.pid))) return info;
    await delay(READY_POLL_MS);
  }
  throw new Error(`the server was not ready after ${limitMs} ms`);
}

function belongsTo(info: string, pid: number): boolean {
  const named = /^process_id:(\d+)/m.exec(info)?.[1];
  return /^redis_version:/m.test(info) && (named === undefined || Number(named) === pid);
}

interface Started {
  readonly program: RedisProgram;
  readonly server: EngineProcess;
  readonly folder: string;
  readonly port: number;
  readonly info: string;
  readonly clear: () => Promise<void>;
}

function describe(started: Started, password: string | undefined): Engine {
  const { program, server, port, info } = started;
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1];
  const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  let stopping: Promise<void> | null = null;
  return {
    product: valkey !== undefined && !program.emulated ? 'valkey' : program.product,
    version: valkey ?? /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown',
    emulated: program.emulated,
    url: `redis://${login}${LOOPBACK}:${port}/0`,
    host: LOOPBACK,
    port,
    pid: server.pid,
    dataFolder: started.folder,
    logTail: server.logTail,
    ended: server.ended,
    stop: () => {
      stopping ??= started.clear();
      return stopping;
    },
  };
}

function portTaken(port: number | undefined): WhystaleError {
  return new WhystaleError({
    code: 'WSE412',
    what: port === undefined ? 'No port stayed free long enough for Redis.' : `Port ${port} is taken.`,
    expected: 'A free port on 127.0.0.1.',
    retry: 'safe',
    next: port === undefined ? 'Run the command again.' : 'Free the port, or leave the choice to whystale.',
    exitCode: 4,
  });
}

function startFailed(program: RedisProgram, error: unknown, log: string): WhystaleError {
  const reason = error instanceof Error ? error.message : String(error);
  const name = program.emulated ? `emulated Redis (${program.product})` : `Redis (${program.program})`;
  return new WhystaleError({
    code: 'WSE413',
    what: `The embedded ${name} did not start: ${reason}.${log === '' ? '' : `\nIts log ends with:\n${log}`}`,
    expected: 'A server that accepts connections.',
    retry: 'after-fix',
    next: program.emulated
      ? `${installCommand()} for a real server, or give --redis URL.`
      : 'Mend what the log says, or give --redis URL of a server you started.',
    exitCode: 4,
    cause: error,
  });
}
