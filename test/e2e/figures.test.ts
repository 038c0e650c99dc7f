/**
 * Per-route figures held against independent counts: the service's own (a FastAPI shop that counts in its drivers), the
 * statements in PostgreSQL's log, and Redis's own statistics. Under --serialize they must be equal.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runTraffic } from '../../examples/traffic.mjs';
import type { RouteFigures } from '../../src/core/finding.ts';
import type { Operation } from '../../src/core/operation.ts';
import { askRedis } from '../../src/engines/redis-probe.ts';
import { withWhystale } from '../support/cli.ts';
import { pythonWith, withPostgres, withRedis } from '../support/engines.ts';
import { startShop } from './shop-process.ts';

const whystale = withWhystale();
const redis = withRedis();
const APPLICATION = 'counted-shop';
const postgres = withPostgres({
  settings: {
    logging_collector: 'on',
    log_statement: 'all',
    log_line_prefix: '%a|%d|',
    log_rotation_size: '0',
  },
});
const SHOP = resolve(import.meta.dirname, '../../examples/fastapi-shop');

/** The shop, with counters around what its drivers do: statements that were sent, and keys that were found or not. */
const COUNTED = `
import contextvars, os, sys
from collections import defaultdict

sys.path.insert(0, ${JSON.stringify(SHOP)})
import psycopg, redis, uvicorn

current = contextvars.ContextVar("current", default=None)


def count(name, by=1):
    counts = current.get()
    if counts is not None:
        counts[name] += by


execute = psycopg.Cursor.execute


def counted_execute(self, query, *args, **kwargs):
    count("sourceCalls")
    return execute(self, query, *args, **kwargs)


psycopg.Cursor.execute = counted_execute
parse_response = redis.Redis.parse_response


def counted_response(self, connection, command_name, **options):
    reply = parse_response(self, connection, command_name, **options)
    if command_name in ("GET", "HGETALL"):
        count("hits" if reply else "misses")
    elif command_name == "MGET":
        for value in reply:
            count("misses" if value is None else "hits")
    return reply


redis.Redis.parse_response = counted_response

from app import app

routes = {}


@app.get("/counters")
def counters():
    return [{"route": route, **counts} for route, counts in routes.items()]


class Counting:
    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.inner(scope, receive, send)
        counts = dict.fromkeys(("requests", "hits", "misses", "sourceCalls"), 0)
        current.set(counts)
        await self.inner(scope, receive, send)
        if scope["path"] in ("/counters", "/healthz"):
            return
        counts["requests"] = 1
        route = scope["method"] + " " + scope["route"].path
        total = routes.setdefault(route, dict.fromkeys(counts, 0))
        for name, value in counts.items():
            total[name] += value


uvicorn.run(Counting(app), host="127.0.0.1", port=int(os.environ["PORT"]))
`;

const FIGURES = ['hits', 'misses', 'sourceCalls'] as const;

type Counted = Pick<RouteFigures, 'route' | 'requests' | 'hits' | 'misses' | 'sourceCalls'>;

const counted = ({ route, requests, hits, misses, sourceCalls }: Counted): Counted => ({
  route: route.replaceAll(/\{\w+\}/g, '{id}'),
  ...{ requests, hits, misses, sourceCalls },
});

const byRoute = (a: Counted, b: Counted) => a.route.localeCompare(b.route);

/** Statements of the service that the server has logged, without transaction borders. */
function loggedStatements(): number {
  const folder = join(postgres.engine().dataFolder, 'data', 'log');
  const prefix = `${APPLICATION}|${postgres.database()}|`;
  return readdirSync(folder)
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line.startsWith(prefix))
    .filter((line) => /LOG: {2}(?:statement|execute [^:]+): (?:SELECT|INSERT|UPDATE|DELETE)/.test(line))
    .filter((line) => !line.endsWith(': SELECT 1')).length;
}

/** Keys that commands looked up, by Redis's own account; those that the shop's scripts looked at, one each, are not on the
 * wire and left out. A script that Redis did not know yet was a failed call. */
