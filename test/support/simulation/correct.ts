/** Services that are right: whatever happens, no hit is older than a write that was over before it. */
import type { Client, Found } from './client.ts';
import { Entity } from './entity.ts';
import { fencedFill, fencedRead, fencedRemove, leasedRead, storeNewer } from './patterns.ts';
import { type Action, read, readList, type Service, type Variant, write } from './service.ts';
import type { Shop } from './shop.ts';

const NO_HASH = { notShapes: ['hash'] } as const;
const COLUMNS = ['id', 'name', 'price', 'stock', 'active', 'version'];

/** A report in one snapshot, cached nowhere. */
function report(shop: Shop): Action {
  return readList(function* (client, id) {
    yield* client.transaction(function* (open) {
      const where = { category: (id % 3) + 1 };
      yield* client.select({ table: 'items', columns: ['id', 'price', 'stock'], where }, open);
      yield* client.select({ table: 'items', columns: COLUMNS, where: { id: shop.anyId() } }, open);
      return undefined;
    }, true);
  }, 10);
}

function fence(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id)),
      write(function* (client, id) {
        yield* shop.change(client, id);
        yield* fencedRemove(client, [shop.item.key(id)]);
      }),
      report(shop),
    ],
  };
}

function leases(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => leasedRead(client, shop.item, id)),
      write(function* (client, id) {
        yield* shop.change(client, id);
        const key = shop.item.key(id);
        yield* client.del([key, `lease:${key}`]);
      }),
    ],
  };
}

function* newer(client: Client, shop: Shop, id: number, found: Found) {
  const value = shop.item.stored([found.rows], id, [found.origin]);
  if (value !== null) yield* storeNewer(client, shop.item.key(id), value, Number(found.rows[0]!.version));
}

function writeThrough(shop: Shop, inside: boolean): Service {
  return {
    actions: [
      read(function* (client, id) {
        if ((yield* client.get(shop.item.key(id))) !== null) return;
        yield* newer(
          client,
          shop,
          id,
          yield* client.select({ table: 'items', columns: COLUMNS, where: { id } }),
        );
      }),
      write(function* (client, id) {
        const set = { price: shop.price(), version: nextVersion };
        const update = { table: 'items', set, where: { id } };
        let found: Found | null = null;
        yield* client.transaction(function* (open) {
          found = yield* client.update(update, open, COLUMNS);
          if (inside) yield* newer(client, shop, id, found);
          return undefined;
        });
        if (!inside && found !== null) yield* newer(client, shop, id, found);
      }),
    ],
  };
}

function nextVersion(row: { readonly [column: string]: unknown }): number {
  return Number(row.version) + 1;
}

/** Nothing about items is cached; something else is, and rightly. */
function uncached(shop: Shop): Service {
  const user = shop.add(
    new Entity({
      name: 'user',
      key: (id) => `user:${id}`,
      queries: (id) => [{ table: 'users', columns: ['id', 'name', 'token'], where: { id } }],
      render: ([rows]) => JSON.stringify({ id: rows![0]!.id, name: rows![0]!.name }),
    }),
  );
  return {
    actions: [
      read(function* (client, id) {
        yield* fencedRead(client, user, 1 + (id % 20));
        yield* shop.item.load(client, id);
      }),
      write((client, id) => shop.change(client, id)),
      {
        method: 'PATCH',
        path: (id) => `/users/${id}`,
        weight: 8,
        run: function* (client, id) {
          const name = `${shop.random.pick(['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara'])} ${shop.random.int(1e6)}`;
          yield* client.update({ table: 'users', set: { name }, where: { id: 1 + (id % 20) } });
          yield* fencedRemove(client, [user.key(1 + (id % 20))]);
        },
      },
    ],
  };
}

