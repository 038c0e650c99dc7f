/**
 * The shop of a whole case: a git repository with an example shop, its released version with a bug (tag `v1.2.2`), a branch that mends
 * it, and the scripts by which staging is deployed and taken back.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { repositoryIn, type TestRepository } from '../compare/repository.ts';
import { eventually, plainEnvironment, processesIn } from '../support/cli.ts';
import { pythonWith } from '../support/engines.ts';
import { deployScript, FIX, FORGETFUL_ROLLBACK, RELEASED, UNIT_TESTS } from './case-whole-scripts.ts';

export type ShopName = 'node-shop' | 'fastapi-shop';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const MODULES = resolve(import.meta.dirname, '../../node_modules');
const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');
const READY_LIMIT_MS = 60_000;

/** A shop, the bug that its release has, and how it shows. */
export interface Story {
  readonly shop: ShopName;
  readonly bug: string;
  readonly code: string;
  readonly template: string;
  /** Steps of the traffic that write nothing which is purged: an undo cannot know of what was written meanwhile. */
  readonly calm: readonly string[];
  readonly path: (id: number) => string;
  readonly field: string;
  /** `id`, `value` of every row: what the answers must show. */
  readonly truth: string;
  /** Makes the cached value of a row old. */
  readonly spoil: (id: number) => readonly [method: string, path: string, body: unknown];
  readonly checklist: 'redis' | 'python';
  /** The commands of the checklist as they are in this repository, where the default's are others. */
  readonly commands: Readonly<Record<string, string>>;
  /** Checks of the old and of the new behaviour, as they stand in `rehearse`. */
  readonly before: readonly unknown[];
  readonly check: readonly unknown[];
  /** Who asks what in the race, and what must hold at its end. */
  readonly race: Readonly<Record<string, unknown>>;
}

const put = (path: string, json: unknown) => ({
  request: `PUT ${path}`,
  headers: { authorization: 'Bearer demo-token-1' },
  json,
});
const shows = (path: string, field: string, value: unknown) => ({
  request: `GET ${path}`,
  expect: { path: `$.${field}`, value },
});
const order = {
  ...put('/orders', { itemId: 1, quantity: 3 }),
  request: 'POST /orders',
  expect: 201,
};
const stock = (last: number) => [
  put('/stock/1', { quantity: 500 }),
  shows('/stock/1', 'quantity', 500),
  order,
  shows('/stock/1', 'quantity', last),
];
const price = (last: number) => [
  put('/items/1', { price: 500 }),
  shows('/items/1', 'price', 500),
  put('/items/1', { price: 600 }),
  shows('/items/1', 'price', last),
];

export function storyOf(shop: ShopName): Story {
  return shop === 'node-shop' ? nodeStory() : fastapiStory();
}

/** An order leaves the stock as it was in the cache. */
function nodeStory(): Story {
  return {
    ...{ shop: 'node-shop', bug: 'missing-invalidation', code: 'WS101', template: 'stock:{id}' },
    calm: ['browse', 'user'],
    path: (id) => `/stock/${id}`,
    field: 'quantity',
    truth: 'select item_id as id, quantity as value from stock',
    spoil: (id) => ['POST', '/orders', { itemId: id, quantity: 1 }],
    checklist: 'redis',
    commands: {},
    before: stock(500),
    check: [
      ...stock(497),
      {
        write: { ...put('/stock/2', undefined), body: '{"quantity": {unique}}' },
        read: 'GET /stock/2',
        path: '$.quantity',
        value: '{unique}',
        within: '2s',
      },
      { sql: 'select quantity from stock where item_id = 1', expect: 497 },
    ],
    race: {
      actors: {
        reader: 'GET /stock/1',
        writer: { ...put('/orders', { itemId: 1, quantity: 3 }), request: 'POST /orders' },
      },
      oracle: {
        request: 'GET /stock/1',
        path: '$.quantity',
        sql: 'select quantity from stock where item_id = 1',
      },
    },
  };
}

