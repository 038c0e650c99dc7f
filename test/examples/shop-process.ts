/** Starts an example shop as a user would, and talks to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, pythonWith } from '../support/engines.ts';

const READY_LIMIT_MS = 30_000;
const READY_POLL_MS = 30;
const STOP_LIMIT_MS = 5_000;

export type ShopKind = 'node-shop' | 'fastapi-shop';

export interface Shop {
  readonly url: string;
  /** Body of a request that must be answered with 2xx. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>;
  readonly status: (method: string, path: string, body?: unknown, token?: string | null) => Promise<number>;
  readonly output: () => string;
  readonly stop: () => Promise<number | null>;
}

function commandOf(kind: ShopKind): readonly [command: string, file: string] {
  return kind === 'node-shop'
    ? [process.execPath, 'server.mjs']
    : [pythonWith('fastapi', 'uvicorn', 'psycopg', 'redis'), 'app.py'];
}

/** Starts a shop on a free port and waits until it is healthy. */
export async function startShop(kind: ShopKind, stores: Stores, bug: string): Promise<Shop> {
  const [command, file] = commandOf(kind);
  return startService(command, file, `examples/${kind}/`, { ...stores, env: { SHOP_BUG: bug } });
}

/** URLs. */
export interface Stores {
  readonly redis: string;
  readonly postgres: string;
}

/** Starts a service that listens on $PORT and waits until it is healthy. `folder` is relative to the project. */
export async function startService(
  command: string,
  file: string,
  folder: string,
  { redis, postgres, env }: Stores & { readonly env: Readonly<Record<string, string>> },
): Promise<Shop> {
  const port = await freePort();
  const child = spawn(command, [file], {
    cwd: fileURLToPath(new URL(`../../${folder}`, import.meta.url)),
    env: {
      ...process.env,
      DATABASE_URL: postgres,
      REDIS_URL: redis,
      PORT: String(port),
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = (output + text).slice(-200_000);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  await waitReady(url, child, () => output);
  return { url, ...client(url), output: () => output, stop: () => stop(child) };
}

async function waitReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const end = Date.now() + READY_LIMIT_MS;
  while (Date.now() < end && child.exitCode === null) {
    const answer = await fetch(`${url}/healthz`).catch(() => null);
    if (answer?.ok) return;
    await pause(READY_POLL_MS);
  }
  await stop(child);
  throw new Error(`The service did not become healthy. It printed:\n${output()}`);
}

function client(url: string): Pick<Shop, 'ask' | 'status'> {
  const send = (method: string, path: string, body: unknown, token: string | null): Promise<Response> =>
    fetch(url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    async ask(method, path, body) {
      const answer = await send(method, path, body, 'demo-token-1');
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
      return JSON.parse(text) as Record<string, unknown>;
    },
    async status(method, path, body, token = 'demo-token-1') {
      const answer = await send(method, path, body, token);
      await answer.arrayBuffer();
      return answer.status;
    },
  };
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
  return child.exitCode;
}
