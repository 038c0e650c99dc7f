/** Statements for programs made at random, by what they are about: `{i}` and `{j}` are ids, `{t}` is a text. */
import fc from 'fast-check';

const ITEMS = [
  'SELECT id, name, price FROM items WHERE id = {i}',
  'SELECT id, price FROM items WHERE id IN ({i}, {j}) ORDER BY id',
  'SELECT count(*) FROM items WHERE category = {i}',
  'SELECT id, name FROM items ORDER BY id',
  'SELECT id FROM cheap ORDER BY id',
  'SELECT i.name, p.name FROM items i LEFT JOIN people p ON p.id = i.id WHERE i.id = {i}',
  'SELECT id FROM items WHERE id = {i} FOR UPDATE',
  'SELECT id FROM items WHERE id = {i} FOR SHARE',
  'SELECT id FROM items WHERE id = {i} FOR UPDATE NOWAIT',
  'SELECT id FROM items ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED',
  'UPDATE items SET price = {j} WHERE id = {i}',
  'UPDATE items SET price = price + 1 WHERE id = {i} RETURNING price',
  "UPDATE items SET name = 'cheap' WHERE price < {i}",
  'UPDATE items SET id = {j} WHERE id = {i}',
  "INSERT INTO items (id, name) VALUES ({i}, '{t}')",
  "INSERT INTO items (id, name) VALUES ({i}, '{t}') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id",
  'INSERT INTO items (id) VALUES ({i}) ON CONFLICT DO NOTHING',
  'DELETE FROM items WHERE id = {i}',
  'SELECT price_of({i})',
  "SELECT rename_item({i}, '{t}')",
  'WITH items AS (SELECT * FROM items WHERE id = {i}) SELECT name FROM items',
];

const ROWS = [
  'SELECT price FROM items WHERE id = {i}',
  'UPDATE items SET price = price + 1 WHERE id = {i}',
  "INSERT INTO users VALUES ('00000000-0000-4000-8000-00000000000{i}', '{t}')",
  "UPDATE users SET email = '{t}' WHERE id = '00000000-0000-4000-8000-00000000000{i}'",
];

const ORDERS = [
  'SELECT i.id, o.id FROM items i LEFT JOIN orders o ON o.item_id = i.id WHERE i.id = {i} ORDER BY o.id',
  'SELECT id, item_id FROM orders WHERE id = {i}',
  'SELECT count(*) FROM orders',
  "INSERT INTO orders (item_id, note) VALUES ({i}, 'new') RETURNING id",
  'INSERT INTO orders (item_id) VALUES (NULL) RETURNING id',
  'INSERT INTO orders (id, item_id) VALUES (1{i}, {j})',
  'UPDATE orders SET item_id = {j} WHERE id = {i}',
  'DELETE FROM items WHERE id = {i}',
  'UPDATE items SET id = {j} WHERE id = {i}',
  'UPDATE items SET price = {j} WHERE id = {i}',
  'SELECT id FROM items WHERE id = {i} FOR UPDATE',
  "INSERT INTO items (id, name) VALUES ({i}, '{t}')",
];

const USERS = [
  "INSERT INTO users VALUES ('00000000-0000-4000-8000-00000000000{i}', '{t}')",
  "INSERT INTO users VALUES ('00000000-0000-4000-8000-00000000000{i}', 'u{j}') ON CONFLICT (email) DO UPDATE SET name = '{t}'",
  "INSERT INTO users VALUES ('00000000-0000-4000-8000-00000000000{i}', 'u{j}') ON CONFLICT DO NOTHING",
  "SELECT email FROM users WHERE id = '00000000-0000-4000-8000-00000000000{i}'",
  "SELECT id FROM users WHERE email = '{t}'",
  "UPDATE users SET email = '{t}' WHERE id = '00000000-0000-4000-8000-00000000000{i}'",
  "UPDATE users SET name = '{t}' WHERE id = '00000000-0000-4000-8000-00000000000{i}'",
  "DELETE FROM users WHERE id = '00000000-0000-4000-8000-00000000000{i}'",
  "UPDATE users SET name = 'found' WHERE email = 'u{i}'",
];

const STOCK = [
  "SELECT s.amount, i.name FROM stock s LEFT JOIN items i ON i.id = s.item WHERE s.shop = 'a' AND s.item = {i}",
  "UPDATE items SET price = s.amount FROM stock s WHERE s.shop = 'a' AND s.item = {j} AND items.id = {i}",
  "UPDATE stock SET amount = amount - 1 WHERE shop = '{t}' AND item = {i}",
  "SELECT sum(amount) FROM stock WHERE shop = '{t}'",
  'UPDATE items SET price = {j} WHERE id = {i}',
  'UPDATE days SET amount = amount + 1 WHERE day = {i} AND id = {j}',
  'SELECT amount FROM days_1 WHERE day = {i} AND id = {j}',
  'INSERT INTO days_1 VALUES ({i}, {j}, 0)',
  'SELECT name FROM people WHERE id = {i}',
  "UPDATE staff SET name = 'chief' WHERE salary = 10",
];

