/** Ways to read through and to invalidate: the right ones, and the plain one that races. */
import type { Client, SetOptions } from './client.ts';
import type { Value } from './database.ts';
import type { Process } from './engine.ts';
import type { Entity } from './entity.ts';
import type { Stored } from './store.ts';

function* lookUp(client: Client, entity: Entity, key: string): Process<Stored | null> {
  return entity.isHash ? yield* client.hgetall(key, entity.db) : yield* client.get(key, entity.db);
}

/** Reads the cache, else the database, and fills: what the fill overwrites is not looked at. */
export function* plainRead(client: Client, entity: Entity, id: Value, options: SetOptions = {}): Process {
  const key = entity.key(id);
  if ((yield* lookUp(client, entity, key)) !== null) return;
  const value = yield* entity.load(client, id);
  if (value === null) return;
  if (entity.isHash) yield* client.hset(key, value, entity.db);
  else yield* client.set(key, value, { ...options, db: entity.db });
}

function generationOf(key: string): string {
  return `gen:${key}`;
}

/** As above; but the fill is a script that compares the generation read before the database was. */
export function* fencedRead(client: Client, entity: Entity, id: Value): Process {
  const key = entity.key(id);
  if ((yield* client.get(key)) !== null) return;
  const generation = (yield* client.get(generationOf(key)))?.text ?? '0';
  const value = yield* entity.load(client, id);
  if (value !== null) yield* fencedFill(client, key, value, generation);
}

export function* fencedFill(client: Client, key: string, value: Stored, generation: string): Process {
  const { store } = client.world;
  yield* client.eval([key, generationOf(key)], [value.text, generation, '60'], (now) => {
    if ((store.get(0, generationOf(key), now)?.text ?? '0') === generation)
      store.set(0, key, value, 60_000, now);
  });
}

/** Raises the generations, then removes the keys. */
export function* fencedRemove(client: Client, keys: readonly string[]): Process {
  for (const key of keys) yield* client.incr(generationOf(key));
  yield* client.del(keys);
}

/** One reader at a time gets a lease to fill; the fill counts only while nobody removed the lease. */
export function* leasedRead(client: Client, entity: Entity, id: Value): Process {
  const key = entity.key(id);
  const lease = `lease:${key}`;
  const { store } = client.world;
  for (let attempt = 0; attempt < 4; attempt++) {
    if ((yield* client.get(key)) !== null) return;
    const token = `lease-${client.world.random.int(1e9)}`;
    if (yield* client.set(lease, { text: token, origin: [] }, { ttl: 5_000, nx: true })) {
      const value = yield* entity.load(client, id);
      if (value === null) return;
      yield* client.eval([key, lease], [value.text, token, '60'], (now) => {
        if (store.get(0, lease, now)?.text !== token) return;
        store.set(0, key, value, 60_000, now);
        store.delete(0, lease, now);
      });
      return;
    }
    yield* client.world.sleep(3);
  }
  yield* entity.load(client, id);
}

/** Writes a value only over an older version. */
export function* storeNewer(client: Client, key: string, value: Stored, version: number): Process {
  const { store } = client.world;
  const versionOf = `version:${key}`;
  yield* client.eval([key, versionOf], [value.text, String(version), '60'], (now) => {
    if (Number(store.get(0, versionOf, now)?.text ?? 0) >= version) return;
    store.set(0, key, value, 60_000, now);
    store.set(0, versionOf, { text: String(version), origin: [] }, 60_000, now);
  });
}

/** What stands in the cache for "no such row". */
export const NO_ROW = 'null';