/** Keys carry a generation; writers raise it, and what was cached under the old one is never asked for again. */
function versionedKeys(shop: Shop): Service {
  const counter = (id: number) => `itemgen:${id}`;
  return {
    actions: [
      read(function* (client, id) {
        const generation = (yield* client.get(counter(id)))?.text ?? '0';
        const key = `${shop.item.spec.key(id)}:g${generation}`;
        if ((yield* client.get(key)) !== null) return;
        const value = yield* shop.item.load(client, id);
        if (value !== null) yield* client.set(key, value);
      }),
      write(function* (client, id) {
        yield* shop.change(client, id);
        yield* client.incr(counter(id));
      }),
    ],
  };
}

/** Lists and items, all removed; items of a list are read with one command. */
function lists(shop: Shop): Service {
  const list = shop.list('items');
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id), 40),
      readList((client, id) => fencedRead(client, list, (id % 3) + 1)),
      {
        method: 'GET',
        path: () => '/items',
        weight: 20,
        run: function* (client) {
          const ids = [...new Set([shop.anyId(), shop.anyId(), shop.anyId()])];
          const keys = ids.map((id) => shop.item.key(id));
          const generations = yield* client.mget(keys.map((key) => `gen:${key}`));
          const values = yield* client.mget(keys);
          for (const [i, id] of ids.entries()) {
            if (values[i] !== null) continue;
            const value = yield* shop.item.load(client, id);
            if (value !== null) yield* fencedFill(client, keys[i]!, value, generations[i]?.text ?? '0');
          }
        },
      },
      write(function* (client, id) {
        yield* shop.change(client, id);
        yield* fencedRemove(client, [shop.item.key(id), list.key((id % 3) + 1)]);
      }),
    ],
  };
}

/** "No such row" is cached too, and removed when the row comes. */
function negative(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id)),
      write(function* (client, id) {
        if (shop.busy.has(id)) return;
        shop.busy.add(id);
        const there = shop.world.database.exists('items', id);
        if (there && shop.random.chance(0.5)) yield* shop.change(client, id);
        else if (there) yield* client.delete('items', { id });
        else yield* client.insert('items', { ...shop.items[id - 1]!, price: shop.price() });
        yield* fencedRemove(client, [shop.item.key(id)]);
        shop.busy.delete(id);
      }),
    ],
  };
}

/** A worker removes keys some time after the commit, from a table that was written with the change. */
function outbox(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id)),
      write(function* (client, id) {
        yield* client.transaction(function* (open) {
          yield* client.update({ table: 'items', set: { price: shop.price() }, where: { id } }, open);
          yield* client.insert('outbox', { id: shop.serial(), key: shop.item.key(id), done: false }, open);
          return undefined;
        });
      }),
    ],
    background: [(client) => relay(client)],
  };
}

function* relay(client: Client) {
  const { world } = client;
  yield* world.sleep(15);
  const query = { table: 'outbox', columns: ['id', 'key'], where: { done: false }, orderBy: 'id', limit: 20 };
  const { rows } = yield* client.select(query);
  for (const { id, key } of rows) {
    const write = world.writes.find((one) => one.txn.writes.get('outbox')?.has(id!));
    client.writes.splice(0, client.writes.length, ...(write === undefined ? [] : [write]));
    yield* fencedRemove(client, [String(key)]);
    yield* client.delete('outbox', { id: id! });
  }
}

export const CORRECT: readonly Variant[] = [
  { name: 'generation fence', code: null, needs: NO_HASH, make: fence },
  { name: 'leases', code: null, needs: NO_HASH, make: leases },
  {
    name: 'write-through inside the transaction, newer wins',
    code: null,
    needs: { shape: 'document', style: 'colon' },
    make: (shop) => writeThrough(shop, true),
  },
  {
    name: 'write-through after the commit, newer wins',
    code: null,
    needs: { shape: 'nested', style: 'pipe' },
    make: (shop) => writeThrough(shop, false),
  },
  { name: 'not cached', code: null, make: uncached },
  { name: 'versioned keys', code: null, needs: NO_HASH, make: versionedKeys },
  { name: 'lists and items', code: null, needs: NO_HASH, make: lists },
  { name: 'negative answers', code: null, needs: { ...NO_HASH, present: 0.5 }, make: negative },
  { name: 'outbox', code: null, needs: NO_HASH, make: outbox },
];