async function keysLookedUp(): Promise<number> {
  const replies = await askRedis(redis.port(), [
    ['INFO', 'stats'],
    ['INFO', 'commandstats'],
  ]);
  const info = replies.join('\n');
  const figure = (pattern: RegExp): number => Number(pattern.exec(info)?.[1] ?? 0);
  const scripts = figure(/^cmdstat_evalsha:calls=(\d+)/m) - figure(/^cmdstat_evalsha:.*failed_calls=(\d+)/m);
  return figure(/^keyspace_hits:(\d+)/m) + figure(/^keyspace_misses:(\d+)/m) - scripts;
}

/** The shop that counts, under traffic: what it counted, what the stores counted, and what watch says. */
async function watched(flags: readonly string[], clients: number) {
  const file = join(whystale.folder('counted'), 'counted.py');
  writeFileSync(file, COUNTED);
  const shop = await startShop(whystale, {
    command: [pythonWith('fastapi', 'uvicorn', 'psycopg', 'redis'), file],
    redis: redis.url(),
    postgres: postgres.url(),
    flags: ['--env', `PGAPPNAME=${APPLICATION}`, ...flags],
  });
  const [lookedUp, logged] = [await keysLookedUp(), loggedStatements()];
  const { errors } = await runTraffic({ url: shop.url, seconds: 8, clients });
  expect(errors).toBe(0);
  const own = ((await (await fetch(`${shop.url}/counters`)).json()) as Counted[]).map(counted);
  const { document } = await shop.finish();
  return {
    document,
    own: own.toSorted(byRoute),
    routes: document.routes
      .map(counted)
      .filter(({ route }) => !['GET /healthz', 'GET /counters'].includes(route))
      .toSorted(byRoute),
    statements: loggedStatements() - logged,
    keys: (await keysLookedUp()) - lookedUp,
  };
}

/** Operations on the stores in a recording. */
function recordedOperations(folder: string): number {
  const lines = readFileSync(join(folder, 'history.jsonl'), 'utf8').trimEnd().split('\n');
  return lines
    .map((line) => JSON.parse(line) as Operation)
    .filter((op) =>
      op.tier === 'source'
        ? op.kind === 'read' || op.kind === 'write'
        : op.tier === 'cache' && op.kind !== 'key',
    ).length;
}

const sum = (routes: readonly Counted[], figure: (typeof FIGURES)[number]): number =>
  routes.reduce((total, route) => total + route[figure], 0);

test('under --serialize they equal the service’s own counters, the database’s log and Redis’s statistics', async () => {
  const { document, own, routes, statements, keys } = await watched(['--serialize'], 4);
  expect(routes).toEqual(own);
  expect(routes.length).toBeGreaterThanOrEqual(5);
  expect(document.routes.filter(({ requests, exactRequests }) => requests !== exactRequests)).toEqual([]);
  expect(statements).toBe(sum(own, 'sourceCalls'));
  expect(keys).toBe(sum(own, 'hits') + sum(own, 'misses'));
});

test('with 50 clients at once they do so but for the share that is said to be unattributed', async () => {
  const { document, own, routes, statements, keys } = await watched([], 50);
  expect(routes.map(({ route, requests }) => [route, requests])).toEqual(
    own.map(({ route, requests }) => [route, requests]),
  );
  expect(statements).toBe(sum(own, 'sourceCalls'));
  expect(keys).toBe(sum(own, 'hits') + sum(own, 'misses'));
  // What has no route is missing there; what had a wrong one would be missing at one route and too much at another.
  const apart = own.flatMap((route, place) =>
    FIGURES.map((figure) => Math.abs(route[figure] - routes[place]![figure])),
  );
  const unattributed = (document.coverage.unattributed ?? 0) * recordedOperations(document.recording ?? '');
  expect(apart.reduce((total, one) => total + one, 0)).toBeLessThanOrEqual(Math.ceil(unattributed));
});
