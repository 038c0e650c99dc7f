/** A recording proxy in front of a PostgreSQL server, with an observer on every connection. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { StatementExchange } from '../../../src/observe/postgres/exchange.ts';
import {
  observePostgresSession,
  type PostgresSessionOptions,
  type SessionStart,
} from '../../../src/observe/postgres/session.ts';
import { pythonWith, type TestPostgres } from '../../support/engines.ts';

export interface Watched {
  /** URL of the test's database through the proxy. */
  readonly url: string;
  readonly exchanges: StatementExchange[];
  readonly degraded: string[];
  readonly starts: SessionStart[];
  /** Resolves once no connection is open any more. */
  readonly quiet: () => Promise<void>;
}

const clock = (): number => Math.round(performance.now() * 1e6);

/** Puts a proxy in front of the test's database. */
export async function watched(
  postgres: TestPostgres,
  options: Pick<PostgresSessionOptions, 'baseType' | 'onClient'> = {},
): Promise<Watched> {
  const exchanges: StatementExchange[] = [];
  const degraded: string[] = [];
  const starts: SessionStart[] = [];
  const observe = observePostgresSession({
    ...options,
    onExchange: (exchange) => exchanges.push(exchange),
    degrade: (code, text) => degraded.push(`${code}: ${text}`),
    onStart: (start) => starts.push(start),
  });
  const open = new Set<net.Socket>();
  let count = 0;
  const server = net.createServer((client) => {
    const observer = observe(`pg:${++count}`);
    const store = net.connect(postgres.port(), postgres.host());
    const close = (): void => {
      if (!open.delete(client)) return;
      client.destroy();
      store.destroy();
      observer.end(clock());
    };
    open.add(client);
    for (const socket of [client, store]) {
      socket.setNoDelay(true);
      socket.on('error', close).on('close', close);
    }
    client.on('data', (chunk) => {
      const at = clock();
      store.write(chunk);
      observer.client(chunk, at);
    });
    store.on('data', (chunk) => {
      const at = clock();
      client.write(chunk);
      observer.server(chunk, at);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = new URL(postgres.url());
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    exchanges,
    degraded,
    starts,
    quiet: async () => {
      while (open.size > 0) await once([...open][0] as net.Socket, 'close');
    },
  };
}

const run = promisify(execFile);

/** Runs a Python program with the proxy's URL as its argument; its output is returned. */
export async function python(module: string, program: string, url: string): Promise<string> {
  const { stdout } = await run(pythonWith(module), ['-c', program, url], {
    timeout: 30_000,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  return stdout;
}

/** What a driver does by itself when it connects or leaves, and the test is not about. */
export function without(
  exchanges: readonly StatementExchange[],
  ...patterns: readonly RegExp[]
): StatementExchange[] {
  return exchanges.filter(({ sql }) => !patterns.some((pattern) => pattern.test(sql)));
}
