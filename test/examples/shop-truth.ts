import { expect } from 'vitest';
import type { TestPostgres } from '../support/engines.ts';
import type { Shop } from './shop-process.ts';

/** Everything that can be cached, as the shop answers it and as the database holds it. */
export async function expectTruth(shop: Shop, postgres: TestPostgres): Promise<void> {
  const items = await postgres.sql(
    'SELECT i.id, i.name, i.price::float AS price, i.category_id, s.quantity FROM items i JOIN stock s ON s.item_id = i.id',
  );
  for (const { id, name, price, category_id, quantity } of items) {
    expect(await shop.ask('GET', `/items/${id}`)).toMatchObject({ id, name, price, category_id });
    expect(await shop.ask('GET', `/stock/${id}`)).toMatchObject({ quantity });
  }
  for (const { id, slug, name, city } of await postgres.sql('SELECT id, slug, name, city FROM users')) {
    expect(await shop.ask('GET', `/users/${id}`)).toEqual({ id, slug, name, city });
    expect(await shop.ask('GET', `/users/${slug}`)).toEqual({ id, slug, name, city });
  }
  const named = items.map(
    ({ id, name, price }) => ({ id, name, price }) as { id: number; name: unknown; price: unknown },
  );
  const inOrder = named.toSorted((a, b) => a.id - b.id);
  for (let page = 1; page <= 6; page += 1) {
    const expected = { page, items: inOrder.slice((page - 1) * 10, page * 10) };
    expect(await shop.ask('GET', `/items?page=${page}`)).toEqual(expected);
  }
  for (let category = 1; category <= 6; category += 1) {
    const members = new Set(items.filter((item) => item.category_id === category).map((item) => item.id));
    const answer = await shop.ask('GET', `/categories/${category}/items`);
    expect(answer.items).toEqual(inOrder.filter((item) => members.has(item.id)));
  }
  const [sales] = await postgres.sql('SELECT count(*)::int AS orders FROM orders');
  expect((await shop.ask('GET', '/stats')).orders).toBe(sales?.orders);
}
