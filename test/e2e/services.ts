/**
 * Tiny services for watching: each keeps one lamp in the cache, changes it without removing it, and reads it again. What
 * differs is the driver. A service ends by itself unless told to stay.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pythonWith } from '../support/engines.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** What every one of them must lead to: two stale hits on one key, ended by nothing but its time to live. */
export const LAMP_FINDING = {
  code: 'WS112',
  template: 'lamp:{id}',
  key: 'lamp:7',
  confidence: 'proved',
  hits: 2,
};

const NODE_STORY = `
export async function story({ query, get, set }) {
  await query('CREATE TABLE IF NOT EXISTS lamps (id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL)');
  await query('INSERT INTO lamps VALUES ($1, $2, $3)', [7, 'Desk lamp', '149.50']);
  const read = async () => {
    const hit = await get('lamp:7');
    if (hit !== null) return JSON.parse(hit);
    const [row] = await query('SELECT id, name, price FROM lamps WHERE id = $1', [7]);
    await set('lamp:7', JSON.stringify(row));
    return row;
  };
  await read();
  await read();
  await query('UPDATE lamps SET price = $1 WHERE id = $2', ['162.25', 7]);
  await read();
  const last = await read();
  console.log('price ' + last.price);
}
`;

const NODE_CACHE = {
  ioredis: `
    const { Redis } = require('ioredis');
    const redis = new Redis(process.env.CACHE ?? process.env.REDIS_URL);
    const cache = { get: (key) => redis.get(key), set: (key, text) => redis.set(key, text, 'EX', 60) };
    const closeCache = () => redis.quit();`,
  'node-redis with RESP3': `
    const { createClient } = require('redis');
    const redis = await createClient({ url: process.env.CACHE ?? process.env.REDIS_URL, RESP: 3 }).connect();
    const cache = { get: (key) => redis.get(key), set: (key, text) => redis.set(key, text, { EX: 60 }) };
    const closeCache = () => redis.close();`,
} as const;

const NODE_SOURCE = {
  pg: `
    const { Pool } = require('pg');
    const pool = new Pool({ connectionString: process.env.SOURCE ?? process.env.DATABASE_URL });
    const query = async (text, values) => (await pool.query(text, values)).rows;
    const closeSource = () => pool.end();`,
  'postgres.js': `
    const postgres = require('postgres');
    const sql = postgres(process.env.SOURCE ?? process.env.DATABASE_URL, { onnotice: () => undefined });
    const query = (text, values) => sql.unsafe(text, values);
    const closeSource = () => sql.end();`,
} as const;

/** A command, ready to stand after `--`. */
export type Command = readonly string[];

/** Writes a module into the folder and gives the command that runs it; `require` finds this project's packages. */
export function nodeService(folder: string, code: string): Command {
  const file = join(folder, 'service.mjs');
  const head = `import { createRequire } from 'node:module';\nconst require = createRequire(${JSON.stringify(join(ROOT, 'package.json'))});\n`;
  writeFileSync(file, head + code);
  return [process.execPath, file];
}

/** The lamp service on Node. With `stay` it runs until SIGTERM and then ends with this exit code. */
export function lampService(
  folder: string,
  cache: keyof typeof NODE_CACHE = 'ioredis',
  source: keyof typeof NODE_SOURCE = 'pg',
  stay?: number,
): Command {
  const end =
    stay === undefined
      ? 'await closeCache(); await closeSource();'
      : `process.on('SIGTERM', () => process.exit(${stay})); setInterval(() => undefined, 1000); console.log('staying');`;
  return nodeService(
    folder,
    `${NODE_STORY}\n${NODE_CACHE[cache]}\n${NODE_SOURCE[source]}\nawait story({ query, ...cache });\n${end}\n`,
  );
}

/** The lamp service with redis-py and psycopg, which asks for TLS first (`sslmode=prefer`). */
export function pythonLampService(folder: string): Command {
  const file = join(folder, 'service.py');
  writeFileSync(
    file,
    `
import json, os
import psycopg, redis

store = redis.Redis.from_url(os.environ["REDIS_URL"])
url = os.environ["DATABASE_URL"]
with psycopg.connect(url + ("&" if "?" in url else "?") + "sslmode=prefer", autocommit=True) as source:
    source.execute("CREATE TABLE lamps (id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL)")
    source.execute("INSERT INTO lamps VALUES (%s, %s, %s)", (7, "Desk lamp", "149.50"))

    def read():
        hit = store.get("lamp:7")
        if hit is not None:
            return json.loads(hit)
        id, name, price = source.execute("SELECT id, name, price FROM lamps WHERE id = %s", (7,)).fetchone()
        row = {"id": id, "name": name, "price": float(price)}
        store.setex("lamp:7", 60, json.dumps(row))
        return row

    read()
    read()
    with source.transaction():
        source.execute("UPDATE lamps SET price = %s WHERE id = %s", ("162.25", 7))
    read()
    print("price", read()["price"])
`,
  );
  return [pythonWith('redis', 'psycopg'), file];
}
