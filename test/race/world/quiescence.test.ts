import { expect, test, vi } from 'vitest';
import type { Scenario } from '../../../src/race/scenario/contract.ts';
import type { World } from '../../../src/race/world/index.ts';
import { talksTo } from '../../../src/race/world/reach.ts';
import { pythonWith } from '../../support/engines.ts';
import { actor, pythonScene, scene, withScene } from './scenes.ts';

const ROUNDS = Number(process.env.QUIET_ROUNDS ?? 60);

/** Sends the request that works for 30 ms between its two commands, and sees that it is never taken for asleep meanwhile. */
async function neverQuietInBetween(world: World, rounds: number): Promise<void> {
  await world.reset('cold');
  const gates = world.gates;
  for (let round = 0; round < rounds; round++) {
    for (const gate of gates) gate.hold(true);
    const flight = world.send('reader');
    for (const expected of ['a', 'b']) {
      expect(await world.quiet(5_000), `round ${round}, before ${expected}`).toBe(true);
      const held = gates.flatMap((gate) => gate.held().map(({ id }) => ({ gate, id })));
      expect(held, `round ${round}, ${expected}`).toHaveLength(1);
      held[0]!.gate.release(held[0]!.id, 'forward');
      await untilAnswered(world);
    }
    expect(await world.quiet(5_000)).toBe(true);
    expect(flight.reply, `round ${round}`).toMatchObject({ kind: 'response' });
    for (const gate of gates) gate.hold(false);
  }
}

async function untilAnswered({ gates }: World): Promise<void> {
  while (gates.some((gate) => gate.unanswered().length > 0))
    await new Promise((resolve) => setImmediate(resolve));
}

function computing(base: Scenario): Scenario {
  const [path] = ['GET /compute'];
  const many = Array.from({ length: ROUNDS }, () => path as string);
  return { ...base, actors: [actor('reader', ...many)] };
}

function humming(ms: number, workUs: number, threads = 1): Scenario {
  const base = scene();
  const env = {
    ...base.service.env,
    HUM_MS: String(ms),
    HUM_WORK_US: String(workUs),
    HUM_THREADS: String(threads),
  };
  return { ...base, service: { ...base.service, env }, actors: [actor('reader', 'GET /item')] };
}

async function median(world: World, rounds: number): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const begin = performance.now();
    expect(await world.quiet(5_000)).toBe(true);
    took.push((performance.now() - begin) * 1_000);
  }
  return Math.round(took.sort((a, b) => a - b)[rounds >> 1] ?? 0);
}

test('Node that works between a reply and its next command is never quiet', async () => {
  const { world } = await withScene(computing(scene()));
  await neverQuietInBetween(world, ROUNDS);
}, 120_000);

test('Python that works between a reply and its next command is never quiet, though a thread of it wakes all the time', async () => {
  const { world } = await withScene(computing(pythonScene(pythonWith('redis', 'psycopg2'))));
  await neverQuietInBetween(world, ROUNDS);
}, 120_000);

test('a worker process is looked at as well as the one that started it', async () => {
  const base = computing(scene());
  const command = ['sh', '-c', '"$0" "$1" & wait', ...base.service.command] as const;
  const { world } = await withScene({ ...base, service: { ...base.service, command } });
  await neverQuietInBetween(world, 40);
}, 60_000);

test('a service is quiet while a request of it is held', async () => {
  const { world } = await withScene(scene());
  await world.reset('cold');
  for (const gate of world.gates) gate.hold(true);
  world.send('reader');
  world.send('writer');
  expect(await world.quiet(5_000)).toBe(true);
  const took = await median(world, 400);
  process.stderr.write(`quiet() with two Node instances: ${took} µs\n`);
});

test.each([
  { name: 'every 5 ms', ms: 5, us: 50, threads: 1 },
  { name: 'every millisecond', ms: 1, us: 50, threads: 1 },
  { name: 'with two others, each thousands of times a second', ms: 0.1, us: 10, threads: 3 },
])('a thread that wakes by itself $name does not keep a service from being quiet', async ({
  name,
  ms,
  us,
  threads,
}) => {
  const { world } = await withScene(humming(ms, us, threads));
  await world.reset('cold');
  process.stderr.write(`quiet() with a thread that wakes ${name}: ${await median(world, 20)} µs\n`);
}, 60_000);

test('a thread that is busy all the time is named', async () => {
  const { world } = await withScene(humming(0, 100_000));
  await expect(world.reset('cold')).rejects.toMatchObject({ facts: { code: 'WSE659' } });
}, 60_000);

test('timers are waited for when the scenario says so', async () => {
  const { world } = await withScene({ ...scene(), settleMs: 30 });
  const begin = performance.now();
  expect(await world.quiet(5_000)).toBe(true);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(29);
});

test('who is connected to a gate is known by the sockets that processes hold', async () => {
  const { world } = await withScene(scene());
  const [gate] = world.gates;
  await vi.waitFor(() => expect(gate!.connections()).toBe(1));
  const ports = new Set([gate!.endpoint.port]);
  await world.reset('cold');
  expect(world.facts.quiescence).toBe('tasks');
  expect(talksTo(ports, [process.pid])).toBe(false);
  expect(talksTo(ports, [])).toBe(false);
});

test('a service that reaches its stores through somebody else is given a pause instead', async () => {
  const base = scene();
  // The service of a container is no child of the command that started it: here of a shell that was told to leave it alone.
  const command = ['sh', '-c', 'setsid -f "$0" "$1"; sleep 60', ...base.service.command] as const;
  const { world, notices } = await withScene({
    ...base,
    service: { ...base.service, command },
    actors: [actor('reader', 'GET /item', 'GET /exit')],
  });
  await world.reset('cold');
  expect(await world.redis(['DBSIZE'])).toBe(0);
  expect(world.facts.quiescence).toBe('settle');
  expect(notices).toContainEqual(expect.stringMatching(/from a process that it did not start/));
  for (const path of ['/item', '/exit']) {
    const flight = world.send('reader');
    expect(flight.request.path).toBe(path);
    await vi.waitFor(() => expect(flight.reply).not.toBeNull(), 10_000);
    expect(await world.quiet(5_000)).toBe(true);
  }
});
