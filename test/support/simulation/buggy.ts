/** Services with one bug each. */
import type { Found } from './client.ts';
import { fencedRead, fencedRemove, plainRead } from './patterns.ts';
import { read, readList, type Service, type Variant, write } from './service.ts';
import type { Shop } from './shop.ts';

const NO_HASH = { notShapes: ['hash'] } as const;
const COLUMNS = ['id', 'name', 'price', 'stock', 'active', 'version'];

function forgottenWriter(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id)),
      write(function* (client, id) {
        yield* shop.change(client, id);
        yield* fencedRemove(client, [shop.item.key(id)]);
      }, 8),
      {
        method: 'POST',
        path: (id) => `/admin/prices/${id}`,
        weight: 6,
        run: function* (client, id) {
          yield* client.update({ table: 'items', set: { price: shop.price(), active: true }, where: { id } });
        },
      },
    ],
  };
}

/** Removes something else. */
function wrongKey(shop: Shop, wrong: 'prefix' | 'database' | 'id'): Service {
  return {
    actions: [
      read((client, id) => plainRead(client, shop.item, id, { ttl: 300 })),
      write(function* (client, id) {
        yield* shop.change(client, id);
        const key = shop.item.key(id);
        if (wrong === 'database') yield* client.del([key], { db: 1 });
        else if (wrong === 'prefix') yield* client.del([`old-${key}`]);
        else yield* client.del([`item:${shop.items[id - 1]!.sku}`]);
      }),
    ],
  };
}

function beforeCommit(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => plainRead(client, shop.item, id, { ttl: 400 })),
      write(function* (client, id) {
        yield* client.transaction(function* (open) {
          yield* client.update({ table: 'items', set: { price: shop.price() }, where: { id } }, open);
          yield* client.del([shop.item.key(id)]);
          yield* client.world.sleep(shop.random.exponential(4));
          return undefined;
        });
      }),
    ],
  };
}

function noFence(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => plainRead(client, shop.item, id)),
      write(function* (client, id) {
        yield* shop.change(client, id);
        yield* client.del([shop.item.key(id)]);
      }),
    ],
  };
}

function failingRemoval(shop: Shop, fails: 'error' | 'lost'): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id)),
      write(function* (client, id) {
        yield* shop.change(client, id);
        const key = shop.item.key(id);
        if (shop.random.chance(0.3)) yield* client.del([key], { fails });
        else yield* fencedRemove(client, [key]);
      }),
    ],
  };
}

/** Stores the new value inside the transaction, and some transactions are rolled back. */
function uncommitted(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => plainRead(client, shop.item, id, { ttl: 300 })),
      write(function* (client, id) {
        yield* client.transaction(function* (open) {
          const update = { table: 'items', set: { price: shop.price() }, where: { id } };
          const found = yield* client.update(update, open, COLUMNS);
          const value = shop.item.stored([found.rows], id, [found.origin])!;
          yield* client.set(shop.item.key(id), value, { ttl: 300 });
          yield* client.world.pause();
          return shop.random.chance(0.3) ? 'rollback' : undefined;
        });
      }),
    ],
  };
}

function writeOrder(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id), 60),
      write(function* (client, id) {
        let found: Found | null = null;
        const update = { table: 'items', set: { price: shop.price() }, where: { id } };
        if (shop.variety.blocks)
          yield* client.transaction(function* (open) {
            found = yield* client.update(update, open, COLUMNS);
            return undefined;
          });
        else found = yield* client.update(update, null, COLUMNS);
        const { rows, origin } = found!;
        const key = shop.item.key(id);
        yield* client.incr(`gen:${key}`);
        yield* client.set(key, shop.item.stored([rows], id, [origin])!);
      }, 25),
    ],
  };
}

function partial(shop: Shop, kind: 'items' | 'limited'): Service {
  const list = shop.list(kind);
  return {
    template: `category:{id}:${kind}`,
    actions: [
      read((client, id) => fencedRead(client, shop.item, id)),
      readList((client, id) => plainRead(client, list, (id % 3) + 1, { ttl: 400 })),
      write(function* (client, id) {
        yield* shop.change(client, id);
        yield* fencedRemove(client, [shop.item.key(id)]);
      }),
    ],
  };
}

