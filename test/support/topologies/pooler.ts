/** PgBouncer in session mode in front of a PostgreSQL, as a process of its own. */
import { chmodSync, chownSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeEngineFolder } from '../../../src/engines/folders.ts';
import { freePort } from '../../../src/engines/ports.ts';
import { engineEnvironment, startProcess } from '../../../src/engines/processes.ts';
import { findProgram } from '../../../src/engines/programs.ts';
import { postgresUser } from '../../../src/engines/run-user.ts';
import type { Server } from './postgres.ts';

const START_LIMIT_MS = 10_000;

export interface Pooler {
  readonly port: number;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

export interface PoolerOptions {
  readonly user: string;
  readonly password: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts it; it lets the one user in and knows every database of the server. */
export async function startPooler(server: Server, options: PoolerOptions): Promise<Pooler> {
  const program = findProgram(['pgbouncer'], process.env);
  if (program === null) throw new Error('pgbouncer is missing. Install: apt-get install -y pgbouncer');
  // It refuses to run as root, as PostgreSQL does.
  const user = postgresUser();
  const folder = makeEngineFolder(undefined, user);
  const port = await freePort();
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    pool_mode: 'session',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users'),
    server_reset_query: 'DISCARD ALL',
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const databases = `[databases]\n* = host=127.0.0.1 port=${server.port}\n`;
  const files = { ini: join(folder, 'pgbouncer.ini'), users: join(folder, 'users') };
  writeFileSync(files.ini, `${databases}[pgbouncer]\n${lines.join('\n')}\n`);
  writeFileSync(files.users, `"${options.user}" "${options.password}"\n`);
  for (const path of Object.values(files)) {
    chmodSync(path, 0o600);
    if (user.ids !== null) chownSync(path, user.ids.uid, user.ids.gid);
  }
  const running = await startProcess({
    program,
    args: [files.ini],
    env: engineEnvironment(process.env),
    folder,
    user,
    stopSignal: 'SIGTERM',
  });
  const stop = async (): Promise<void> => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const until = Date.now() + START_LIMIT_MS; !(await accepts(port)); await pause(20)) {
    if (running.exit() === null && Date.now() < until) continue;
    const log = running.logTail();
    await stop();
    throw new Error(`pgbouncer did not start: ${log}`);
  }
  return { port, log: running.logTail, stop };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.destroy());
    socket.once('close', (failed) => resolve(!failed));
    socket.once('error', () => undefined);
  });
}
