/** A watcher may keep a copy of a response's body: bounded, whole or not at all, and never in the way of the body itself. */
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { HttpEnd } from '../../src/proxy/http-session.ts';
import { proxyTo, send, service } from './http-support.ts';

const BUSY_MS = 1_500;

async function watched(most: number, body: string, broken = false) {
  const target = await service((_, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(broken ? { 'content-length': 1_000 } : {}),
    });
    response.write(body.slice(0, 5));
    setImmediate(() => (broken ? response.destroy() : response.end(body.slice(5))));
  });
  const ends: HttpEnd[] = [];
  const asked: number[] = [];
  const { port } = await proxyTo(target, {
    onRequest: () => ({
      keep: (code) => {
        asked.push(code);
        return most;
      },
      end: (end) => ends.push(end),
    }),
  });
  return { port, ends, asked };
}

test('a body no longer than what is wanted is told whole', async () => {
  const { port, ends, asked } = await watched(64, '{"price":4200}');
  expect(await text(await send(port, { path: '/items/1' }))).toBe('{"price":4200}');
  expect(asked).toEqual([200]);
  expect(String(ends[0]?.body)).toBe('{"price":4200}');
});

test('of a longer one nothing is told', async () => {
  const { port, ends } = await watched(8, '{"price":4200}');
  expect(await text(await send(port, { path: '/items/1' }))).toBe('{"price":4200}');
  expect(ends[0]).toMatchObject({ code: 200, size: 14 });
  expect(ends[0]).not.toHaveProperty('body');
});

test('nor of one that nobody wants, or that broke off', async () => {
  const unwanted = await watched(0, '{"price":4200}');
  await text(await send(unwanted.port, { path: '/items/1' }));
  expect(unwanted.ends[0]).not.toHaveProperty('body');
  const broken = await watched(64, '{"price":4200}', true);
  const answer = await send(broken.port, { path: '/items/1' });
  const closed = new Promise((resolve) => answer.once('close', resolve));
  answer.on('error', () => undefined).resume();
  await closed;
  expect(broken.ends[0]).toMatchObject({ failure: 'service' });
  expect(broken.ends[0]).not.toHaveProperty('body');
});

/** A client of its own thread, which tells when the last byte had come. */
const CLIENT = `
const { parentPort, workerData } = require('node:worker_threads');
require('node:http').get({ host: '127.0.0.1', port: workerData, agent: false }, (answer) => {
  answer.resume().on('end', () => parentPort.postMessage(Date.now()));
});
`;

test('the last byte has been sent when the body is told: whoever looks into it may take long', async () => {
  const target = await service((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"text":"');
    setImmediate(() => response.end(`${'x'.repeat(5_000)}"}`));
  });
  let begun = 0;
  const { port } = await proxyTo(target, {
    onRequest: () => ({
      keep: () => 65_536,
      end: () => {
        begun = Date.now();
        while (Date.now() < begun + BUSY_MS);
      },
    }),
  });
  const client = new Worker(CLIENT, { eval: true, workerData: port });
  const [received] = (await once(client, 'message')) as [number];
  await client.terminate();
  expect(received).toBeLessThan(begun + BUSY_MS);
});

test('a watcher that fails in the middle leaves the response alone', async () => {
  const target = await service((_, response) => response.end('{"price":4200}'));
  const { port } = await proxyTo(target, {
    onRequest: () => ({
      keep: () => {
        throw new Error('no');
      },
      end: () => undefined,
    }),
  });
  expect(await text(await send(port, { path: '/items/1' }))).toBe('{"price":4200}');
});
