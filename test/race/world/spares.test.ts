/** Instances that stand ready for those that are killed. */
import { describe, expect, test } from 'vitest';
import type { World } from '../../../src/race/world/index.ts';
import { actor, scene, withScene } from './scenes.ts';

/** Talks to its store at the first request, or as it starts. */
const SERVICE = `
const { createServer } = require('node:http');
const { connect } = require('node:net');
const { PORT, REDIS_URL, GREETS } = process.env;
const greet = () => new Promise((resolve) => {
  const socket = connect(Number(new URL(REDIS_URL).port), '127.0.0.1', () => socket.write('SET started ' + process.pid + '\\r\\n'));
  socket.once('data', () => resolve(socket.destroy()));
});
const listen = () => createServer(async (request, response) => {
  if (request.url === '/item') await greet();
  response.end(JSON.stringify({ name: process.pid }));
}).listen(Number(PORT), '127.0.0.1');
GREETS === '1' ? greet().then(listen) : listen();
`;

function crashing(env: Readonly<Record<string, string>>) {
  const base = scene({ faults: ['crash'], actors: [actor('reader', 'GET /item')] });
  const command = [process.execPath, '-e', SERVICE] as const;
  return withScene({ ...base, service: { ...base.service, command, env: { ...base.service.env, ...env } } });
}

async function answer(world: World): Promise<string> {
  const { answers } = await world.judge();
  return `${answers[0]?.status} ${answers[0]?.value}`;
}

const ports = (world: World) => world.gates.map(({ endpoint }) => endpoint.port).join();

describe('a service that is killed time and again', () => {
  test('comes back behind other gates, as a process that stood ready', async () => {
    const { world } = await crashing({});
    const seen = new Set<string>();
    const gates = new Set<string>();
    for (let round = 0; round < 3; round++) {
      await world.reset('cold');
      seen.add(await answer(world));
      gates.add(ports(world));
      await world.crash('reader');
      await world.restore();
      expect(world.gates).toHaveLength(2);
    }
    expect([...seen]).toEqual([...seen].map(() => expect.stringMatching(/^200 \d+$/)));
    expect([seen.size, gates.size]).toEqual([3, 3]);
  });

  test('is started anew where its start speaks to a store: that must not fall into an execution', async () => {
    const { world } = await crashing({ GREETS: '1' });
    const before = ports(world);
    await world.reset('cold');
    const first = await answer(world);
    await world.crash('reader');
    await world.redis(['DEL', 'started']);
    expect(await world.redis(['EXISTS', 'started'])).toBe(0);
    await world.restore();
    expect(await world.redis(['EXISTS', 'started'])).toBe(1);
    expect(await answer(world)).not.toBe(first);
    expect(ports(world)).toBe(before);
  });
});
