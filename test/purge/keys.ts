/** Keys for tests of purge and undo: of every type, with and without a time to live, and what the server says of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach } from 'vitest';
import type { Applying, Place } from '../../src/purge/index.ts';
import { chooseStore } from '../../src/purge/index.ts';
import type { TestRedis } from '../support/engines.ts';

/** Longer than any test takes. */
const LONG_MS = 600_000;

export const FAST: Applying = { rate: 100_000, production: false };

/** Ten keys of `thing:{id}`, one of each type, some with a time to live, one with a name that is no text. */
export const THINGS = 10;

export async function seedThings(redis: Redis): Promise<void> {
  await redis
    .pipeline()
    .set('thing:1', 'a text', 'PX', LONG_MS)
    .set('thing:2', 42)
    .set('thing:3', Buffer.from([0, 255, 10, 13, 34, 92]))
    .rpush('thing:4', 'a', 'b', 'a')
    .hset('thing:5', { name: 'lamp', price: '12' })
    .pexpire('thing:5', LONG_MS)
    .sadd('thing:6', '1', '2', '3')
    .zadd('thing:7', 1, 'one', 2.5, 'two')
    .xadd('thing:8', '*', 'event', 'sold')
    .xgroup('CREATE', 'thing:8', 'workers', '0')
    .pfadd('thing:9', 'x', 'y')
    .set(Buffer.from([...Buffer.from('thing:'), 0xff, 0xfe, 0x00, 0x5c]), 'binary name', 'PX', LONG_MS)
    .exec();
}

/** A key as the server has it: its value byte for byte, and when it ends. */
export interface Held {
  readonly dump: string;
  readonly expiresAt: number;
}

/** Every key of the database; names in latin1. */
export async function everyKey(redis: Redis): Promise<ReadonlyMap<string, Held>> {
  const found = new Map<string, Held>();
  for (const name of await redis.keysBuffer('*')) {
    const dump = await redis.dumpBuffer(name);
    const expiresAt = Number(await redis.call('PEXPIRETIME', name));
    if (dump !== null) found.set(name.toString('latin1'), { dump: dump.toString('hex'), expiresAt });
  }
  return found;
}

/** Milliseconds by which TIME and PTTL, taken one after the other, may miss a key's end. */
const CLOCK_MS = 60;

/** What differs between two states of a database, in words; empty when they are the same. */
export function differences(
  before: ReadonlyMap<string, Held>,
  after: ReadonlyMap<string, Held>,
): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    const shown = JSON.stringify(name);
    if (was === undefined || is === undefined)
      return [`${shown} ${was === undefined ? 'appeared' : 'is missing'}`];
    if (was.dump !== is.dump) return [`${shown} has another value`];
    return Math.abs(was.expiresAt - is.expiresAt) > CLOCK_MS ? [`${shown} ends at another time`] : [];
  });
}

/** Puts a database into a state. */
export async function putState(redis: Redis, state: ReadonlyMap<string, Held>): Promise<void> {
  await redis.flushdb();
  for (const [name, { dump, expiresAt }] of state)
    await redis.restore(
      Buffer.from(name, 'latin1'),
      Math.max(0, expiresAt),
      Buffer.from(dump, 'hex'),
      'ABSTTL',
    );
}

export interface PurgeTest {
  /** A folder that is removed after the test. */
  readonly folder: () => string;
  /** A connection to the test's database, closed after the test. */
  readonly connect: (db?: number) => Redis;
  readonly place: (over?: Partial<Place> & { readonly url?: string }) => Place;
}

/** Call it beside `withRedis`. */
export function withPurge(server: TestRedis): PurgeTest {
  const folders: string[] = [];
  const connections: Redis[] = [];
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'whystale-purge-'));
    folders.push(made);
    return made;
  };
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.disconnect();
    for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
  });
  return {
    folder,
    connect: (db = server.db()) => {
      const redis = new Redis({ host: server.host(), port: server.port(), db });
      connections.push(redis);
      return redis;
    },
    place: ({ url, ...over } = {}) => ({
      store: chooseStore({ redis: url ?? server.url(), db: over.db, env: {} }),
      db: undefined,
      cwd: folder(),
      env: {},
      version: 'test',
      now: () => new Date(),
      signal: new AbortController().signal,
      ...over,
    }),
  };
}

export function selecting(over: { templates?: string[]; keys?: string[]; rows?: string[] }) {
  return { templates: [], keys: [], rows: [], ...over };
}

export const NO_SOURCES = { recording: undefined, map: undefined } as const;
