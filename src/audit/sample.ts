/**
 * Looks into some of the keys of a Redis: SCAN, then one typed read of each chosen key, within bounds. Reads only; where the
 * server can (version 7.2), they do not count as uses of the keys.
 */
import type { Redis } from 'ioredis';

/** Every bound of a sample. */
export const SAMPLE_LIMITS = {
  /** Keys whose names are looked at. */
  names: 20_000,
  /** Keys whose values are read, and of those alike in name. */
  values: 1_000,
  alike: 20,
  /** Bytes of one string, entries of one collection. */
  valueBytes: 262_144,
  entries: 50,
  /** Bytes of memory from which a collection is not read at all: its single entries may be of any size. */
  collectionBytes: 16_777_216,
  /** Bytes of all values together. */
  allBytes: 33_554_432,
  /** Asked for with each SCAN. */
  page: 500,
  /** Time for all of it, ms. */
  time: 10_000,
} as const;

/** The parts of one value: its bytes, its elements, or its fields with their names. */
export interface SampledValue {
  readonly key: string;
  readonly parts: readonly Uint8Array[];
  readonly fields: ReadonlyMap<string, Uint8Array> | null;
}

export interface Sample {
  /** Names seen, as text. */
  readonly names: readonly string[];
  /** Keys of the database, as far as it tells. */
  readonly size: number | null;
  readonly values: readonly SampledValue[];
  /** Values that could not be read: refused, gone, too large, of a type unknown here. */
  readonly unread: number;
  /** Why names could not be listed; null: they were. */
  readonly refused: string | null;
}

/** Takes a sample. Never throws: what cannot be asked is told. `clock` gives milliseconds. */
export async function takeSample(redis: Redis, clock: () => number = Date.now): Promise<Sample> {
  const until = clock() + SAMPLE_LIMITS.time;
  await redis.call('CLIENT', 'NO-TOUCH', 'ON').catch(() => null);
  const size = await redis.dbsize().catch(() => null);
  const names: Buffer[] = [];
  let refused: string | null = null;
  try {
    await listNames(redis, names, () => clock() < until);
  } catch (error) {
    refused = error instanceof Error ? error.message : String(error);
  }
  const values: SampledValue[] = [];
  let unread = 0;
  let bytes = 0;
  for (const name of chosen(names)) {
    if (clock() >= until || bytes >= SAMPLE_LIMITS.allBytes) break;
    const value = await readValue(redis, name).catch(() => null);
    if (value === null) unread++;
    else values.push(value);
    for (const part of value?.parts ?? []) bytes += part.length;
  }
  return { names: names.map(textOf), size, values, unread, refused };
}

async function listNames(redis: Redis, names: Buffer[], hasTime: () => boolean): Promise<void> {
  let cursor = '0';
  do {
    const reply: unknown = await redis.callBuffer('SCAN', cursor, 'COUNT', SAMPLE_LIMITS.page);
    const [next, page] = Array.isArray(reply) ? (reply as unknown[]) : [];
    if (!Buffer.isBuffer(next) || !Array.isArray(page)) return;
    for (const name of page) if (Buffer.isBuffer(name)) names.push(name);
    cursor = next.toString();
  } while (cursor !== '0' && names.length < SAMPLE_LIMITS.names && hasTime());
  names.length = Math.min(names.length, SAMPLE_LIMITS.names);
}

/** Some of each kind of name, so that the many of one kind do not hide the few of another. */
function chosen(names: readonly Buffer[]): readonly Buffer[] {
  const seen = new Map<string, number>();
  const picked: Buffer[] = [];
  for (const name of names) {
    const shape = textOf(name).replace(/[0-9a-f]*\d[\w-]*/gi, '#');
    const count = seen.get(shape) ?? 0;
    if (count >= SAMPLE_LIMITS.alike || picked.length >= SAMPLE_LIMITS.values) continue;
    seen.set(shape, count + 1);
    picked.push(name);
  }
  return picked;
}

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8');
}

const LAST = SAMPLE_LIMITS.entries - 1;

/** How each collection is read; a hash gives fields and values in turn. */
const READS: Readonly<Record<string, (key: Buffer) => readonly [string, ...(string | number | Buffer)[]]>> = {
  hash: (key) => ['HSCAN', key, 0, 'COUNT', SAMPLE_LIMITS.entries],
  list: (key) => ['LRANGE', key, 0, LAST],
  set: (key) => ['SSCAN', key, 0, 'COUNT', SAMPLE_LIMITS.entries],
  zset: (key) => ['ZRANGE', key, 0, LAST],
  stream: (key) => ['XRANGE', key, '-', '+', 'COUNT', SAMPLE_LIMITS.entries],
  'ReJSON-RL': (key) => ['JSON.GET', key],
};

async function readValue(redis: Redis, name: Buffer): Promise<SampledValue | null> {
  const key = textOf(name);
  const type = String(await redis.call('TYPE', name));
  if (type === 'string') {
    const bytes: unknown = await redis.callBuffer('GETRANGE', name, 0, SAMPLE_LIMITS.valueBytes - 1);
    return Buffer.isBuffer(bytes) ? { key, parts: [bytes], fields: null } : null;
  }
  const read = READS[type];
  if (read === undefined) return null;
  const memory: unknown = await redis.call('MEMORY', 'USAGE', name).catch(() => null);
  if (typeof memory === 'number' && memory > SAMPLE_LIMITS.collectionBytes) return null;
  const [command, ...args] = read(name);
  const parts = leaves(await redis.callBuffer(command, ...args));
  // The cursor comes first.
  if (type === 'hash') return { key, parts: [], fields: pairs(parts.slice(1)) };
  return { key, parts: type === 'set' ? parts.slice(1) : parts, fields: null };
}

function leaves(reply: unknown): readonly Buffer[] {
  if (Buffer.isBuffer(reply)) return [reply.subarray(0, SAMPLE_LIMITS.valueBytes)];
  return Array.isArray(reply) ? reply.flatMap(leaves) : [];
}

function pairs(flat: readonly Buffer[]): ReadonlyMap<string, Uint8Array> {
  const fields = new Map<string, Uint8Array>();
  for (let at = 0; at + 1 < flat.length; at += 2)
    fields.set(textOf(flat[at] as Buffer), flat[at + 1] as Buffer);
  return fields;
}
