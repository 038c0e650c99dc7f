/** Footprints are true: of two Redis messages that do not conflict, both orders give the same replies and the same keys. */
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { conflict } from '../../../src/race/explore/footprint.ts';
import type { Meaning } from '../../../src/race/gate/contract.ts';
import { openRedisReader } from '../../../src/race/meaning/index.ts';
import { utf8 } from '../../../src/wire/postgres/index.ts';
import { withRedis } from '../../support/engines.ts';

const RUNS = Number(process.env.SOUNDNESS_RUNS ?? 80);

type Command = readonly string[];

const key = fc.constantFrom('a', 'b', 'set:1', 'set:2');
const value = fc.constantFrom('x', '7');
const words = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<Command> =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)));

const ordinary: fc.Arbitrary<Command> = fc.oneof(
  words('GET', key),
  words('SET', key, value),
  words('SET', key, value, 'NX'),
  words('SET', key, value, 'GET'),
  words('SET', key, value, 'EX', '1000'),
  words('GETEX', key),
  words('GETEX', key, 'PERSIST'),
  words('GETDEL', key),
  words('DEL', key, key),
  words('MGET', key, key),
  words('MSET', key, value, key, value),
  words('INCR', key),
  words('EXPIRE', key, '1000'),
  words('PERSIST', key),
  words('EXISTS', key, key),
  words('HSET', key, 'f', value),
  words('HGETALL', key),
  words('RPUSH', key, value),
  words('LRANGE', key, '0', '-1'),
  words('LPOP', key),
  words('LMOVE', key, key, 'LEFT', 'RIGHT'),
  words('SADD', key, value),
  words('SMEMBERS', key),
  words('SUNIONSTORE', key, key, key),
  words('SINTERCARD', '2', key, key),
  words('ZADD', key, '1', value),
  words('ZUNIONSTORE', key, '2', key, key),
  words('ZRANGESTORE', key, key, '0', '-1'),
  words('XADD', key, '1-1', 'f', value),
  words('XLEN', key),
  words('RENAME', key, key),
  words('COPY', key, key, 'REPLACE'),
  words('COPY', key, key, 'DB', '1'),
  words('MOVE', key, '1'),
  words('SWAPDB', '0', '1'),
  words('KEYS', fc.constantFrom('*', 'set:*', 'set:?', 's[ae]t:1')),
  words('SCAN', '0', 'COUNT', '100', 'MATCH', fc.constantFrom('set:*', 'a')),
  words('DBSIZE'),
  words('FLUSHDB'),
  words('FLUSHALL'),
  words('SORT', key, 'BY', 'nosort', 'GET', 'set:*', 'GET', '#'),
  words('SORT', key, 'ALPHA', 'STORE', key),
  words('TYPE', key),
  words('STRLEN', key),
  words('APPEND', key, value),
  words('SETRANGE', key, '2', value),
  words('BITOP', 'NOT', key, key),
  words('PFADD', key, value),
  words('PFCOUNT', key),
  words('PFMERGE', key, key),
  words('OBJECT', 'ENCODING', key),
  words('TOUCH', key),
  words('EVAL', 'return redis.call("SET", KEYS[1], "script")', '1', key),
  words('EVAL', 'return redis.call("GET", "b")', '0'),
  words('EVAL_RO', 'return redis.call("GET", KEYS[1])', '1', key),
  words('SELECT', fc.constantFrom('0', '1')),
  words('PING'),
  words('ECHO', 'x'),
);
const block = fc
  .tuple(fc.boolean(), key, fc.array(ordinary, { maxLength: 3 }), fc.constantFrom('EXEC', 'EXEC', 'DISCARD'))
  .map(([watches, watched, body, end]) => [
    ...(watches ? [['WATCH', watched]] : []),
    ['MULTI'],
    ...body,
    [end],
  ]);
const program: fc.Arbitrary<readonly Command[]> = fc.oneof(
  fc.array(ordinary, { minLength: 1, maxLength: 2 }),
  block,
);

