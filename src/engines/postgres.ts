/** Starts and stops a throw-away PostgreSQL with everything on that watching needs. */
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { WhystaleError } from '../errors.ts';
import { type Engine, type EngineOptions, LOOPBACK, PORT_ATTEMPTS, START_LIMIT_MS } from './engine.ts';
import { makeEngineFolder } from './folders.ts';
import { freePort } from './ports.ts';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts';
import { type PostgresTemplate, postgresTemplate, SUPERUSER } from './postgres-template.ts';
import { type EngineProcess, engineEnvironment, runToEnd, startProcess } from './processes.ts';
import { postgresUser, type RunUser } from './run-user.ts';
import { sweepLeftovers } from './sweep.ts';

export interface PostgresOptions extends EngineOptions {
  /** Database that is created and named in the URL; default `postgres`. */
  readonly database?: string;
}

/**
 * Settings of a throw-away server. The first group is what watching needs (the change stream, commit times), the second
 * trades durability for speed, the third keeps everything inside the private folder.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  track_commit_timestamp: 'on',
  max_replication_slots: '10',
  max_wal_senders: '10',

  fsync: 'off',
  full_page_writes: 'off',
  autovacuum_naptime: '10min',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  min_wal_size: '16MB',

  dynamic_shared_memory_type: 'mmap',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Longest path of a Unix socket that every supported system takes (sun_path is 104 bytes on macOS, 108 on Linux). */
const SOCKET_PATH_LIMIT = 100;
const READY_POLL_MS = 20;
/** Line of postmaster.pid that tells the state, from 0; `ready` once connections are accepted. */
const STATE_LINE = 7;
const SOCKET_FOLDER = 's';
const DATA_FOLDER = 'data';
const COPY_LIMIT_MS = 30_000;

/**
 * Starts a PostgreSQL server on 127.0.0.1 with a random password (scram-sha-256).
 *
 * @throws WhystaleError WSE401…WSE409, with the server's own last words where it has any
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Engine> {
  const env = options.env ?? process.env;
  sweepLeftovers();
  const prepared = await prepare(env).catch((error: unknown) => {
    throw error instanceof WhystaleError ? error : startFailed(error, '');
  });
  for (let attempt = 1; ; attempt++) {
    const engine = await startOnce({ options, env, ...prepared });
    if (engine !== 'port taken') return engine;
    if (attempt === PORT_ATTEMPTS || options.port !== undefined) throw portTaken(options.port);
  }
}

async function prepare(env: NodeJS.ProcessEnv): Promise<Pick<Plan, 'user' | 'binaries' | 'template'>> {
  const user = postgresUser();
  const binaries = findPostgres(user, env);
  return { user, binaries, template: await postgresTemplate(binaries, user, env) };
}

interface Plan {
  readonly options: PostgresOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly user: RunUser;
  readonly binaries: PostgresBinaries;
  readonly template: PostgresTemplate;
}

async function startOnce(plan: Plan): Promise<Engine | 'port taken'> {
  const folder = makeEngineFolder(plan.options.parentFolder, plan.user);
  let server: EngineProcess | null = null;
  const clear = async (): Promise<void> => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await copyTemplate(plan, folder);
    const port = plan.options.port ?? (await freePort());
    server = await startProcess({
      program: plan.binaries.postgres,
      args: serverArguments(plan.options, folder, port),
      env: engineEnvironment(plan.env),
      folder,
      user: plan.user,
      stopSignal: 'SIGQUIT',
    });
    await waitUntilReady(server, join(folder, DATA_FOLDER), plan.options.timeoutMs ?? START_LIMIT_MS);
    const password = randomBytes(18).toString('base64url');
    const database = plan.options.database ?? 'postgres';
    await introduce(port, plan.template.password, password, database);
    return describe({ plan, server, folder, port, password, database, clear });
  } catch (error) {
    const log = server?.logTail() ?? '';
    await clear();
    if (/could not bind|Address already in use/.test(log)) return 'port taken';
    throw error instanceof WhystaleError ? error : startFailed(error, log);
  }
}

/** Copied by the server's own user, so that owner and mode (0700: the server checks) come out right. */
async function copyTemplate(plan: Plan, folder: string): Promise<void> {
  const result = await runToEnd({
    program: 'cp',
    args: ['-R', plan.template.dataFolder, join(folder, DATA_FOLDER)],
    env: engineEnvironment(plan.env),
    user: plan.user,
    cwd: folder,
    timeoutMs: COPY_LIMIT_MS,
  });
  if (result.code !== 0) throw new Error(`copying the data folder failed: ${result.output}`);
  const socket = join(folder, SOCKET_FOLDER);
  mkdirSync(socket, { mode: 0o700 });
  if (plan.user.ids !== null) chownSync(socket, plan.user.ids.uid, plan.user.ids.gid);
}

function serverArguments(options: PostgresOptions, folder: string, port: number): readonly string[] {
  const socket = join(folder, SOCKET_FOLDER);
  const socketPath = join(socket, `.s.PGSQL.${port}`);
  const settings = {
    ...SETTINGS,
    listen_addresses: LOOPBACK,
    unix_socket_directories: Buffer.byteLength(socketPath) < SOCKET_PATH_LIMIT ? socket : '',
    ...options.settings,
  };
  return [
    '-D',
    join(folder, DATA_FOLDER),
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

async function waitUntilReady(server: EngineProcess, data: string, limitMs: number): Promise<void> {
  const until = performance.now() + limitMs;
  while (performance.now() < until) {
    if (server.exit() !== null) throw new Error(`the server ${server.exit()}`);
    if (readState(data) === 'ready') return;
    await delay(READY_POLL_MS);
  }
  throw new Error(`the server was not ready after ${limitMs} ms`);
}

function readState(data: string): string {
  try {
    return (readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[STATE_LINE] ?? '').trim();
  } catch {
    return '';
  }
}

/** Replaces the template's password by this server's own, and makes the database. */
async function introduce(port: number, known: string, password: string, database: string): Promise<void> {
  const client = new pg.Client({
    host: LOOPBACK,
    port,
    user: SUPERUSER,
    password: known,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: START_LIMIT_MS,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`ALTER ROLE ${SUPERUSER} PASSWORD ${client.escapeLiteral(password)}`);
    if (database !== 'postgres') await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

interface Started {
  readonly plan: Plan;
  readonly server: EngineProcess;
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  readonly database: string;
  readonly clear: () => Promise<void>;
}

function describe(started: Started): Engine {
  const { server, port, password } = started;
  let stopping: Promise<void> | null = null;
  return {
    product: 'postgresql',
    version: started.plan.template.version,
    emulated: false,
    url: `postgresql://${SUPERUSER}:${password}@${LOOPBACK}:${port}/${encodeURIComponent(started.database)}`,
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
    code: 'WSE407',
    what: port === undefined ? 'No port stayed free long enough for PostgreSQL.' : `Port ${port} is taken.`,
    expected: 'A free port on 127.0.0.1.',
    retry: 'safe',
    next: port === undefined ? 'Run the command again.' : 'Free the port, or leave the choice to whystale.',
    exitCode: 4,
  });
}

function startFailed(error: unknown, log: string): WhystaleError {
  const reason = error instanceof Error ? error.message : String(error);
  return new WhystaleError({
    code: 'WSE408',
    what: `The embedded PostgreSQL did not start: ${reason}.${log === '' ? '' : `\nIts log ends with:\n${log}`}`,
    expected: 'A server that accepts connections.',
    retry: 'after-fix',
    next: 'Mend what the log says, or give --postgres URL of a server you started.',
    exitCode: 4,
    cause: error,
  });
}
