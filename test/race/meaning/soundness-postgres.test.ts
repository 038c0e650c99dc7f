/**
 * Footprints are true: of two messages whose footprints do not conflict, both orders give the same answers, the same answers
 * to everything that follows, and the same rows in the end. Asked of a real server, with programs made at random.
 */
import type { EventEmitter } from 'node:events';
import fc from 'fast-check';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { conflict } from '../../../src/race/explore/footprint.ts';
import type { Meaning, PostgresAnswer } from '../../../src/race/gate/contract.ts';
import {
  loadSql,
  openPostgresReader,
  type PostgresExploration,
  readSchema,
} from '../../../src/race/meaning/index.ts';
import { encodeFrontend } from '../../../src/wire/postgres/index.ts';
import { withPostgres } from '../../support/engines.ts';
import { SHOP } from './schema.ts';

const RUNS = Number(process.env.SOUNDNESS_RUNS ?? 60);
const LOCK_WAIT_MS = 30;

const TABLES = [
  'items',
  'users',
  'orders',
  'stock',
  'logs',
  'audited',
  'audit',
  'touched',
  'notified',
  'dynamic',
  'days',
];
const FILL = `
TRUNCATE ${TABLES.join(', ')}, people, staff, tenants, secured;
ALTER SEQUENCE orders_id_seq RESTART; ALTER SEQUENCE audit_id_seq RESTART; ALTER SEQUENCE counter RESTART;
INSERT INTO items SELECT n, 'item ' || n, n, n % 2 FROM generate_series(1, 3) n;
INSERT INTO users SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'u' || n, 'user' FROM generate_series(1, 2) n;
INSERT INTO orders (item_id, note) SELECT n, 'note' FROM generate_series(1, 2) n;
INSERT INTO stock SELECT s, n, 5 FROM unnest(ARRAY['a', 'b']) s, generate_series(1, 2) n;
INSERT INTO audited SELECT n, 'x' FROM generate_series(1, 2) n; INSERT INTO touched SELECT n, 'x' FROM generate_series(1, 2) n;
INSERT INTO notified SELECT n, 'x' FROM generate_series(1, 2) n; INSERT INTO dynamic SELECT n, 'x' FROM generate_series(1, 2) n;
INSERT INTO days SELECT d, n, 1 FROM generate_series(1, 2) d, generate_series(1, 2) n;
INSERT INTO people VALUES (1, 'boss'); INSERT INTO staff VALUES (2, 'clerk', 10); INSERT INTO tenants VALUES (1, 'me'), (2, 'you');`;

const id = fc.integer({ min: 1, max: 4 });
const text = fc.constantFrom('a', 'b');
const sql = (strings: TemplateStringsArray, ...values: readonly unknown[]): string =>
  String.raw({ raw: strings }, ...values);

