import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Flight, World } from '../../../src/race/world/index.ts';
import { passThrough } from './pass-through.ts';
import { actor, openScene, request, type Scene, scene, withScene } from './scenes.ts';

async function answered(flight: Flight): Promise<Flight> {
  while (flight.reply === null) await new Promise((resolve) => setTimeout(resolve, 1));
  return flight;
}

function status(flight: Flight): number | string | undefined {
  return flight.reply?.kind === 'response' ? flight.reply.response.status : flight.reply?.reason;
}

/** Server processes that owe an answer. */
function busyBackends({ gates }: World): readonly number[] {
  return gates.flatMap((gate) => gate.unanswered().flatMap(({ backendPid }) => backendPid ?? []));
}

describe('a world with a reader and a writer', () => {
  let opened: Scene;
  beforeAll(async () => {
    const leak = { ...actor('leaker', 'GET /leak', 'GET /never', 'GET /exit'), role: 'writer' as const };
    const base = scene();
    opened = await openScene({ ...base, actors: [...base.actors, leak] });
  }, 60_000);
  afterAll(() => opened.world.close());
  beforeEach(() => opened.world.reset('cold'));

  test('tells what it stands on', () => {
    expect(opened.world.facts).toMatchObject({
      redis: { embedded: true },
      postgres: { embedded: true },
      quiescence: process.platform === 'linux' ? 'tasks' : 'settle',
    });
  });

  test('gives every actor an instance of its own behind gates of its own', async () => {
    const { world } = opened;
    expect(world.gates.map(({ actor, store }) => `${actor} ${store}`)).toEqual([
      'reader redis',
      'reader postgres',
      'writer redis',
      'writer postgres',
      'leaker redis',
      'leaker postgres',
    ]);
    expect(new Set(world.gates.map(({ endpoint }) => endpoint.port)).size).toBe(6);
    const before = world.gates.map((gate) => gate.activity());
    await answered(world.send('writer'));
    const moved = world.gates.filter((gate, i) => gate.activity() > (before[i] ?? 0));
    expect(new Set(moved.map(({ actor }) => actor))).toEqual(new Set(['writer']));
  });

  test('asks every instance and holds the answers against the database', async () => {
    const { world } = opened;
    await answered(world.send('reader'));
    expect(await world.judge()).toMatchObject({ stale: false, truth: '"old"' });
    await answered(world.send('writer'));
    const after = await world.judge();
    expect(after).toMatchObject({ stale: true, truth: '"new"' });
    expect(after.answers).toEqual(
      ['reader', 'writer', 'leaker'].map((actor) => ({ actor, value: '"old"', status: 200, stale: true })),
    );
    expect(await world.truth()).toBe('"new"');
    await world.redis(['DEL', 'item:1']);
    expect(await world.judge()).toMatchObject({ stale: false, truth: '"new"' });
  });

  test('knows the requests since the last reset, one at a time and in order', async () => {
    const { world } = opened;
    for (const gate of world.gates) gate.hold(true);
    const first = world.send('reader');
    expect(() => world.send('reader')).toThrow(/under way/);
    for (const gate of world.gates) gate.hold(false);
    await answered(first);
    await answered(world.send('reader'));
    expect(() => world.send('reader')).toThrow(/no request 3/);
    expect(world.flights().map(status)).toEqual([200, 200]);
    await world.reset('cold');
    expect(world.flights()).toEqual([]);
  });

  test('is set back: rows, keys, and requests that were cut off in the middle', async () => {
    const { world } = opened;
    await answered(world.send('writer'));
    for (const gate of world.gates) gate.hold(true);
    const held = world.send('reader');
    expect(await world.quiet(5_000)).toBe(true);
    expect(held.reply).toBeNull();
    await world.reset('cold');
    expect(status(held)).toBe(200);
    expect(await world.redis(['DBSIZE'])).toBe(0);
    expect(await world.truth()).toBe('"old"');
  });

  test('starts warm with what the readers ask for, and with nothing of the writers', async () => {
    const { world } = opened;
    await world.reset('warm');
    expect(await world.redis(['KEYS', '*'])).toEqual(['item:1']);
    expect(await world.truth()).toBe('"old"');
  });

  test('crashes an instance, and starts it again', async () => {
    const { world } = opened;
    for (const gate of world.gates) gate.hold(true);
    const flight = world.send('reader');
    await world.quiet(5_000);
    await world.crash('reader');
    expect(flight.reply).toEqual({ kind: 'broken', reason: 'the instance crashed' });
    const gates = world.gates.filter(({ actor }) => actor === 'reader');
    expect(gates.map((gate) => [gate.connections(), gate.held().length])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(await world.quiet(5_000)).toBe(true);
    for (const gate of world.gates) gate.hold(false);
    await world.restore();
    expect(status(await answered(world.send('reader')))).toBe(200);
    expect((await world.judge()).answers).toHaveLength(3);
  });

  test('frees the locks of a crashed instance before it goes on', async () => {
    const { world } = opened;
    await answered(world.send('leaker'));
    await world.crash('leaker');
    expect(status(await answered(world.send('writer')))).toBe(200);
    expect(await world.truth()).toBe('"new"');
  });

  test('says who waits for a lock of whom', async () => {
    const { world } = opened;
    await answered(world.send('leaker'));
    const write = world.send('writer');
    const blocked = await vi.waitFor(async () => {
      const found = await world.blocked(busyBackends(world));
      expect(found.size).toBe(1);
      return found;
    });
    expect([...blocked.values()].map((pids) => pids.length)).toEqual([1]);
    expect(write.reply).toBeNull();
    await world.crash('leaker');
    expect(status(await answered(write))).toBe(200);
  });

  test('ends a transaction that was left open, when it holds up the reset, and says so', async () => {
    const { world, notices } = opened;
    await answered(world.send('leaker'));
    await world.reset('cold');
    expect(notices.at(-1)).toMatch(/left open held up the reset.*idle in transaction/);
    expect(await world.truth()).toBe('"old"');
  });

  test('starts an instance again whose request never ends, or that ended by itself, and says so', async () => {
    const { world, notices } = opened;
    await answered(world.send('leaker'));
    const never = world.send('leaker');
    expect(await world.quiet(5_000)).toBe(true);
    await world.reset('cold');
    expect(status(never)).toBe('it did not end');
    expect(notices.at(-1)).toMatch(/GET \/never of leaker did not end/);
    await answered(world.send('leaker'));
    const cut = world.send('leaker');
    await world.crash('leaker');
    await world.restore();
    expect(status(cut)).toBe('the instance crashed');
    expect(status(await answered(world.send('leaker')))).toMatch(/ECONNRESET|ended/);
    await world.reset('cold');
    expect(notices.at(-1)).toMatch(/leaker ended by itself with exit code 3 and is started again/);
  }, 30_000);
});

test('the environment names the gates, in every variable that names the stores', async () => {
  const { world } = await withScene(
    scene({
      actors: [actor('reader', 'GET /env')],
      service: {
        ...scene().service,
        env: { PORT: '{port}', ASYNC_URL: 'postgresql+asyncpg://u@{postgres.host}:{postgres.port}/x' },
      },
    }),
  );
  const flight = await answered(world.send('reader'));
  const body = flight.reply?.kind === 'response' ? JSON.parse(flight.reply.response.body) : null;
  const [redis, postgres] = world.gates.map(({ endpoint }) => `127.0.0.1:${endpoint.port}`);
  expect(body.redis).toContain(redis);
  expect(body.database).toContain(postgres);
  expect(body.asyncpg).toBe(`postgresql+asyncpg://u@${postgres}/x`);
});

test('without SQL the truth is what the service says once Redis is emptied', async () => {
  const base = scene();
  const { world } = await withScene({
    ...base,
    oracle: { ...base.oracle, sql: null, compare: { kind: 'body' } },
  });
  await world.reset('warm');
  expect(await world.truth()).toBeNull();
  expect(await world.judge()).toMatchObject({ stale: false, truth: '{"name":"old","price":"10.00"}' });
  await answered(world.send('reader'));
  await answered(world.send('writer'));
  expect(await world.judge()).toMatchObject({ stale: true, truth: '{"name":"new","price":"10.00"}' });
});

test('an opening that is called off ends what it has started', async () => {
  const stop = new AbortController();
  let ports: readonly number[] = [];
  const base = scene();
  const ready = { request: request('GET /none'), withinMs: 60_000 };
  const opening = openScene(
    { ...base, service: { ...base.service, ready } },
    {
      signal: stop.signal,
      openGates: async ({ name }, redis, postgres) => {
        ports = [redis, postgres].flatMap(({ endpoint }) => ('port' in endpoint ? endpoint.port : []));
        setTimeout(() => stop.abort(new Error('told to stop')), 500);
        return { redis: await passThrough(name, redis), postgres: await passThrough(name, postgres) };
      },
    },
  );
  await expect(opening).rejects.toThrow('told to stop');
  expect(ports).toHaveLength(2);
  for (const port of ports) expect(await listens(port)).toBe(false);
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
