/**
 * A shop with PostgreSQL as its source and Redis as its cache.
 *
 *   DATABASE_URL=postgres://… REDIS_URL=redis://… PORT=8080 node examples/node-shop/server.mjs
 *
 * PORT 0 takes a free port; the port is printed. SHOP_BUG brings back a bug by name, see ../README.md.
 */
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { parseBugs } from './bugs.mjs';
import { createCache } from './cache.mjs';
import { catalogRoutes } from './catalog.mjs';
import { connect, prepare } from './database.mjs';
import { createRouter, HttpError } from './router.mjs';
import { createCallers, userRoutes } from './users.mjs';
import { warehouseRoutes } from './warehouse.mjs';

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function healthRoutes(pool, redis) {
  return {
    'GET /healthz': async () => {
      await Promise.all([pool.query('SELECT 1'), redis.ping()]);
      return { body: { ok: true } };
    },
  };
}

/** Answers and prints one line per request. */
async function serve(route, request, response) {
  const start = performance.now();
  let status;
  let body;
  try {
    ({ status, body } = await route(request));
  } catch (error) {
    status = error instanceof HttpError ? error.status : 500;
    body = { error: error instanceof HttpError ? error.message : 'internal error' };
    if (status === 500) console.error(error);
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  console.log(`${request.method} ${request.url} ${status} ${(performance.now() - start).toFixed(1)}ms`);
}

async function main() {
  const bugs = parseBugs(process.env.SHOP_BUG);
  const pool = connect(required('DATABASE_URL'));
  const redis = new Redis(required('REDIS_URL'));
  redis.on('error', (error) => console.error(`redis: ${error.message}`));
  await prepare(pool);

  const cache = createCache(redis);
  const parts = { pool, cache, bugs, callers: createCallers(pool) };
  const route = createRouter({
    ...healthRoutes(pool, redis),
    ...catalogRoutes(parts),
    ...userRoutes(parts),
    ...warehouseRoutes(parts),
  });
  const server = createServer((request, response) => serve(route, request, response));
  server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });

  const stop = () => {
    server.close(async () => {
      await Promise.allSettled([cache.close(), redis.quit(), pool.end()]);
    });
    server.closeIdleConnections();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error) => {
  console.error(`the shop cannot start: ${error.message}`);
  process.exit(1);
});
