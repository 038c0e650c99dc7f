import { transaction } from './database.mjs';
import { keys } from './keys.mjs';
import { HttpError, positiveInteger } from './router.mjs';

const STOCK_TTL = 20;
const SALES_TTL = 15;

/** Stock, orders, and the sales figures. */
export function warehouseRoutes({ pool, cache, callers, bugs }) {
  const stockEntry = (id) => ({
    key: keys.stock(id),
    form: cache.forms.hash,
    ttl: STOCK_TTL,
    flight: 'process',
    load: async () => {
      const { rows } = await pool.query('SELECT quantity, warehouse FROM stock WHERE item_id = $1', [id]);
      return rows[0] ?? null;
    },
  });

  const salesEntry = {
    key: keys.sales(),
    form: cache.forms.fenced,
    ttl: SALES_TTL,
    flight: bugs.has('stampede') ? 'none' : 'everywhere',
    load: () => loadSales(pool),
  };

  async function showStock(call) {
    const id = positiveInteger(call.params.id, 'id');
    const found = await cache.read(stockEntry(id), () => callers.identify(call.headers));
    if (found === null) throw new HttpError(404, `no stock of item ${id}`);
    return { body: { itemId: id, quantity: Number(found.quantity), warehouse: found.warehouse } };
  }

  async function restock(call) {
    await callers.writer(call.headers);
    const id = positiveInteger(call.params.id, 'id');
    const quantity = positiveInteger((await call.json()).quantity, 'quantity');
    await transaction(pool, async (tx) => {
      const { rowCount } = await tx.query('UPDATE stock SET quantity = $2 WHERE item_id = $1', [
        id,
        quantity,
      ]);
      if (rowCount === 0) throw new HttpError(404, `no stock of item ${id}`);
      await tx.query('INSERT INTO stock_movements (item_id, quantity) VALUES ($1, $2)', [id, quantity]);
    });
    await cache.invalidate([keys.stock(id)]);
    return { body: { itemId: id, quantity } };
  }

  async function order(call) {
    const caller = await callers.writer(call.headers);
    const body = await call.json();
    const id = positiveInteger(body.itemId, 'itemId');
    const quantity = positiveInteger(body.quantity, 'quantity', 1000);
    const placed = await transaction(pool, (tx) => placeOrder(tx, caller.user_id, id, quantity));
    const removed = [keys.sales()];
    if (!bugs.has('missing-invalidation')) removed.push(keys.stock(id));
    await cache.invalidate(removed);
    return { status: 201, body: placed };
  }

  return {
    'GET /stock/:id': showStock,
    'PUT /stock/:id': restock,
    'POST /orders': order,
    'GET /stats': async (call) => ({
      body: await cache.read(salesEntry, () => callers.identify(call.headers)),
    }),
  };
}

async function placeOrder(tx, user, item, quantity) {
  const taken = await tx.query(
    'UPDATE stock SET quantity = quantity - $2 WHERE item_id = $1 AND quantity >= $2 RETURNING quantity',
    [item, quantity],
  );
  if (taken.rows.length === 0) throw new HttpError(409, `item ${item}: fewer than ${quantity} in stock`);
  const priced = await tx.query('SELECT price FROM items WHERE id = $1', [item]);
  const { rows } = await tx.query(
    'INSERT INTO orders (user_id, item_id, quantity, total) VALUES ($1, $2, $3, $4) RETURNING id, total',
    [user, item, quantity, (Number(priced.rows[0].price) * quantity).toFixed(2)],
  );
  return { id: Number(rows[0].id), total: Number(rows[0].total), left: taken.rows[0].quantity };
}

async function loadSales(pool) {
  const { rows } = await pool.query(
    `SELECT c.name AS category, count(o.id)::int AS orders, coalesce(sum(o.total), 0) AS revenue
       FROM categories c JOIN items i ON i.category_id = c.id LEFT JOIN orders o ON o.item_id = i.id
      GROUP BY c.id, c.name ORDER BY c.id`,
  );
  const categories = rows.map((row) => ({ ...row, revenue: Number(row.revenue) }));
  return { orders: categories.reduce((sum, row) => sum + row.orders, 0), categories };
}