const redis = withRedis();
const clients: Redis[] = [];

function connected(): Redis {
  const client = new Redis({ host: redis.host(), port: redis.port(), maxRetriesPerRequest: 0 });
  clients.push(client);
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

class Actor {
  readonly #client: Redis;
  readonly #reader = openRedisReader({ exploration: { tracking: false } });

  constructor(client: Redis) {
    this.#client = client;
  }

  async send(command: Command): Promise<{ meaning: Meaning; answer: string }> {
    const meaning = this.#reader.command(command.map(utf8));
    const [name = '', ...args] = command;
    try {
      const reply = await this.#client.call(name, ...args);
      this.#reader.replied(utf8('+OK\r\n'));
      const sorted = Array.isArray(reply) && /^(KEYS|SMEMBERS)$/.test(name) ? [...reply].sort() : reply;
      return { meaning, answer: JSON.stringify(sorted) };
    } catch (error) {
      this.#reader.replied(utf8('-ERR\r\n'));
      return { meaning, answer: (error as Error).message };
    }
  }
}

interface Case {
  readonly programs: readonly [readonly Command[], readonly Command[]];
  readonly before: readonly [number, number];
}

async function fill(client: Redis): Promise<void> {
  await client.call('FLUSHALL');
  for (const db of ['1', '0']) {
    await client.call('SELECT', db);
    await client.call('SET', 'a', db);
    await client.call('SADD', 'set:1', '1', '2');
  }
}

async function keysOf(client: Redis): Promise<string> {
  const found: unknown[] = [];
  for (const db of ['0', '1']) {
    await client.call('SELECT', db);
    for (const name of ((await client.call('KEYS', '*')) as string[]).sort()) {
      const type = await client.call('TYPE', name);
      const dump =
        type === 'set'
          ? ((await client.call('SMEMBERS', name)) as string[]).sort()
          : await client.callBuffer('DUMP', name);
      found.push([db, name, type, String(dump), Number(await client.call('TTL', name)) > 0]);
    }
  }
  return JSON.stringify(found);
}

async function run(
  one: Case,
  first: 0 | 1,
  [a, b, bypass]: readonly [Redis, Redis, Redis],
): Promise<{ meanings: Meaning[]; answers: string[]; keys: string }> {
  await fill(bypass);
  for (const client of [a, b]) await client.call('RESET');
  const actors = [new Actor(a), new Actor(b)] as const;
  for (const who of [0, 1] as const) {
    for (const command of one.programs[who].slice(0, one.before[who])) await actors[who].send(command);
  }
  const meanings: Meaning[] = [];
  const answers: string[] = [];
  for (const who of [first, 1 - first] as (0 | 1)[]) {
    const ran = await actors[who].send(one.programs[who][one.before[who]]!);
    meanings[who] = ran.meaning;
    answers[who] = ran.answer;
  }
  for (const who of [0, 1] as const) {
    for (const command of one.programs[who].slice(one.before[who] + 1))
      answers.push((await actors[who].send(command)).answer);
  }
  return { meanings, answers, keys: await keysOf(bypass) };
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(program, program)
  .chain(([a, b]) =>
    fc
      .tuple(fc.nat(a.length - 1), fc.nat(b.length - 1))
      .map(([i, j]): Case => ({ programs: [a, b], before: [i, j] })),
  );

it('commands that do not conflict may change places', { timeout: 60_000 + RUNS * 100 }, async () => {
  const all = [connected(), connected(), connected()] as const;
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const forth = await run(one, 0, all);
      const [a, b] = forth.meanings as [Meaning, Meaning];
      if (conflict(a.footprint, b.footprint)) return;
      checked++;
      expect(await run(one, 1, all)).toEqual(forth);
    }),
    { numRuns: RUNS },
  );
  expect(checked).toBeGreaterThan(RUNS / 10);
});