/** A new price removes a key that nobody reads. */
function fastapiStory(): Story {
  const python = pythonWith('fastapi', 'uvicorn', 'redis', 'psycopg', 'pytest');
  return {
    ...{ shop: 'fastapi-shop', bug: 'wrong-key', code: 'WS102', template: 'item:{id}' },
    calm: ['browse', 'restock', 'user'],
    path: (id) => `/items/${id}`,
    field: 'price',
    truth: 'select id, price::float8 as value from items',
    spoil: (id) => ['PUT', `/items/${id}`, { price: 7_000 + id }],
    checklist: 'python',
    commands: {
      'run linting': `${python} -m compileall -q fastapi-shop start.py`,
      'run unit tests': `${python} -B -m pytest -q -p no:cacheprovider`,
      'run one integration check: uvicorn answers its health check': `set -a; . ./.env.staging; ${python} -B -m uvicorn --app-dir fastapi-shop app:app --port $HEALTH_PORT & trap "kill $!" EXIT; curl -fsS --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:$HEALTH_PORT/healthz`,
    },
    before: price(500),
    check: [
      ...price(600),
      {
        write: { ...put('/items/2', undefined), body: '{"name": "Lamp {unique}"}' },
        read: 'GET /items/2',
        path: '$.name',
        value: 'Lamp {unique}',
        within: '2s',
      },
    ],
    race: {
      actors: { reader: 'GET /items/1', writer: put('/items/1', { price: 12.5 }) },
      oracle: {
        request: 'GET /items/1',
        path: '$.price',
        sql: 'select price::float8 from items where id = 1',
      },
    },
  };
}

/** The command that starts the shop in a checkout, and the file that says which bug it has. */
function started(shop: ShopName, bug: string): { readonly command: string; readonly files: Files } {
  if (shop === 'node-shop')
    return {
      command: `${process.execPath} start.mjs`,
      files: { 'start.mjs': `process.env.SHOP_BUG = '${bug}';\nawait import('./node-shop/server.mjs');\n` },
    };
  const text = `import os, runpy, sys
os.environ["SHOP_BUG"] = "${bug}"
sys.path.insert(0, "fastapi-shop")
runpy.run_path("fastapi-shop/app.py", run_name="__main__")
`;
  return {
    command: `${pythonWith('fastapi', 'uvicorn', 'redis', 'psycopg', 'pytest')} -B start.py`,
    files: { 'start.py': text },
  };
}

export type Files = Readonly<Record<string, string>>;

export interface ShopRepository extends TestRepository {
  /** Starts the shop in a checkout. */
  readonly command: string;
  /** The environment in which a person works: a \`whystale\` on the PATH. */
  readonly env: Readonly<Record<string, string>>;
}

/** The released shop with its bug, in git. What is started in it is ended after the test. */
export function shopRepository({ shop, bug }: Story, folder: string): ShopRepository {
  onTestFinished(() => endAllIn(folder));
  const repository = repositoryIn(folder);
  cpSync(join(EXAMPLES, shop), join(folder, shop), { recursive: true });
  cpSync(join(EXAMPLES, 'race/shop-reset.sql'), join(folder, 'race/shop-reset.sql'));
  for (const file of ['schema.sql', 'seed.sql']) cpSync(join(EXAMPLES, file), join(folder, file));
  symlinkSync(MODULES, join(folder, 'node_modules'));
  const { command, files } = started(shop, bug);
  repository.git('config', 'user.name', 'Ana');
  repository.git('config', 'user.email', 'ana@example.org');
  repository.write({
    '.gitignore': 'node_modules\n__pycache__\n.whystale\n.env*\nrec\n.staging\nbin\nsite\n',
    'deploy.sh': deployScript(command),
    'rollback.sh': FORGETFUL_ROLLBACK,
    'bin/whystale': `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`,
    ...UNIT_TESTS[shop],
    ...files,
  });
  for (const script of ['deploy.sh', 'rollback.sh', 'bin/whystale']) chmodSync(join(folder, script), 0o755);
  repository.commit({});
  repository.git('tag', RELEASED);
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  return { ...repository, command, env };
}

/** The one change, on a branch of its own, which stays checked out. */
export function mend({ shop }: Story, { git, commit }: ShopRepository): void {
  git('checkout', '-q', '-b', FIX);
  commit(started(shop, '').files);
}

async function endAllIn(folder: string): Promise<void> {
  for (const pid of processesIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
  await eventually('all processes are gone', () => processesIn(folder).length === 0);
}

export interface Release {
  readonly url: string;
  readonly end: () => Promise<void>;
}

/** The shop as it runs in production. */
export async function release(
  { command, root }: ShopRepository,
  port: number,
  stores: { readonly redis: string; readonly postgres: string },
): Promise<Release> {
  const [program = '', ...args] = command.split(' ');
  const child = spawn(program, args, {
    cwd: root,
    env: plainEnvironment({
      PORT: String(port),
      REDIS_URL: stores.redis,
      DATABASE_URL: stores.postgres,
      PYTHONDONTWRITEBYTECODE: '1',
    }),
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually('the shop answers', () => answers(url), READY_LIMIT_MS);
  return { url, end: () => ended(child) };
}

export function answers(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function ended(child: ChildProcess): Promise<void> {
  const end = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await end;
}
