/**
 * An example shop behind `watch` on stores that the test can reach past the proxies, and requests to it: for stories where
 * somebody else writes. The addresses of the stores are not in the shop's environment, or watch would redirect them too.
 */
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { type FindingsDocument, FindingsSchema } from '../../src/report/findings-document.ts';
import { type CliEnd, type CliRun, eventually, type Whystale } from '../support/cli.ts';
import { freePort, pythonWith } from '../support/engines.ts';

export type ShopKind = 'node-shop' | 'fastapi-shop';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const READY_LIMIT_MS = 60_000;
const TOKEN = 'demo-token-1';

/** The command of a shop. */
export function shopCommand(kind: ShopKind): readonly [command: string, file: string] {
  return kind === 'node-shop'
    ? [process.execPath, join(EXAMPLES, kind, 'server.mjs')]
    : [pythonWith('fastapi', 'uvicorn', 'psycopg', 'redis'), join(EXAMPLES, kind, 'app.py')];
}

export interface ShopPlan {
  readonly command: readonly string[];
  readonly redis: string;
  readonly postgres: string;
  /** Further options of `watch`. */
  readonly flags?: readonly string[];
}

export interface WatchedEnd extends CliEnd {
  readonly document: FindingsDocument;
}

export interface ShopProcess {
  readonly run: CliRun;
  /** Base address, through the HTTP proxy. */
  readonly url: string;
  readonly price: (id: number) => Promise<number>;
  readonly setPrice: (id: number, price: number) => Promise<void>;
  readonly order: (id: number, quantity: number) => Promise<void>;
  /** Ctrl-C, and what `watch --json` printed. */
  readonly finish: () => Promise<WatchedEnd>;
}

/** Starts a shop behind `watch`; resolves once it answers. */
export async function startShop(whystale: Whystale, plan: ShopPlan): Promise<ShopProcess> {
  const [listen, target] = [await freePort(), await freePort()];
  const run = whystale.start([
    ...['watch', '--json', '--out', join(whystale.folder('shop'), 'rec')],
    ...['--redis', plan.redis, '--postgres', plan.postgres],
    ...['--http', `${listen}=http://127.0.0.1:${target}`],
    ...['--env', `PORT=${target}`, '--env', 'PYTHONDONTWRITEBYTECODE=1'],
    ...(plan.flags ?? []),
    ...['--', ...plan.command],
  ]);
  await run.sees(/HTTP on /);
  const url = `http://127.0.0.1:${listen}`;
  // Not through the proxy: an answer for a service that is not there yet would count as an error.
  await eventually('the shop answers', () => answers(`http://127.0.0.1:${target}`), READY_LIMIT_MS);
  return { run, url, ...requestsTo(url), finish: () => finish(run) };
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

function requestsTo(url: string): Pick<ShopProcess, 'price' | 'setPrice' | 'order'> {
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect(response.ok, `${method} ${path} answered ${response.status}: ${text}`).toBe(true);
    return JSON.parse(text);
  };
  return {
    price: async (id) => ((await send('GET', `/items/${id}`)) as { price: number }).price,
    setPrice: async (id, price) => void (await send('PUT', `/items/${id}`, { price })),
    order: async (itemId, quantity) => void (await send('POST', '/orders', { itemId, quantity })),
  };
}

async function finish(run: CliRun): Promise<WatchedEnd> {
  const end = await run.interrupt();
  return { ...end, document: FindingsSchema.parse(JSON.parse(end.stdout)) as FindingsDocument };
}
