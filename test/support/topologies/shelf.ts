/**
 * A small service for every topology: it keeps lamps and desks in the cache. A new name removes the key of either; a new
 * price forgets to for lamps (WS101) and remembers for desks (the twin that must stay silent). Caches are read where
 * $REDIS_REPLICA_URL says, filled and removed where $SHELF_PRIMARY, else $REDIS_URL says; rows are read and written where
 * $DATABASE_URL says.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Command, nodeService } from '../../e2e/services.ts';
import { type CliEnd, recordedText, type Whystale } from '../cli.ts';
import { pythonWith } from '../engines.ts';

export const SHELF_SCHEMA = ['lamps', 'desks']
  .map(
    (table) => `DROP TABLE IF EXISTS ${table};
      CREATE TABLE ${table} (id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL);
      INSERT INTO ${table} SELECT i, '${table} ' || i, 100 + i FROM generate_series(11, 13) i;`,
  )
  .join('\n');

const NODE_SHELF = `
const { Redis } = require('ioredis');
const { Client } = require('pg');
const primary = new Redis(process.env.SHELF_PRIMARY ?? process.env.REDIS_URL);
const replica = process.env.REDIS_REPLICA_URL ? new Redis(process.env.REDIS_REPLICA_URL) : primary;
const source = new Client({ connectionString: process.env.DATABASE_URL });
await source.connect();
await source.query(\`SET application_name = 'shelf'\`);
// Rows are read at a standby where there is one; a commit then waits until the standby shows it.
const rows = process.env.DATABASE_REPLICA_URL ? new Client({ connectionString: process.env.DATABASE_REPLICA_URL }) : source;
if (rows !== source) {
  await rows.connect();
  await source.query('SET synchronous_commit = remote_apply');
}
const arrived = () => (replica === primary ? null : primary.wait(1, 5000));
async function read(table, id) {
  const key = table + ':' + id;
  const hit = await replica.get(key);
  if (hit !== null) return JSON.parse(hit);
  const { rows: found } = await rows.query({ name: 'read ' + table, text: 'SELECT id, name, price FROM ' + table + ' WHERE id = $1', values: [id] });
  await primary.set(key, JSON.stringify(found[0]), 'EX', 300);
  await arrived();
  return found[0];
}
async function change(table, id, column, value, removes) {
  await source.query('UPDATE ' + table + ' SET ' + column + ' = $1 WHERE id = $2', [value, id]);
  if (!removes) return;
  await primary.del(table + ':' + id);
  await arrived();
}
for (const table of ['lamps', 'desks']) {
  for (const id of [11, 12, 13]) {
    await read(table, id);
    await change(table, id, 'name', 'new ' + table + ' ' + id, true);
    await read(table, id);
    await change(table, id, 'price', String(500 + id), table === 'desks');
    await read(table, id);
    const { price } = await read(table, id);
    if (id === 13) console.log(table + ' at ' + Number(price));
  }
}
for (const client of new Set([source, rows])) await client.end();
for (const redis of new Set([primary, replica])) await redis.quit();
`;

const PYTHON_SHELF = `
import json, os
import psycopg, redis

primary = redis.Redis.from_url(os.environ["REDIS_URL"])
with psycopg.connect(os.environ["DATABASE_URL"] if SOURCE == "url" else "", autocommit=True) as source:
    source.prepare_threshold = 1
    source.execute("SET application_name = 'shelf'")

    def read(table, id):
        key = f"{table}:{id}"
        hit = primary.get(key)
        if hit is not None:
            return json.loads(hit)
        row = source.execute(f"SELECT id, name, price FROM {table} WHERE id = %s", (id,)).fetchone()
        value = {"id": row[0], "name": row[1], "price": float(row[2])}
        primary.set(key, json.dumps(value), ex=300)
        return value

    def change(table, id, column, value, removes):
        with source.transaction():
            source.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", (value, id))
        if removes:
            try:
                primary.delete(f"{table}:{id}")
            except redis.exceptions.ResponseError as error:
                print("not removed:", error)

    for table in ("lamps", "desks"):
        for id in (11, 12, 13):
            read(table, id)
            change(table, id, "name", f"new {table} {id}", True)
            read(table, id)
            change(table, id, "price", 500 + id, table == "desks")
            read(table, id)
            price = read(table, id)["price"]
            if id == 13:
                print(table, "at", int(price))
primary.close()
`;

/** `libpq`: in Python, with the source named by libpq's own variables alone. */
export type ShelfLanguage = 'node' | 'python' | 'libpq';

/** Writes the service into the folder and gives the command that runs it. */
export function shelfService(folder: string, language: ShelfLanguage): Command {
  if (language === 'node') return nodeService(folder, NODE_SHELF);
  const file = join(folder, 'shelf.py');
  writeFileSync(file, `SOURCE = "${language === 'libpq' ? 'libpq' : 'url'}"\n${PYTHON_SHELF}`);
  return [pythonWith('redis', 'psycopg'), file];
}

export interface Found {
  readonly code: string;
  readonly template: string;
  readonly confidence: string;
  readonly keys: number;
  readonly key: string;
  readonly hits: number;
  readonly explanation: string;
}

export interface WatchDocument {
  readonly engine: { readonly redis: string; readonly postgres: string };
  readonly findings: readonly Found[];
  readonly notices: readonly string[];
}

export interface Watched {
  readonly end: CliEnd;
  readonly document: WatchDocument;
  /** Text of the recording. */
  readonly recorded: string;
}

export interface WatchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Runs `whystale watch --json` around a command, with a recording. */
export async function watched(
  whystale: Whystale,
  command: Command,
  { env = {}, args = [] }: WatchOptions,
): Promise<Watched> {
  const out = join(whystale.folder(), 'recording');
  const end = await whystale.run(['watch', '--json', ...args, '--out', out, '--', ...command], { env });
  if (end.stdout.trim() === '') throw new Error(`no document was printed:\n${end.stderr}`);
  return { end, document: JSON.parse(end.stdout) as WatchDocument, recorded: recordedText(out) };
}

/** The shelf's bug is found, its twin is silent, and the service ran as it does unwatched. */
export function expectShelf({ end, document }: Watched): void {
  expect(end.stderr, end.stdout).toContain('lamps at 113');
  expect(end.stderr).toContain('desks at 513');
  expect(document.findings, JSON.stringify(document, null, 1)).toEqual([
    expect.objectContaining({
      code: 'WS101',
      template: 'lamps:{id}',
      confidence: 'proved',
      keys: 3,
      hits: 6,
    }),
  ]);
  expect(end.exitCode, end.stderr).toBe(1);
}

/** No credential stands in what was printed or recorded, in whatever form. */
export function expectNoSecret({ end, recorded }: Watched, ...secrets: readonly string[]): void {
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      for (const text of [end.stdout, end.stderr, recorded]) expect(text.includes(form)).toBe(false);
    }
  }
}
