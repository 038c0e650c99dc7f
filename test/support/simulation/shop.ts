/** The simulated shop: its tables, its ways to name keys and to write payloads, and what requests do beside their work. */
import type { Client } from './client.ts';
import type { Row, Select, TableSpec, Value } from './database.ts';
import type { Process } from './engine.ts';
import { Entity } from './entity.ts';
import { NO_ROW } from './patterns.ts';
import { Random } from './random.ts';
import type { World } from './world.ts';

export const TABLES: readonly TableSpec[] = [
  {
    name: 'items',
    key: 'id',
    columns: ['id', 'name', 'price', 'stock', 'active', 'category', 'shop', 'slug', 'sku', 'version'],
  },
  { name: 'users', key: 'id', columns: ['id', 'name', 'token', 'last_seen'] },
  { name: 'audit', key: 'id', columns: ['id', 'user_id', 'what', 'at'] },
  { name: 'outbox', key: 'id', columns: ['id', 'key', 'done'] },
];

const COLUMNS = ['id', 'name', 'price', 'stock', 'active'] as const;

/** How keys of an item are named: the key, the template it should get, and the condition that finds the row. */
interface Style {
  readonly key: (item: Row) => string;
  readonly template: string;
  readonly where: (item: Row) => Select['where'];
}

const byId = (item: Row) => ({ id: item.id! });

export const STYLES: Readonly<Record<string, Style>> = {
  colon: { key: (item) => `item:${item.id}`, template: 'item:{id}', where: byId },
  path: { key: (item) => `v2/items/${item.id}.json`, template: 'v2/items/{id}.json', where: byId },
  pipe: { key: (item) => `shop|item|${item.id}`, template: 'shop|item|{id}', where: byId },
  tag: { key: (item) => `{item:${item.id}}`, template: '{item:{id}}', where: byId },
  slug: {
    key: (item) => `product:${item.slug}`,
    template: 'product:{id}',
    where: (item) => ({ slug: item.slug! }),
  },
  tenant: {
    key: (item) => `t:${item.shop}:item:${item.id}`,
    template: 't:{id}:item:{id}',
    where: (item) => ({ shop: item.shop!, id: item.id! }),
  },
};

function present(row: Row): Row {
  return Object.fromEntries(COLUMNS.map((column) => [column, row[column]!]));
}

/** How an item's payload is written. */
export const SHAPES: Readonly<Record<string, (row: Row) => string>> = {
  document: (row) => JSON.stringify(present(row)),
  renamed: (row) =>
    JSON.stringify({ itemName: row.name, unitPrice: row.price, inStock: row.stock, isActive: row.active }),
  nested: (row) => JSON.stringify({ data: { item: present(row) }, meta: { format: 2 } }),
  html: (row) => `<li class="item"><b>${row.name}</b> costs <i>${row.price}</i>, ${row.stock} left</li>`,
  scalar: (row) => String(row.price),
  hash: (row) => JSON.stringify(present(row)),
};

export interface Variety {
  readonly style: keyof typeof STYLES;
  readonly shape: keyof typeof SHAPES;
  readonly items: number;
  /** Whether every request authenticates, notes when its user was seen, and writes to the audit log. */
  readonly bystanders: boolean;
  /** Whether writes use transaction blocks. */
  readonly blocks: boolean;
  /** Share of the items that are there at the beginning. */
  readonly present: number;
}

const WORDS = [
  'lamp',
  'chair',
  'table',
  'mirror',
  'carpet',
  'shelf',
  'clock',
  'vase',
  'stool',
  'bench',
  'sofa',
  'desk',
];

export class Shop {
  readonly world: World;
  readonly random: Random;
  readonly variety: Variety;
  readonly items: Row[] = [];
  readonly item: Entity;
  readonly entities: Entity[] = [];
  /** Ids that a request is creating or deleting right now. */
  readonly busy = new Set<Value>();
  #serial = 1_000;