/** Statements about rows. */
const data: fc.Arbitrary<string> = fc.oneof(
  id.map((n) => sql`SELECT id, name, price FROM items WHERE id = ${n}`),
  fc.tuple(id, id).map(([a, b]) => sql`SELECT id, price FROM items WHERE id IN (${a}, ${b}) ORDER BY id`),
  id.map((n) => sql`SELECT count(*) FROM items WHERE category = ${n}`),
  fc.constant('SELECT id, name FROM items ORDER BY id'),
  fc.constant('SELECT id FROM cheap ORDER BY id'),
  id.map(
    (n) =>
      sql`SELECT i.id, o.id FROM items i LEFT JOIN orders o ON o.item_id = i.id WHERE i.id = ${n} ORDER BY o.id`,
  ),
  id.map(
    (n) =>
      sql`SELECT s.amount, i.name FROM stock s LEFT JOIN items i ON i.id = s.item WHERE s.shop = 'a' AND s.item = ${n}`,
  ),
  id.map((n) => sql`SELECT i.name, p.name FROM items i LEFT JOIN people p ON p.id = i.id WHERE i.id = ${n}`),
  id.map((n) => sql`SELECT id FROM items WHERE id = ${n} FOR UPDATE`),
  id.map((n) => sql`SELECT id FROM items WHERE id = ${n} FOR SHARE`),
  id.map((n) => sql`SELECT id FROM items WHERE id = ${n} FOR UPDATE NOWAIT`),
  fc.constant('SELECT id FROM items ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED'),
  fc.tuple(id, id).map(([n, p]) => sql`UPDATE items SET price = ${p} WHERE id = ${n}`),
  id.map((n) => sql`UPDATE items SET price = price + 1 WHERE id = ${n} RETURNING price`),
  id.map((n) => sql`UPDATE items SET name = 'cheap' WHERE price < ${n}`),
  fc.tuple(id, id).map(([a, b]) => sql`UPDATE items SET id = ${b} WHERE id = ${a}`),
  fc
    .tuple(id, id)
    .map(
      ([a, b]) =>
        sql`UPDATE items SET price = s.amount FROM stock s WHERE s.shop = 'a' AND s.item = ${b} AND items.id = ${a}`,
    ),
  fc.tuple(id, text).map(([n, t]) => sql`INSERT INTO items (id, name) VALUES (${n}, '${t}')`),
  fc
    .tuple(id, text)
    .map(
      ([n, t]) =>
        sql`INSERT INTO items (id, name) VALUES (${n}, '${t}') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id`,
    ),
  id.map((n) => sql`INSERT INTO items (id) VALUES (${n}) ON CONFLICT DO NOTHING`),
  id.map((n) => sql`DELETE FROM items WHERE id = ${n}`),
  id.map((n) => sql`INSERT INTO orders (item_id, note) VALUES (${n}, 'new') RETURNING id`),
  fc.constant(`INSERT INTO orders (item_id) VALUES (NULL) RETURNING id`),
  fc.tuple(id, id).map(([a, b]) => sql`INSERT INTO orders (id, item_id) VALUES (${a + 10}, ${b})`),
  fc.tuple(id, id).map(([a, b]) => sql`UPDATE orders SET item_id = ${b} WHERE id = ${a}`),
  id.map((n) => sql`SELECT id, item_id FROM orders WHERE id = ${n}`),
  fc.constant('SELECT count(*) FROM orders'),
  fc
    .tuple(id, text)
    .map(([n, t]) => sql`INSERT INTO users VALUES ('00000000-0000-4000-8000-00000000000${n}', '${t}')`),
  id.map((n) => sql`SELECT email FROM users WHERE id = '00000000-0000-4000-8000-00000000000${n}'`),
  fc
    .tuple(id, text)
    .map(
      ([n, t]) => sql`UPDATE users SET email = '${t}' WHERE id = '00000000-0000-4000-8000-00000000000${n}'`,
    ),
  id.map((n) => sql`DELETE FROM users WHERE id = '00000000-0000-4000-8000-00000000000${n}'`),
  id.map((n) => sql`UPDATE users SET name = 'found' WHERE email = 'u${n}'`),
  fc
    .tuple(text, id)
    .map(([t, n]) => sql`UPDATE stock SET amount = amount - 1 WHERE shop = '${t}' AND item = ${n}`),
  text.map((t) => sql`SELECT sum(amount) FROM stock WHERE shop = '${t}'`),
  fc.constant(`INSERT INTO logs VALUES ('line')`),
  fc.constant('SELECT count(*) FROM logs'),
  fc.tuple(id, text).map(([n, t]) => sql`UPDATE audited SET name = '${t}' WHERE id = ${n}`),
  fc.constant('SELECT id, what FROM audit ORDER BY id'),
  fc.tuple(id, text).map(([n, t]) => sql`UPDATE touched SET name = '${t}' WHERE id = ${n}`),
  id.map((n) => sql`SELECT name FROM touched WHERE id = ${n}`),
  id.map((n) => sql`UPDATE dynamic SET name = 'y' WHERE id = ${n}`),
  fc.tuple(id, id).map(([d, n]) => sql`UPDATE days SET amount = amount + 1 WHERE day = ${d} AND id = ${n}`),
  fc.tuple(id, id).map(([d, n]) => sql`SELECT amount FROM days_1 WHERE day = ${d} AND id = ${n}`),
  fc.tuple(id, id).map(([d, n]) => sql`INSERT INTO days_1 VALUES (${d}, ${n}, 0)`),
  id.map((n) => sql`SELECT name FROM people WHERE id = ${n}`),
  fc.constant(`UPDATE staff SET name = 'chief' WHERE salary = 10`),
  id.map((n) => sql`SELECT price_of(${n})`),
  fc.tuple(id, text).map(([n, t]) => sql`SELECT rename_item(${n}, '${t}')`),
  id.map(
    (n) => sql`UPDATE items SET price = 0 WHERE id = ${n} AND EXISTS (SELECT 1 FROM tenants WHERE id = ${n})`,
  ),
  fc.constant('DELETE FROM tenants WHERE id = 1'),
  fc.constant(`WITH gone AS (DELETE FROM logs RETURNING line) SELECT count(*) FROM gone`),
  id.map((n) => sql`WITH items AS (SELECT * FROM items WHERE id = ${n}) SELECT name FROM items`),
  fc.constant(`SELECT nextval('counter')`),
  fc.constant('TRUNCATE logs'),
  fc.constant('LOCK TABLE logs IN SHARE MODE'),
  id.map((n) => sql`SELECT pg_try_advisory_xact_lock(${n})`),
  fc.constant('SELECT 1'),
);

const line = fc.oneof(
  { weight: 6, arbitrary: data },
  { weight: 1, arbitrary: fc.constantFrom('SAVEPOINT s', 'ROLLBACK TO s') },
);
const level = fc.constantFrom(
  '',
  '',
  '',
  ' ISOLATION LEVEL REPEATABLE READ',
  ' ISOLATION LEVEL SERIALIZABLE',
);