const TRIGGERS = [
  "UPDATE audited SET name = '{t}' WHERE id = {i}",
  'SELECT id, what FROM audit ORDER BY id',
  "UPDATE touched SET name = '{t}' WHERE id = {i}",
  'SELECT name FROM touched WHERE id = {i}',
  "UPDATE dynamic SET name = 'y' WHERE id = {i}",
  'UPDATE items SET price = 0 WHERE id = {i} AND EXISTS (SELECT 1 FROM tenants WHERE id = {j})',
  'DELETE FROM tenants WHERE id = 1',
];

const WHOLE = [
  "INSERT INTO logs VALUES ('line')",
  'SELECT count(*) FROM logs',
  'WITH gone AS (DELETE FROM logs RETURNING line) SELECT count(*) FROM gone',
  'TRUNCATE logs',
  'LOCK TABLE logs IN SHARE MODE',
  "SELECT nextval('counter')",
  'SELECT pg_try_advisory_xact_lock({i})',
  'SELECT 1',
];

const THEMES = [ROWS, ITEMS, ORDERS, USERS, STOCK, TRIGGERS, WHOLE];

const level = fc.constantFrom(
  '',
  '',
  '',
  ' ISOLATION LEVEL REPEATABLE READ',
  ' ISOLATION LEVEL SERIALIZABLE',
);

function filled(templates: readonly string[]): fc.Arbitrary<string> {
  const id = fc.integer({ min: 1, max: 3 });
  return fc
    .tuple(fc.constantFrom(...templates), id, id, fc.constantFrom('a', 'b'))
    .map(([template, i, j, t]) =>
      template.replaceAll('{i}', `${i}`).replaceAll('{j}', `${j}`).replaceAll('{t}', t),
    );
}