function negative(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id)),
      write(function* (client, id) {
        if (shop.busy.has(id)) return;
        shop.busy.add(id);
        if (shop.world.database.exists('items', id)) {
          if (shop.random.chance(0.5)) yield* client.delete('items', { id });
          else yield* shop.change(client, id);
          yield* fencedRemove(client, [shop.item.key(id)]);
        } else yield* client.insert('items', { ...shop.items[id - 1]!, price: shop.price() });
        shop.busy.delete(id);
      }),
    ],
  };
}

function timeToLiveOnly(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => plainRead(client, shop.item, id, { ttl: 150 })),
      write((client, id) => shop.change(client, id)),
    ],
  };
}

/** Writes through without a time to live; readers give one. */
function lostTimeToLive(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => plainRead(client, shop.item, id)),
      write(function* (client, id) {
        yield* client.transaction(function* (open) {
          const update = { table: 'items', set: { price: shop.price() }, where: { id } };
          const { rows, origin } = yield* client.update(update, open, COLUMNS);
          yield* client.set(shop.item.key(id), shop.item.stored([rows], id, [origin])!, { ttl: null });
          return undefined;
        });
      }),
    ],
  };
}

/** Every write removes all items. */
function sweep(shop: Shop): Service {
  return {
    actions: [
      read((client, id) => fencedRead(client, shop.item, id), 200),
      write(function* (client, id) {
        yield* shop.change(client, id);
        yield* fencedRemove(client, [shop.item.key(id)]);
        yield* client.del(shop.items.map((item) => shop.item.key(item.id!)));
      }, 6),
    ],
  };
}

function stampede(shop: Shop): Service {
  const list = shop.list('items');
  const { queries } = list.spec;
  const slow = (id: Parameters<typeof queries>[0]) => queries(id).map((query) => ({ ...query, takes: 12 }));
  Object.assign(list.spec, { queries: slow });
  return {
    template: 'category:{id}:items',
    actions: [readList((client) => plainRead(client, list, 1, { ttl: 60 }))],
  };
}

export const BUGGY: readonly Variant[] = [
  { name: 'a writer forgets', code: 'WS101', needs: NO_HASH, make: forgottenWriter },
  { name: 'wrong prefix', code: 'WS102', make: (shop) => wrongKey(shop, 'prefix') },
  { name: 'wrong database', code: 'WS102', make: (shop) => wrongKey(shop, 'database') },
  { name: 'wrong kind of id', code: 'WS102', make: (shop) => wrongKey(shop, 'id') },
  { name: 'removed before the commit', code: 'WS103', make: beforeCommit },
  { name: 'fill without a fence', code: 'WS104', make: noFence },
  { name: 'removal refused', code: 'WS105', needs: NO_HASH, make: (shop) => failingRemoval(shop, 'error') },
  { name: 'removal lost', code: 'WS105', needs: NO_HASH, make: (shop) => failingRemoval(shop, 'lost') },
  { name: 'rolled back', code: 'WS106', needs: NO_HASH, make: uncommitted },
  { name: 'writers race', code: 'WS109', needs: NO_HASH, make: writeOrder },
  { name: 'list forgotten', code: 'WS110', needs: NO_HASH, make: (shop) => partial(shop, 'items') },
  { name: 'limited list forgotten', code: 'WS110', needs: NO_HASH, make: (shop) => partial(shop, 'limited') },
  { name: 'absence remembered', code: 'WS111', needs: { ...NO_HASH, present: 0.4 }, make: negative },
  { name: 'time to live only', code: 'WS112', make: timeToLiveOnly },
  { name: 'time to live lost', code: 'WS113', needs: NO_HASH, make: lostTimeToLive },
  { name: 'sweep', code: 'WS201', needs: { ...NO_HASH, items: 30 }, make: sweep },
  { name: 'stampede', code: 'WS202', needs: { crowd: true }, make: stampede },
];
