/**
 * What a client does. A step reads something into the cache, writes it, and reads it again, so that a value left behind
 * is met. The mixes say how often each step is taken, in general and for each bug.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CATEGORIES, ITEMS, PAGES, USERS } from './shop-client.mjs';

const HOT_ITEMS = 6;
const READS_AFTER = 4;
const RACING_READERS = 4;
const READERS_APART_MS = 2;
const LONGEST_WAIT_MS = 200;
const SWEEP = 24;
const BURST = 24;
/** Weight of the steps that meet a bug; all others together weigh 25. */
const FOCUS = 50;

/**
 * @typedef {object} Client
 * @property {ReturnType<import('./shop-client.mjs').createShopClient>} shop
 * @property {ReturnType<import('./random.mjs').createRandom>} random
 * @property {string} token
 * @property {number} own the item that this client writes most
 * @property {() => number} next a number that no other client of this run uses
 */

const times = (count, work) => Promise.all(Array.from({ length: count }, (_, index) => work(index)));

async function again(count, work) {
  for (let index = 0; index < count; index += 1) await work();
}

/** A price that is written once in a run. */
const priceOf = (client) => (150_000 + ((client.next() * 37) % 9_000_000)) / 100;

const anyItem = ({ random }) =>
  random.fraction() < 0.5 ? random.between(1, HOT_ITEMS) : random.between(1, ITEMS);

const newItem = (client, id) => {
  const price = priceOf(client);
  return { name: `Item ${id} at ${price.toFixed(2)}`, price };
};

/** @type {Record<string, (client: Client) => Promise<unknown>>} */
const STEPS = {
  async browse({ shop, random, token }) {
    await shop.page(random.between(1, PAGES));
    await shop.item(random.between(1, ITEMS));
    await shop.category(random.between(1, CATEGORIES), token);
    await shop.user(random.between(1, USERS), random.pick(['id', 'slug']), token);
    await shop.stock(random.between(1, ITEMS));
    if (random.fraction() < 0.3) await shop.stats(token);
    if (random.fraction() < 0.1) await shop.unknown();
  },

  async item(client) {
    const { shop, token } = client;
    const id = anyItem(client);
    await again(2, () => shop.item(id));
    await shop.putItem(id, newItem(client, id), token);
    await again(READS_AFTER, () => shop.item(id));
    await shop.page(Math.ceil(id / 10));
  },

  /** Readers of a cold key while it is written: they begin at a random moment of the time that a write takes. */
  async race(client) {
    const { shop, random, token, own: id } = client;
    const start = performance.now();
    await shop.putItem(id, newItem(client, id), token);
    const first = random.fraction() * Math.min(performance.now() - start, LONGEST_WAIT_MS);
    await Promise.all([
      shop.putItem(id, newItem(client, id), token),
      times(RACING_READERS, (index) => pause(first + index * READERS_APART_MS).then(() => shop.item(id))),
    ]);
    await again(READS_AFTER, () => shop.item(id));
  },

  async lists(client) {
    const { shop, token } = client;
    const id = anyItem(client);
    const page = Math.ceil(id / 10);
    await shop.page(page);
    const { category_id: category } = (await shop.putItem(id, newItem(client, id), token)) ?? {
      category_id: 1,
    };
    await shop.category(category);
    await shop.putItem(id, newItem(client, id), token);
    await again(2, () => shop.page(page));
    await again(2, () => shop.category(category));
  },

  async move(client) {
    const { shop, random, token } = client;
    await shop.moveItem(anyItem(client), random.between(1, CATEGORIES), priceOf(client), token);
  },

  async order(client) {
    const { shop, random, token } = client;
    const id = anyItem(client);
    const restockTo = 500_000 + client.next() * 100;
    await again(2, () => shop.stock(id));
    await shop.order(id, random.between(1, 9), restockTo, token);
    await again(READS_AFTER, () => shop.stock(id));
  },

  async restock(client) {
    const { shop, token } = client;
    const id = anyItem(client);
    await shop.stock(id);
    await shop.putStock(id, 500_000 + client.next() * 100, token);
    await again(READS_AFTER, () => shop.stock(id));
  },

  async user(client) {
    const { shop, random, token } = client;
    const id = random.between(1, USERS);
    const change = {
      name: `Member ${id} rev ${client.next()}`,
      city: random.pick(['Bergen', 'Leeds', 'Turin', 'Gdansk']),
    };
    await shop.user(id, 'id', token);
    await shop.user(id, 'slug', token);
    await shop.putUser(id, change, token);
    await again(READS_AFTER, () => shop.user(id, 'id', token));
    await again(READS_AFTER, () => shop.user(id, 'slug'));
  },

  /** Many items in the cache, then one of them changes. */
  async sweep(client) {
    const { shop, token } = client;
    await times(4, async (part) => {
      for (let id = 1 + part; id <= SWEEP; id += 4) await shop.item(id);
    });
    const id = client.random.between(1, SWEEP);
    await shop.putItem(id, newItem(client, id), token);
  },

  /** Everybody looks at the figures right after an order removed them. */
  async burst(client) {
    const { shop, random, token } = client;
    await shop.order(random.between(1, ITEMS), 1, 500_000 + client.next() * 100, token);
    await times(BURST, () => shop.stats());
  },
};

const EVERYTHING = {
  browse: 8,
  item: 3,
  race: 3,
  lists: 2,
  move: 1,
  order: 3,
  restock: 1,
  user: 2,
  sweep: 1,
  burst: 1,
};

/** Mixes by bug: the steps that meet it, among some of everything else. */
const MIXES = {
  '': EVERYTHING,
  'missing-invalidation': { ...EVERYTHING, order: FOCUS, restock: FOCUS / 4 },
  'wrong-key': { ...EVERYTHING, item: FOCUS },
  'invalidate-before-commit': { ...EVERYTHING, race: FOCUS },
  'stale-fill-race': { ...EVERYTHING, race: FOCUS },
  'partial-invalidation': { ...EVERYTHING, user: FOCUS },
  'ttl-only': { ...EVERYTHING, user: FOCUS },
  'ttl-lost': { ...EVERYTHING, user: FOCUS },
  'over-invalidation': { ...EVERYTHING, sweep: FOCUS },
  stampede: { ...EVERYTHING, burst: FOCUS },
};

export const SCENARIOS = Object.keys(MIXES).filter((name) => name !== '');

/**
 * The mix of one bug, of several with commas, or of none.
 * @param {string} scenario
 * @returns {Record<string, number>}
 */
export function mixOf(scenario) {
  const names =
    scenario === 'none'
      ? []
      : scenario
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean);
  const mix = { ...EVERYTHING };
  for (const name of names) {
    const wanted = MIXES[name];
    if (wanted === undefined) throw new Error(`traffic: "${name}" is none of ${SCENARIOS.join(', ')}`);
    for (const [step, weight] of Object.entries(wanted)) mix[step] = Math.max(mix[step], weight);
  }
  return mix;
}

/**
 * These steps alone, each as often as it is named.
 * @param {readonly string[]} names
 * @returns {Record<string, number>}
 */
export function mixOfSteps(names) {
  for (const name of names)
    if (!(name in STEPS)) throw new Error(`traffic: "${name}" is none of ${Object.keys(STEPS).join(', ')}`);
  /** @type {Record<string, number>} */
  const mix = {};
  for (const name of names) mix[name] = (mix[name] ?? 0) + 1;
  return mix;
}

/** @param {string} name @param {Client} client */
export const takeStep = (name, client) => STEPS[name](client);