/** What one session sends: a statement alone, or a block. */
function program(templates: readonly string[]): fc.Arbitrary<readonly string[]> {
  const data = filled(templates);
  const line = fc.oneof(
    { weight: 6, arbitrary: data },
    { weight: 1, arbitrary: fc.constantFrom('SAVEPOINT s', 'ROLLBACK TO s') },
  );
  const block = fc
    .tuple(
      level,
      fc.array(line, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('COMMIT', 'COMMIT', 'ROLLBACK'),
    )
    .map(([isolation, lines, end]) => [`BEGIN${isolation}`, ...lines, end]);
  return fc.oneof({ weight: 1, arbitrary: data.map((one) => [one]) }, { weight: 2, arbitrary: block });
}

/** Two programs, and the place in each at which both orders are tried. */
export interface Pair {
  readonly programs: readonly [readonly string[], readonly string[]];
  /** How many lines of each program come before. */
  readonly before: readonly [number, number];
}

/** Programs about one theme, or about anything. */
export const pairs: fc.Arbitrary<Pair> = fc
  .constantFrom(...THEMES, THEMES.flat())
  .chain((theme) => fc.tuple(program(theme), program(theme)))
  .chain(([a, b]) =>
    fc
      .tuple(fc.nat(a.length - 1), fc.nat(b.length - 1))
      .map(([i, j]): Pair => ({ programs: [a, b], before: [i, j] })),
  );

const RR = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
const user = (id: number, email: string): string =>
  `INSERT INTO users VALUES ('00000000-0000-4000-8000-00000000000${id}', '${email}')`;

/** Pairs that look independent and are not: what chance would seldom find. */
export const TRAPS: readonly Pair[] = [
  // The first statement of a snapshot reads what later ones will ask for.
  {
    programs: [
      [RR, 'SELECT price FROM items WHERE id = 1', 'SELECT price FROM items WHERE id = 2', 'COMMIT'],
      ['UPDATE items SET price = 9 WHERE id = 2'],
    ],
    before: [1, 0],
  },
  {
    programs: [
      [RR, 'SELECT 1', 'SELECT price FROM items WHERE id = 2', 'COMMIT'],
      ['UPDATE items SET price = 9 WHERE id = 2'],
    ],
    before: [1, 0],
  },
  // Other rows, one e-mail address.
  { programs: [[user(7, 'same')], [user(8, 'same')]], before: [0, 0] },
  {
    programs: [
      ['BEGIN', user(7, 'same'), 'COMMIT'],
      ['BEGIN', user(8, 'same'), 'COMMIT'],
    ],
    before: [1, 1],
  },
  {
    programs: [[user(7, 'u1')], ["DELETE FROM users WHERE id = '00000000-0000-4000-8000-000000000001'"]],
    before: [0, 0],
  },
  // One row by two of its keys.
  {
    programs: [
      ["UPDATE users SET name = 'x' WHERE email = 'u1'"],
      ["SELECT name FROM users WHERE id = '00000000-0000-4000-8000-000000000001'"],
    ],
    before: [0, 0],
  },
  // Children and parents.
  {
    programs: [['INSERT INTO orders (id, item_id) VALUES (99, 3)'], ['DELETE FROM items WHERE id = 3']],
    before: [0, 0],
  },
  { programs: [['DELETE FROM items WHERE id = 1'], ['SELECT count(*) FROM orders']], before: [0, 0] },
  {
    programs: [['INSERT INTO items (id) VALUES (9)'], ['INSERT INTO orders (id, item_id) VALUES (99, 9)']],
    before: [0, 0],
  },
  // Triggers, views, policies' tables, partitions, heirs.
  {
    programs: [["UPDATE audited SET name = 'y' WHERE id = 1"], ['SELECT id, what FROM audit ORDER BY id']],
    before: [0, 0],
  },
  {
    programs: [
      ["UPDATE audited SET name = 'y' WHERE id = 1"],
      ["UPDATE audited SET name = 'z' WHERE id = 2"],
    ],
    before: [0, 0],
  },
  {
    programs: [["UPDATE dynamic SET name = 'y' WHERE id = 1"], ["INSERT INTO logs VALUES ('x')"]],
    before: [0, 0],
  },
  {
    programs: [['UPDATE items SET price = 50 WHERE id = 1'], ['SELECT id FROM cheap ORDER BY id']],
    before: [0, 0],
  },
  {
    programs: [
      ['UPDATE days SET amount = 9 WHERE day = 1 AND id = 1'],
      ['SELECT amount FROM days_1 WHERE day = 1 AND id = 1'],
    ],
    before: [0, 0],
  },
  {
    programs: [
      ["UPDATE staff SET name = 'chief' WHERE salary = 10"],
      ['SELECT name FROM people WHERE id = 2'],
    ],
    before: [0, 0],
  },
  // Functions.
  { programs: [["SELECT rename_item(1, 'z')"], ['SELECT name FROM items WHERE id = 1']], before: [0, 0] },
  { programs: [['UPDATE items SET price = 9 WHERE id = 1'], ['SELECT price_of(1)']], before: [0, 0] },
  // Sequences hold nothing back for a transaction.
  {
    programs: [['BEGIN', "SELECT nextval('counter')", 'ROLLBACK'], ["SELECT nextval('counter')"]],
    before: [1, 0],
  },
  {
    programs: [
      ['INSERT INTO orders (item_id) VALUES (1) RETURNING id'],
      ['INSERT INTO orders (item_id) VALUES (2) RETURNING id'],
    ],
    before: [0, 0],
  },
  // Whoever waits, waits for the end of a transaction: COMMIT, ROLLBACK, a savepoint, a failure.
  {
    programs: [
      ['BEGIN', 'UPDATE items SET price = 9 WHERE id = 1', 'ROLLBACK'],
      ['UPDATE items SET price = price + 1 WHERE id = 1'],
    ],
    before: [2, 0],
  },
  {
    programs: [
      ['BEGIN', 'SAVEPOINT s', 'UPDATE items SET price = 9 WHERE id = 1', 'ROLLBACK TO s', 'COMMIT'],
      ['UPDATE items SET price = 7 WHERE id = 1'],
    ],
    before: [3, 0],
  },
  {
    programs: [
      ['BEGIN', 'UPDATE items SET price = 9 WHERE id = 1', 'ROLLBACK TO s', 'COMMIT'],
      ['UPDATE items SET price = 7 WHERE id = 1'],
    ],
    before: [2, 0],
  },
  {
    programs: [
      [
        'BEGIN',
        'UPDATE items SET price = 9 WHERE id = 1',
        'SELECT 1 / (price - 2) FROM items WHERE id = 2',
        'COMMIT',
      ],
      ['UPDATE items SET price = 7 WHERE id = 1'],
    ],
    before: [2, 0],
  },
  { programs: [['BEGIN', 'SELECT count(*) FROM logs', 'COMMIT'], ['TRUNCATE logs']], before: [2, 0] },
  {
    programs: [
      ['BEGIN', 'INSERT INTO orders (id, item_id) VALUES (99, 3)', 'ROLLBACK'],
      ['DELETE FROM items WHERE id = 3'],
    ],
    before: [2, 0],
  },
  // Serialisable transactions make each other fail.
  {
    programs: [
      [
        'BEGIN ISOLATION LEVEL SERIALIZABLE',
        'SELECT price FROM items WHERE id = 1',
        'UPDATE items SET price = 9 WHERE id = 2',
        'COMMIT',
      ],
      [
        'BEGIN ISOLATION LEVEL SERIALIZABLE',
        'SELECT price FROM items WHERE id = 2',
        'UPDATE items SET price = 9 WHERE id = 1',
        'COMMIT',
      ],
    ],
    before: [3, 3],
  },
];
