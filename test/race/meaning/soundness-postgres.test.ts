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
import { type Pair, pairs, TRAPS } from './statements.ts';

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

interface Outcome {
  readonly meanings: readonly [Meaning, Meaning];
  readonly answers: readonly string[];
  readonly rows: string;
}

async function run(
  one: Pair,
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

it('messages that do not conflict may change places', { timeout: 60_000 + RUNS * 500 }, async () => {
  const all = [await connected(), await connected(), await connected()] as const;
  for (const client of all.slice(0, 2)) await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(pairs, async (one) => {
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
    { numRuns: TRAPS.length + RUNS, examples: TRAPS.map((trap): [Pair] => [trap]) },
  );
  expect(checked).toBeGreaterThan(RUNS / 10);
});
