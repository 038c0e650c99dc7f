/** Requests to a shop, with figures. Every answer that shows a known fact is held against it. */
import { createAgent, send } from './http.mjs';
import { createTruth } from './truth.mjs';

const MAX_KEPT_NOTES = 20;

export const ITEMS = 60;
export const CATEGORIES = 6;
export const USERS = 20;
export const PAGES = 6;

/** @param {number} id */
export const slugOf = (id) => `member-${String.fromCharCode(96 + id)}`;

const priceOf = (id) => `item ${id} price`;
const nameOf = (id) => `user ${id} name`;
const stockOf = (id) => `stock ${id}`;
const allPrices = Array.from({ length: ITEMS }, (_, index) => priceOf(index + 1));
const prices = (items) => items.map((item) => [priceOf(item.id), item.price]);

/** Sends requests and counts them. `ask` answers null when a request failed. */
function createMeter(urls) {
  const bases = urls.map((url) => new URL(url));
  const agent = createAgent(bases.length);
  const figures = { requests: 0, errors: 0, staleAnswers: 0, routes: {}, notes: [] };

  function note(text) {
    if (figures.notes.length < MAX_KEPT_NOTES) figures.notes.push(text);
  }

  function rowOf(route) {
    figures.routes[route] ??= { requests: 0, errors: 0, staleAnswers: 0 };
    return figures.routes[route];
  }

  async function ask(route, path, { body, token, accept = [200] } = {}) {
    const method = route.slice(0, route.indexOf(' '));
    const base = bases[figures.requests % bases.length];
    figures.requests += 1;
    rowOf(route).requests += 1;
    try {
      const answer = await send(base, agent, method, path, body, token);
      if (accept.includes(answer.status)) return answer;
      note(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
    } catch (error) {
      note(`${method} ${path} failed: ${error.message}`);
    }
    figures.errors += 1;
    rowOf(route).errors += 1;
    return null;
  }

  function stale(route, text) {
    figures.staleAnswers += 1;
    rowOf(route).staleAnswers += 1;
    note(`stale: ${text}`);
  }

  /** Whether every process answers that it is well. */
  async function health() {
    const answers = await Promise.allSettled(bases.map((base) => send(base, agent, 'GET', '/healthz')));
    return answers.every((answer) => answer.value?.status === 200);
  }

  return { figures, ask, stale, health, close: () => agent.destroy() };
}

/** @param {readonly string[]} urls base addresses of the shop's processes, taken in turn */
export function createShopClient(urls) {
  const meter = createMeter(urls);
  const truth = createTruth();
  const orders = { placed: 0, before: null };
  return {
    figures: meter.figures,
    health: meter.health,
    close: meter.close,
    unknown: (token) => meter.ask('GET /items/{id}', '/items/99999', { token, accept: [404] }),
    ...createReads(meter, truth, orders),
    ...createWrites(meter, truth, orders),
  };
}

function createReads(meter, truth, orders) {
  /** GET, then compares what it shows: `shownOf` lists [fact, value] of a body, `facts` those it may list. */
  async function show(route, path, facts, token, shownOf) {
    const checks = new Map(facts.map((fact) => [fact, truth.expect(fact)]));
    const answer = await meter.ask(route, path, { token });
    if (answer === null) return null;
    for (const [fact, value] of shownOf(answer.body)) {
      if (!checks.get(fact)?.(value)) continue;
      meter.stale(route, `GET ${path} showed ${fact} = ${value}, written last: ${truth.last(fact)}`);
    }
    return answer.body;
  }

  return {
    item: (id, token) =>
      show('GET /items/{id}', `/items/${id}`, [priceOf(id)], token, (item) => prices([item])),
    page: (page, token) =>
      show('GET /items', `/items?page=${page}`, allPrices, token, (body) => prices(body.items)),
    category: (id, token) =>
      show('GET /categories/{id}/items', `/categories/${id}/items`, allPrices, token, (body) =>
        prices(body.items),
      ),
    user: (id, by, token) =>
      show('GET /users/{id}', `/users/${by === 'slug' ? slugOf(id) : id}`, [nameOf(id)], token, (user) => [
        [nameOf(id), user.name],
      ]),
    stock: (id, token) =>
      show('GET /stock/{id}', `/stock/${id}`, [stockOf(id)], token, (body) => [[stockOf(id), body.quantity]]),

    async stats(token) {
      const least = orders.before === null ? 0 : orders.before + orders.placed;
      const answer = await meter.ask('GET /stats', '/stats', { token });
      if (answer === null) return null;
      const shown = answer.body.orders;
      orders.before ??= shown - orders.placed;
      if (shown < least) meter.stale('GET /stats', `GET /stats showed ${shown} orders of at least ${least}`);
      return answer.body;
    },
  };
}

function createWrites(meter, truth, orders) {
  /** Sends a write of a fact: noted before, counted as done after the answer. Without an answer it may have happened
   * or not, and both values stay allowed. */
  async function write(fact, value, request) {
    const done = truth.write(fact, value);
    const answer = await request();
    if (answer === null) return null;
    done();
    return answer.body;
  }

  /** The same, while nobody else writes the fact. */
  const change = (fact, value, request) => truth.alone(fact, () => write(fact, value, request));

  const putStock = (id, quantity, token) =>
    meter.ask('PUT /stock/{id}', `/stock/${id}`, { body: { quantity }, token });

  return {
    putItem: (id, body, token) =>
      change(priceOf(id), body.price, () => meter.ask('PUT /items/{id}', `/items/${id}`, { body, token })),
    putUser: (id, body, token) =>
      change(nameOf(id), body.name, () => meter.ask('PUT /users/{id}', `/users/${id}`, { body, token })),
    putStock: (id, quantity, token) => change(stockOf(id), quantity, () => putStock(id, quantity, token)),

    /** Puts an item into another category and looks at its list while nobody else changes the item. */
    moveItem: (id, to, price, token) =>
      truth.alone(priceOf(id), async () => {
        const body = { categoryId: to, price };
        const moved = await write(priceOf(id), price, () =>
          meter.ask('PUT /items/{id}', `/items/${id}`, { body, token }),
        );
        const route = 'GET /categories/{id}/items';
        const list = await meter.ask(route, `/categories/${to}/items`, { token });
        if (moved === null || list === null || list.body.items.some((item) => item.id === id)) return;
        meter.stale(route, `category ${to} does not list item ${id}, which was moved into it`);
      }),

    /** Orders one thing; the first order of an item sets its stock, so that the quantity left is known. */
    order: (id, quantity, restockTo, token) =>
      truth.alone(stockOf(id), async () => {
        if (!(Number(truth.last(stockOf(id))) > quantity)) {
          const restocked = await write(stockOf(id), restockTo, () => putStock(id, restockTo, token));
          if (restocked === null) return;
        }
        const left = Number(truth.last(stockOf(id))) - quantity;
        const body = { itemId: id, quantity };
        const placed = await write(stockOf(id), left, () =>
          meter.ask('POST /orders', '/orders', { body, token, accept: [201] }),
        );
        if (placed !== null) orders.placed += 1;
      }),
  };
}