/** What one session sends: a statement alone, or a block. */
const program: fc.Arbitrary<readonly string[]> = fc.oneof(
  data.map((one) => [one]),
  fc
    .tuple(
      level,
      fc.array(line, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('COMMIT', 'COMMIT', 'ROLLBACK'),
    )
    .map(([isolation, lines, end]) => [`BEGIN${isolation}`, ...lines, end]),
);

const postgres = withPostgres();
const clients: pg.Client[] = [];
const exploration: PostgresExploration = { schema: null, tableLocks: false };

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  clients.push(client);
  return client;
}

beforeEach(async () => {
  await loadSql();
  await postgres.sql(SHOP);
  const client = await connected();
  exploration.schema = await readSchema(async (query) => (await client.query(query)).rows);
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

interface Ran {
  readonly meaning: Meaning;
  readonly answer: string;
}

/** One session: a client, and the reader that follows it. */
class Actor {
  readonly #client: pg.Client;
  readonly #reader = openPostgresReader({ exploration });

  constructor(client: pg.Client) {
    this.#client = client;
  }

  async send(text: string): Promise<Ran> {
    const message = encodeFrontend.query(text);
    const meaning = this.#reader.request([{ type: 'Q', body: message.subarray(5) }]);
    // An error comes before ReadyForQuery, which alone tells the status.
    const ready = new Promise<{ status: string }>((resolve) => {
      (this.#client as unknown as { connection: EventEmitter }).connection.once('readyForQuery', resolve);
    });
    const { answer, tag, error } = await this.#ask(text);
    this.#reader.answered({
      status: (await ready).status as PostgresAnswer['status'],
      tags: tag === null ? [] : [tag],
      error: error === null ? null : { code: error, message: error },
      columns: [],
      rows: [],
    });
    return { meaning, answer };
  }

  async #ask(text: string): Promise<{ answer: string; tag: string | null; error: string | null }> {
    try {
      const { rows, command, rowCount } = await this.#client.query(text);
      return { answer: JSON.stringify([command, rowCount, rows]), tag: command, error: null };
    } catch (error) {
      const code = (error as { code?: string }).code ?? 'unknown';
      return { answer: `error ${code}`, tag: null, error: code };
    }
  }

  async end(): Promise<void> {
    await this.#client.query('ROLLBACK');
  }
}

interface Case {
  readonly programs: readonly [readonly string[], readonly string[]];
  /** How many lines of each program come before the pair. */
  readonly before: readonly [number, number];
}

interface Outcome {
  readonly meanings: readonly [Meaning, Meaning];
  readonly answers: readonly string[];
  readonly rows: string;
}

async function run(
  one: Case,
  first: 0 | 1,
  all: readonly [pg.Client, pg.Client, pg.Client],
): Promise<Outcome> {
  const [clientA, clientB, bypass] = all;
  await bypass.query(FILL);
  const actors = [new Actor(clientA), new Actor(clientB)] as const;
  const answers: string[] = [];
  const meanings: Meaning[] = [];
  for (const who of [0, 1] as const) {
    for (const text of one.programs[who].slice(0, one.before[who])) await actors[who].send(text);
  }
  for (const who of [first, 1 - first] as (0 | 1)[]) {
    const ran = await actors[who].send(one.programs[who][one.before[who]]!);
    meanings[who] = ran.meaning;
    answers[who] = ran.answer;
  }
  for (const who of [0, 1] as const) {
    for (const text of one.programs[who].slice(one.before[who] + 1))
      answers.push((await actors[who].send(text)).answer);
  }
  await Promise.all(actors.map((actor) => actor.end()));
  const parts = TABLES.concat('people', 'tenants').map(
    (table) =>
      `SELECT '${table}' AS t, coalesce(string_agg(x::text, ';' ORDER BY x::text), '') AS rows FROM ${table} x`,
  );
  const { rows } = await bypass.query(
    `${parts.join(' UNION ALL ')} UNION ALL SELECT 'counter', last_value::text FROM counter`,
  );
  return {
    meanings: [meanings[0]!, meanings[1]!],
    answers,
    rows: JSON.stringify(rows).replace(/\d{4}-\d\d-\d\d [^"\\)]*/g, 'time'),
  };
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(program, program)
  .chain(([a, b]) =>
    fc
      .tuple(fc.nat(a.length - 1), fc.nat(b.length - 1))
      .map(([i, j]): Case => ({ programs: [a, b], before: [i, j] })),
  );

it('messages that do not conflict may change places', { timeout: 60_000 + RUNS * 500 }, async () => {
  const all = [await connected(), await connected(), await connected()] as const;
  for (const client of all.slice(0, 2)) await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      // Where it becomes true, an exploration begins anew.
      exploration.tableLocks = /TRUNCATE|LOCK TABLE|dynamic/.test(one.programs.flat().join());
      const forth = await run(one, 0, all);
      const [a, b] = forth.meanings;
      if (conflict(a.footprint, b.footprint)) return;
      checked++;
      const back = await run(one, 1, all);
      expect({ answers: back.answers, rows: back.rows }).toEqual({
        answers: forth.answers,
        rows: forth.rows,
      });
      expect(back.meanings).toEqual(forth.meanings);
    }),
    { numRuns: RUNS },
  );
  expect(checked).toBeGreaterThan(RUNS / 10);
});
