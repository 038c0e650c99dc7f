import { transaction } from './database.mjs';
import { keys } from './keys.mjs';
import { HttpError, positiveInteger, shortText } from './router.mjs';

const ITEM_TTL = 60;
const LIST_TTL = 30;
const PAGE_SIZE = 10;
const MAX_PRICE = 99_999_999;

/** Items, the pages of the catalogue, and the items of a category. */
export function catalogRoutes({ pool, cache, callers, bugs }) {
  const load = createLoaders(pool);
  const list = (key, loader) => ({
    key,
    form: cache.forms.fenced,
    ttl: LIST_TTL,
    flight: 'process',
    load: loader,
  });
  const item = (id) => ({
    key: keys.item(id),
    form: bugs.has('stale-fill-race') ? cache.forms.unfenced : cache.forms.fenced,
    ttl: ITEM_TTL,
    flight: 'process',
    load: () => load.item(id),
  });

  async function answer(call, entry, what) {
    const body = await cache.read(entry, () => callers.identify(call.headers));
    if (body === null) throw new HttpError(404, `no ${what}`);
    return { body };
  }

  async function change(call) {
    const caller = await callers.writer(call.headers);
    const id = positiveInteger(call.params.id, 'id');
    const body = await call.json();
    const early = bugs.has('invalidate-before-commit');
    const { changed, removed } = await transaction(pool, async (tx) => {
      const before = await lockItem(tx, id);
      const changed = await updateItem(tx, id, merge(before, body));
      const removed = [...(await derivedKeys(tx, before, changed))];
      if (early) await removeDerived(id, removed);
      await recordChange(tx, changed, caller.user_id);
      return { changed, removed };
    });
    if (!early) await removeDerived(id, removed);
    return { body: { ...changed, price: Number(changed.price) } };
  }

  async function removeDerived(id, removed) {
    if (bugs.has('over-invalidation')) await cache.invalidateMatching('item:*');
    await cache.invalidate(bugs.has('wrong-key') ? [`items:${id}`, ...removed] : [keys.item(id), ...removed]);
  }

  return {
    'GET /items': (call) => {
      const page = positiveInteger(call.query.get('page') ?? '1', 'page', 100_000);
      return answer(
        call,
        list(keys.itemPage(page), () => load.page(page)),
        `page ${page}`,
      );
    },
    'GET /items/:id': (call) => {
      const id = positiveInteger(call.params.id, 'id');
      return answer(call, item(id), `item ${id}`);
    },
    'PUT /items/:id': change,
    'GET /categories/:id/items': (call) => {
      const id = positiveInteger(call.params.id, 'id');
      return answer(
        call,
        list(keys.categoryItems(id), () => load.category(id)),
        `category ${id}`,
      );
    },
  };
}

function createLoaders(pool) {
  const plain = (row) => ({ ...row, price: Number(row.price) });

  async function item(id) {
    const { rows } = await pool.query(
      `SELECT i.id, i.name, i.price, i.category_id, c.name AS category
         FROM items i JOIN categories c ON c.id = i.category_id WHERE i.id = $1`,
      [id],
    );
    if (rows.length === 0) return null;
    const reviews = await pool.query(
      'SELECT count(*)::int AS reviews, round(avg(rating), 2)::float AS rating FROM reviews WHERE item_id = $1',
      [id],
    );
    return { ...plain(rows[0]), ...reviews.rows[0] };
  }

  async function page(number) {
    const { rows } = await pool.query('SELECT id, name, price FROM items ORDER BY id LIMIT $1 OFFSET $2', [
      PAGE_SIZE,
      (number - 1) * PAGE_SIZE,
    ]);
    return { page: number, items: rows.map(plain) };
  }

  async function category(id) {
    const found = await pool.query('SELECT id, name FROM categories WHERE id = $1', [id]);
    if (found.rows.length === 0) return null;
    const { rows } = await pool.query(
      'SELECT id, name, price FROM items WHERE category_id = $1 ORDER BY id',
      [id],
    );
    return { category: found.rows[0], items: rows.map(plain) };
  }

  return { item, page, category };
}

async function lockItem(tx, id) {
  const { rows } = await tx.query('SELECT name, price, category_id FROM items WHERE id = $1 FOR UPDATE', [
    id,
  ]);
  if (rows.length === 0) throw new HttpError(404, `no item ${id}`);
  return rows[0];
}

function merge(before, body) {
  const price = body.price ?? Number(before.price);
  if (typeof price !== 'number' || !(price > 0 && price <= MAX_PRICE)) {
    throw new HttpError(400, `price must be a number above 0 and at most ${MAX_PRICE}`);
  }
  return {
    name: body.name === undefined ? before.name : shortText(body.name, 'name'),
    price: price.toFixed(2),
    category:
      body.categoryId === undefined ? before.category_id : positiveInteger(body.categoryId, 'categoryId'),
  };
}

async function updateItem(tx, id, next) {
  try {
    const { rows } = await tx.query(
      `UPDATE items SET name = $2, price = $3, category_id = $4, updated_at = now()
        WHERE id = $1 RETURNING id, name, price, category_id`,
      [id, next.name, next.price, next.category],
    );
    return rows[0];
  } catch (error) {
    const foreignKeyViolation = '23503';
    if (error.code === foreignKeyViolation) throw new HttpError(400, `no category ${next.category}`);
    throw error;
  }
}

async function recordChange(tx, changed, userId) {
  await tx.query('INSERT INTO price_history (item_id, price, changed_by) VALUES ($1, $2, $3)', [
    changed.id,
    changed.price,
    userId,
  ]);
  const body = JSON.stringify({ item: changed.id, price: changed.price });
  await tx.query("INSERT INTO outbox (topic, body) VALUES ('price', $1)", [body]);
}

/** Every key besides the item's own that a change of this row shows in. */
async function derivedKeys(tx, before, after) {
  const { rows } = await tx.query('SELECT count(*)::int AS earlier FROM items WHERE id < $1', [after.id]);
  const page = 1 + Math.floor(rows[0].earlier / PAGE_SIZE);
  const derived = new Set([
    keys.itemPage(page),
    keys.categoryItems(before.category_id),
    keys.categoryItems(after.category_id),
  ]);
  // Sales are counted per category: they change only when the item moves.
  if (before.category_id !== after.category_id) derived.add(keys.sales());
  return derived;
}
