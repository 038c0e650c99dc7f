/** Names for parameters, and statements short enough to be named. */
import { expect, test } from 'vitest';
import { parameterNames, shortened, withMarks } from '../../../src/core/remedies/statement.ts';

test.each([
  ['UPDATE items SET price = $1 WHERE id = $2', 'price id'],
  ['UPDATE items SET price=$1::integer WHERE items.id = $2::integer', 'price id'],
  ['update "items" set "unitPrice" = $1 where "items"."id" = $2', 'unit_price id'],
  ['UPDATE items SET price = $1 WHERE price = $2', 'price price_2'],
  ['UPDATE items SET stock = stock - $1 WHERE id IN ($2)', 'stock id'],
  ['INSERT INTO items (id, name, at) VALUES ($1, upper($2), now()) ON CONFLICT DO NOTHING', 'id name'],
  ['INSERT INTO items VALUES ($1, $2)', 'value1 value2'],
  ['SELECT * FROM items WHERE "class" = $1 AND tag = ANY($2) LIMIT $3', 'class_ tag limit'],
  ['SELECT f($1)', 'value1'],
])('%s', (shape, names) => {
  expect(
    [...parameterNames(shape)]
      .sort(([a], [b]) => a - b)
      .map(([, name]) => name)
      .join(' '),
  ).toBe(names);
});

test('marks are those of the driver', () => {
  const shape = `UPDATE a SET b = $1, c = $2::int WHERE b <> $1 AND d LIKE '5%'`;
  expect(withMarks(shape, 'format')).toEqual({
    text: `UPDATE a SET b = %s, c = %s WHERE b <> %s AND d LIKE '5%%'`,
    names: ['b', 'c', 'b'],
  });
  expect(withMarks(shape, 'numbered').names).toEqual(['b', 'c']);
  expect(withMarks(shape, 'named').text).toBe(`UPDATE a SET b = :b, c = :c WHERE b <> :b AND d LIKE '5%'`);
});

test('a long statement gives up its lists first', () => {
  const columns = Array.from({ length: 30 }, (_, i) => `column_${i}`);
  const set = columns.map((column, i) => `${column} = $${i + 1}`).join(', ');
  expect(shortened(`UPDATE items SET ${set} WHERE id = $31`)).toBe('UPDATE items SET … WHERE id = $31');
  expect(shortened(`SELECT ${columns.join(', ')} FROM items WHERE id = $1`)).toBe(
    'SELECT … FROM items WHERE id = $1',
  );
  expect(
    shortened(
      `INSERT INTO items (${columns.join(', ')}) VALUES (${columns.map((_, i) => `$${i + 1}`).join(', ')}) RETURNING id`,
    ),
  ).toBe('INSERT INTO items (…) VALUES (…) RETURNING …');
  expect(shortened(`SELECT 1 FROM ${'very_'.repeat(40)}long`)).toHaveLength(72);
});
