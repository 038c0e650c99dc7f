/** Replies that are held: on the network one connection may overtake another. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withPostgres, withRedis } from '../../support/engines.ts';
import { command, failure, postgresGate, rawClient, redisGate, sleep } from './support.ts';

const redis = withRedis();
const postgres = withPostgres();
const holdsReplies = () => true;

async function selecting() {
  const url = new URL(postgres.url());
  const watched = await postgresGate({ host: url.hostname, port: Number(url.port) }, { holdsReplies });
  url.host = `${watched.gate.endpoint.host}:${watched.gate.endpoint.port}`;
  const client = new pg.Client({ connectionString: url.href });
  client.on('error', () => {});
  onTestFinished(() => client.end().catch(() => {}));
  await client.connect();
  watched.gate.hold(true);
  return { watched, client };
}

describe('a held reply', () => {
  test('is on offer once it is whole, and touches nothing', async () => {
    const { watched, client } = await selecting();
    let answered = false;
    const reply = client.query('SELECT 41 + 1 AS answer').then(({ rows }) => {
      answered = true;
      return rows;
    });
    expect(await watched.pass('SELECT 41')).toBe('SELECT 1 42');
    const held = await watched.offered('reply to SELECT 41');
    expect(held).toMatchObject({ kind: 'reply', meaning: { silent: false, footprint: [] } });
    await watched.quiet();
    await sleep(20);
    expect(answered).toBe(false);
    await watched.pass('reply to');
    expect(await reply).toEqual([{ answer: 42 }]);
    expect(watched.gate.held()).toEqual([]);
  });

  test('comes when the gate opens', async () => {
    const { watched, client } = await selecting();
    const reply = client.query('SELECT 2 AS two');
    await watched.pass('SELECT 2');
    await watched.offered('reply to SELECT 2');
    watched.gate.hold(false);
    expect((await reply).rows).toEqual([{ two: 2 }]);
  });

  test('is lost when its connection breaks', async () => {
    const { watched, client } = await selecting();
    const told = failure(client.query('SELECT 3'));
    await watched.pass('SELECT 3');
    await watched.offered('reply to SELECT 3');
    watched.gate.reset();
    expect(await told).not.toBe('did not fail');
    expect(watched.gate.held()).toEqual([]);
  });

  test.each([
    'error',
    'reply-lost',
    'reset',
  ] as const)('is none where %s struck the message', async (fault) => {
    const { watched, client } = await selecting();
    const told = failure(client.query('SELECT 4'));
    await watched.pass('SELECT 4', fault);
    expect(await told).not.toBe('did not fail');
    expect(watched.labels()).toEqual([]);
  });

  test('is not that of a message that passes by itself', async () => {
    const { client } = await selecting();
    expect((await client.query('BEGIN')).command).toBe('BEGIN');
  });

  test('keeps its place: what is pushed after it comes after it', async () => {
    const target = { host: redis.host(), port: redis.port() };
    const watched = await redisGate(target, { holdsReplies });
    const client = await rawClient(watched.gate.endpoint);
    const other = new Redis({ ...target, db: redis.db() });
    onTestFinished(() => other.disconnect());
    client.send(command('HELLO', '3') + command('SUBSCRIBE', 'news'));
    await client.until(':1\r\n');
    watched.gate.hold(true);
    client.send(command('GET', 'absent'));
    await watched.pass('GET absent');
    await watched.offered('reply to GET absent');
    await other.publish('news', 'x');
    await watched.quiet();
    expect(watched.labels()).toEqual(['reply to GET absent']);
    await watched.pass('reply to');
    expect(await client.until('_\r\n')).toBe('_\r\n');
    await watched.pass('push message news');
    expect(await client.until('x\r\n')).toMatch(/^>3\r\n/);
  });
});
