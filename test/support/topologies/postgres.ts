/**
 * PostgreSQL as it stands in production: an installed server (not the embedded one) with rules of its own for who may
 * connect, with TLS, on a socket, and with a streaming standby made by pg_basebackup.
 */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { makeEngineFolder } from '../../../src/engines/folders.ts';
import { freePort } from '../../../src/engines/ports.ts';
import { postgresTemplate } from '../../../src/engines/postgres-template.ts';
import {
  type EngineProcess,
  engineEnvironment,
  runToEnd,
  startProcess,
} from '../../../src/engines/processes.ts';
import { postgresUser } from '../../../src/engines/run-user.ts';
import type { Certificates } from '../certificates.ts';

const START_LIMIT_MS = 30_000;
const COPY_LIMIT_MS = 30_000;
const READY_POLL_MS = 20;
const ROOT = '/usr/lib/postgresql';
const PROGRAMS = ['postgres', 'initdb', 'pg_basebackup'] as const;

export interface ServerOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of pg_hba.conf; the superuser may always come over the socket. */
  readonly rules?: readonly string[];
  readonly tls?: Certificates;
}

export interface Server {
  readonly version: string;
  readonly port: number;
  /** Folder of its Unix socket. */
  readonly socket: string;
  /** Runs SQL as the superuser, past everything. */
  readonly sql: (text: string, database?: string) => Promise<readonly Record<string, unknown>[]>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

type Programs = Readonly<Record<(typeof PROGRAMS)[number], string>>;

function installed(): Programs {
  const versions = existsSync(ROOT) ? readdirSync(ROOT).map(Number).filter(Number.isInteger) : [];
  for (const version of versions.sort((a, b) => b - a)) {
    const bin = join(ROOT, String(version), 'bin');
    const found = PROGRAMS.map((name) => [name, join(bin, name)] as const);
    if (found.every(([, path]) => existsSync(path))) return Object.fromEntries(found) as Programs;
  }
  throw new Error(`No installed PostgreSQL server below ${ROOT}. Install: apt-get install -y postgresql`);
}

/** Starts a primary. Its superuser is `postgres`, without a password over the socket. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const user = postgresUser();
  const programs = installed();
  const template = await postgresTemplate({ ...programs, origin: 'installed' }, user, process.env);
  const folder = makeEngineFolder(undefined, user);
  try {
    const copied = await runToEnd({
      program: 'cp',
      args: ['-R', template.dataFolder, join(folder, 'data')],
      env: engineEnvironment(process.env),
      user,
      cwd: folder,
      timeoutMs: COPY_LIMIT_MS,
    });
    if (copied.code !== 0) throw new Error(copied.output);
    return await run(folder, options, programs, template.version);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Starts a hot standby that streams from the primary. `delay`: how long it holds each commit back, e.g. `2s`. */
export async function startStandby(
  primary: Server,
  options: ServerOptions & { readonly delay?: string } = {},
): Promise<Server> {
  const user = postgresUser();
  const programs = installed();
  const folder = makeEngineFolder(undefined, user);
  try {
    const made = await runToEnd({
      program: programs.pg_basebackup,
      args: [
        ...['-h', primary.socket, '-p', String(primary.port), '-U', 'postgres', '-w'],
        ...['-D', join(folder, 'data'), '-X', 'stream', '-c', 'fast', '-R', '--no-sync'],
      ],
      env: engineEnvironment(process.env),
      user,
      cwd: folder,
      timeoutMs: START_LIMIT_MS,
    });
    if (made.code !== 0) throw new Error(`pg_basebackup: ${made.output}`);
    const delay = options.delay === undefined ? {} : { recovery_min_apply_delay: options.delay };
    const settings = { ...options.settings, ...delay };
    return await run(folder, { ...options, settings }, programs, primary.version);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function run(
  folder: string,
  options: ServerOptions,
  { postgres }: Programs,
  version: string,
): Promise<Server> {
  const user = postgresUser();
  const port = await freePort();
  const socket = join(folder, 's');
  const own = (path: string): string => {
    if (user.ids !== null) chownSync(path, user.ids.uid, user.ids.gid);
    return path;
  };
  mkdirSync(socket, { mode: 0o755 });
  own(socket);
  const rules = ['local all postgres trust', 'local replication postgres trust', ...(options.rules ?? [])];
  const hba = join(folder, 'hba.conf');
  writeFileSync(hba, `${rules.join('\n')}\n`, { mode: 0o600 });
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: socket,
    hba_file: own(hba),
    wal_level: 'logical',
    fsync: 'off',
    shared_buffers: '32MB',
    wal_receiver_status_interval: '100ms',
    ...tlsSettings(folder, options.tls, own),
    ...options.settings,
  };
  const server = await startProcess({
    program: postgres,
    args: [
      ...['-D', join(folder, 'data'), '-p', String(port)],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    env: engineEnvironment(process.env),
    folder,
    user,
    stopSignal: 'SIGQUIT',
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await untilReady(server, join(folder, 'data'));
  } catch (error) {
    await stop();
    throw error;
  }
  const sql: Server['sql'] = (text, database = 'postgres') =>
    runSql({ host: socket, port, user: 'postgres', database }, text);
  return { version, port, socket, sql, log: server.logTail, stop };
}

/** Copies: the server insists on owning its key. */
function tlsSettings(
  folder: string,
  tls: Certificates | undefined,
  own: (path: string) => string,
): Readonly<Record<string, string>> {
  if (tls === undefined) return {};
  const copy = (from: string, name: string): string => {
    copyFileSync(from, join(folder, name));
    return own(join(folder, name));
  };
  return {
    ssl: 'on',
    ssl_cert_file: copy(tls.cert, 'cert.pem'),
    ssl_key_file: copy(tls.key, 'key.pem'),
    ssl_ca_file: copy(tls.ca, 'ca.pem'),
  };
}

async function untilReady(server: EngineProcess, data: string): Promise<void> {
  for (const until = Date.now() + START_LIMIT_MS; Date.now() < until; await pause(READY_POLL_MS)) {
    if (server.exit() !== null) break;
    try {
      if (/^ready/m.test(readFileSync(join(data, 'postmaster.pid'), 'utf8'))) return;
    } catch {
      // Not written yet.
    }
  }
  throw new Error(`PostgreSQL did not start: ${server.exit() ?? 'too slow'}\n${server.logTail()}`);
}

/** Runs SQL on a fresh connection; several statements give the rows of the last. */
export async function runSql(
  config: pg.ClientConfig,
  text: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(text);
    return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
  } finally {
    await client.end();
  }
}

/** A password that no other text contains. */
export function newPassword(): string {
  return `Pw-${randomBytes(12).toString('hex')}`;
}