  constructor(world: World, variety: Variety) {
    this.world = world;
    this.variety = variety;
    this.random = new Random(world.options.seed * 31 + 7);
    for (let id = 1; id <= variety.items; id++) this.items.push(this.#newItem(id));
    world.database.seed('items', this.items.slice(0, Math.ceil(variety.items * variety.present)));
    world.database.seed(
      'users',
      Array.from({ length: 20 }, (_, i) => ({
        id: i + 1,
        name: `user${i + 1}`,
        token: `tok-${7919 * (i + 3)}`,
        last_seen: 0,
      })),
    );
    this.item = this.#itemEntity();
  }

  #newItem(id: number): Row {
    const word = WORDS[id % WORDS.length]!;
    return {
      id,
      name: `${word} ${id}`,
      price: this.price(),
      stock: this.random.int(200),
      active: true,
      category: (id % 3) + 1,
      shop: 700 + (id % 4),
      slug: `${word}-${WORDS[(id * 5 + 3) % WORDS.length]}-${id}`,
      sku: `SKU${40_000 + id}`,
      version: 1,
    };
  }

  add(entity: Entity): Entity {
    this.entities.push(entity);
    return entity;
  }

  #itemEntity(): Entity {
    const { style: styleName, shape } = this.variety;
    const style = STYLES[styleName]!;
    const columns = shape === 'scalar' ? ['price'] : [...COLUMNS, 'version'];
    const item = (id: Value) => this.items.find((one) => one.id === id) ?? this.items[0]!;
    const hash = (results: readonly (readonly Row[])[]) => {
      const row = results[0]?.[0];
      return row === undefined
        ? null
        : Object.fromEntries(COLUMNS.map((column) => [column, String(row[column])]));
    };
    return this.add(
      new Entity({
        name: 'item',
        key: (id) => style.key(item(id)),
        queries: (id) => [{ table: 'items', columns, where: style.where(item(id)) }],
        render: ([rows]) => {
          if (rows?.[0] !== undefined) return SHAPES[shape]!(rows[0]);
          return this.variety.present < 1 ? NO_ROW : null;
        },
        ...(shape === 'hash' ? { fields: hash } : {}),
      }),
    );
  }

  /** A list of a category's items, or their number. */
  list(kind: 'items' | 'limited' | 'count'): Entity {
    return this.add(
      new Entity({
        name: 'list',
        key: (category) => `category:${category}:${kind}`,
        queries: (category) => [
          {
            table: 'items',
            columns: kind === 'count' ? ['id'] : [...COLUMNS],
            where: { category, active: true },
            ...(kind === 'limited' ? { orderBy: 'price', limit: 3 } : {}),
            ...(kind === 'count' ? { aggregate: 'count' as const } : {}),
          },
        ],
        render: ([rows]) => JSON.stringify(kind === 'count' ? rows![0]!.count : rows!.map(present)),
      }),
    );
  }

  get template(): string {
    return STYLES[this.variety.style]!.template;
  }

  price(): number {
    return 1_000 + this.random.int(90_000);
  }

  serial(): number {
    return ++this.#serial;
  }

  anyId(): number {
    // A few are hot.
    return 1 + Math.min(this.random.int(this.variety.items), this.random.int(this.variety.items));
  }

  /** Updates an item, in a block or by itself. */
  *change(client: Client, id: Value): Process {
    const set = this.random.chance(0.2)
      ? { stock: this.random.int(200), price: this.price() }
      : { price: this.price() };
    const update = { table: 'items', set, where: { id } };
    if (!this.variety.blocks) yield* client.update(update);
    else
      yield* client.transaction(function* (open) {
        yield* client.update(update, open);
        return undefined;
      });
  }

  /** What every request does first. */
  *arrive(client: Client): Process {
    if (!this.variety.bystanders) return;
    const user = 1 + this.random.int(20);
    const token = `tok-${7919 * (user + 2)}`;
    yield* client.select({ table: 'users', columns: ['id', 'name'], where: { token } });
    if (this.random.chance(0.3))
      yield* client.update({
        table: 'users',
        set: { last_seen: Math.round(this.world.engine.now) },
        where: { id: user },
      });
  }

  /** What some requests do last. */
  *leave(client: Client): Process {
    if (!this.variety.bystanders || !this.random.chance(0.2)) return;
    const row = {
      id: this.serial(),
      user_id: 1 + this.random.int(20),
      what: 'seen',
      at: Math.round(this.world.engine.now),
    };
    yield* client.insert('audit', row);
  }
}
