/** Scenarios over the services beside this file, and worlds that end with their test. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ActorSpec, RequestSpec, Scenario } from '../../../src/race/scenario/contract.ts';
import { openWorld, type World, type WorldOptions } from '../../../src/race/world/index.ts';
import { passThrough } from './pass-through.ts';

const SERVICES = join(import.meta.dirname, 'services');

export const SCHEMA = `create table if not exists items (id int primary key, name text, price numeric(10, 2));
truncate items; insert into items values (1, 'old', 10)`;

export function request(text: string, body: string | null = null): RequestSpec {
  const [method = '', path = ''] = text.split(' ');
  return { method, path, headers: {}, body };
}

export function actor(name: string, ...requests: readonly (string | RequestSpec)[]): ActorSpec {
  const [first, ...rest] = requests.map((one) => (typeof one === 'string' ? request(one) : one));
  const role = name.startsWith('writer') ? 'writer' : 'reader';
  return { name, role, requests: [first!, ...rest], env: {} };
}

export function sql(text: string): Scenario['setup'][number] {
  return { kind: 'sql', file: '/scenes/schema.sql', text };
}

/** The Node shop with a reader and a writer. */
export function scene(changes: Partial<Scenario> = {}): Scenario {
  return {
    file: '/scenes/shop.yaml',
    digest: '',
    service: {
      command: [process.execPath, join(SERVICES, 'shop.mjs')],
      cwd: SERVICES,
      env: { PORT: '{port}' },
      ready: { request: request('GET /healthz'), withinMs: 30_000 },
    },
    stores: { redis: 'embedded', postgres: 'embedded' },
    setup: [sql(SCHEMA)],
    reset: { steps: [sql(SCHEMA)], redis: { kind: 'flushdb' } },
    warmup: [],
    actors: [
      actor('reader', 'GET /item', 'GET /item'),
      actor('writer', request('PUT /item', JSON.stringify({ name: 'new' }))),
    ],
    start: ['cold'],
    oracle: {
      request: request('GET /item'),
      compare: { kind: 'path', path: '$.name' },
      sql: 'select name from items where id = 1',
      model: 'final-state',
      deltaMs: null,
    },
    silent: { redis: [], sql: [] },
    scripts: 'anything',
    faults: [],
    faultBudget: 1,
    limits: { executions: 100, seconds: 60, executionMs: 10_000 },
    settleMs: 0,
    ...changes,
  };
}

/** The shop in Python. */
export function pythonScene(python: string, changes: Partial<Scenario> = {}): Scenario {
  const base = scene(changes);
  const command = [python, join(SERVICES, 'shop.py'), '{port}'] as const;
  return { ...base, service: { ...base.service, command, env: {} } };
}

export interface Scene {
  readonly world: World;
  readonly notices: readonly string[];
}

/** Environment of the tests without what names a store. */
export function plainEnv(): NodeJS.ProcessEnv {
  const { REDIS_URL: _, DATABASE_URL: __, ...env } = process.env;
  return env;
}

export async function openScene(scenario: Scenario, changes: Partial<WorldOptions> = {}): Promise<Scene> {
  const notices: string[] = [];
  const world = await openWorld({
    scenario,
    env: plainEnv(),
    clock: () => Math.round(performance.now() * 1e6),
    openGates: async ({ name }, redis, postgres) => ({
      redis: await passThrough(name, redis),
      postgres: await passThrough(name, postgres),
    }),
    notice: (text) => void notices.push(text),
    signal: new AbortController().signal,
    ownDatabase: false,
    ...changes,
  });
  return { world, notices };
}

/** A world for one test. */
export async function withScene(scenario: Scenario, changes: Partial<WorldOptions> = {}): Promise<Scene> {
  const scene = await openScene(scenario, changes);
  onTestFinished(() => scene.world.close());
  return scene;
}
