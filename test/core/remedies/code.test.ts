/** Remedies as code: every snippet parses in its language, and says what the recipe says with the finding's own names. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CauseCode } from '../../../src/core/codes.ts';
import { CODES } from '../../../src/core/codes.ts';
import type { Stack } from '../../../src/core/drivers/stack.ts';
import { NO_STACK } from '../../../src/core/drivers/stack.ts';
import type { KeyPattern } from '../../../src/core/remedies/key-pattern.ts';
import { type RemedyFacts, remedyCode } from '../../../src/core/remedies/remedies.ts';
import { pythonWith } from '../../support/engines.ts';

const ITEM: KeyPattern = {
  template: 'item:{id}',
  pieces: [{ text: 'item:' }, { name: 'id', column: 'items.id' }],
};
/** Braces, quotes, dollars and backslashes are literal here. */
const HARD: KeyPattern = {
  template: '{{id}}:"a`b$c\'\\:{id}',
  pieces: [
    { text: '{' },
    { name: 'tenant_id', column: 'orders.tenant_id' },
    { text: '}:"a`b$c\'\\:' },
    { name: 'class_', column: 'orders.class' },
  ],
};
const FIXED: KeyPattern = { template: 'items:{all}', pieces: [{ text: 'items:{all}' }] };

const FACTS: RemedyFacts = {
  stack: NO_STACK,
  key: ITEM,
  also: [],
  write: { shape: 'UPDATE items SET price = $1 WHERE id = $2', block: true },
  read: { shape: 'SELECT id, name, price FROM items WHERE id = $1', block: false },
  seconds: 60,
  table: 'items',
  outside: false,
  missing: 'lang',
};

const PYTHON = { language: 'python', redis: 'redis-py', layer: null, awaited: null } as const;
const NODE = { language: 'javascript', layer: null, awaited: true } as const;
const STACKS: Readonly<Record<string, Stack>> = {
  'redis-py + psycopg': { ...PYTHON, postgres: 'psycopg' },
  'redis-py + psycopg2': { ...PYTHON, postgres: 'psycopg2', awaited: false },
  'redis-py (asyncio) + asyncpg': { ...PYTHON, postgres: 'asyncpg', awaited: true },
  'redis-py + SQLAlchemy': { ...PYTHON, postgres: 'psycopg2', layer: 'sqlalchemy', awaited: false },
  'redis-py (asyncio) + SQLAlchemy': { ...PYTHON, postgres: 'asyncpg', layer: 'sqlalchemy', awaited: true },
  'redis-py + Django': { ...PYTHON, postgres: 'psycopg2', layer: 'django', awaited: false },
  'redis-py + PostgreSQL': { ...PYTHON, postgres: null },
  'Redis + psycopg': { ...PYTHON, redis: null, postgres: 'psycopg' },
  'ioredis + pg': { ...NODE, redis: 'ioredis', postgres: 'pg' },
  'node-redis + pg': { ...NODE, redis: 'node-redis', postgres: 'pg' },
  'node-redis + postgres.js': { ...NODE, redis: 'node-redis', postgres: 'postgres.js' },
  'ioredis + knex': { ...NODE, redis: 'ioredis', postgres: 'pg', layer: 'knex' },
  'ioredis + Sequelize': { ...NODE, redis: 'ioredis', postgres: 'pg', layer: 'sequelize' },
  'ioredis + Drizzle': { ...NODE, redis: 'ioredis', postgres: 'pg', layer: 'drizzle' },
  'ioredis + PostgreSQL': { ...NODE, redis: 'ioredis', postgres: null },
  'Redis + pg': { ...NODE, redis: null, postgres: 'pg' },
};

/** Kinds of facts that code must be written from without breaking. */
const VARIANTS: readonly Partial<RemedyFacts>[] = [
  {},
  { key: HARD, also: [ITEM, FIXED], seconds: null },
  { key: FIXED, write: null, read: null },
  { write: { shape: 'DELETE FROM items WHERE id = $1', block: false } },
  {
    write: {
      shape: `INSERT INTO "order" ("class", from_, note) VALUES ($1, $2, '100%')`,
      block: true,
    },
    read: {
      shape: `SELECT "class" FROM "order" WHERE note LIKE $1 AND class = ANY($2::text[])`,
      block: false,
    },
  },
  {
    write: {
      shape: `UPDATE items SET ${'a_long_column = $1, '.repeat(20)}b = $2 WHERE id = $3`,
      block: true,
    },
    read: { shape: `SELECT ${'a_long_column, '.repeat(20)}b FROM items WHERE id = $1`, block: false },
  },
];

interface Written {
  readonly language: string;
  readonly text: string;
}

const ALL: readonly Written[] = Object.values(STACKS).flatMap((stack) =>
  VARIANTS.flatMap((variant) =>
    (Object.keys(CODES) as CauseCode[]).flatMap((code) =>
      remedyCode(code, { ...FACTS, ...variant, stack }).map(({ language, lines }) => ({
        language,
        text: lines.join('\n'),
      })),
    ),
  ),
);

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'whystale-remedies-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('every snippet in Python parses', () => {
  const texts = ALL.filter(({ language }) => language === 'python').map(({ text }) => text);
  expect(texts.length).toBeGreaterThan(200);
  inFolder((folder) => {
    const file = join(folder, 'snippets.json');
    writeFileSync(file, JSON.stringify(texts));
    const program =
      'import ast, json, sys\nfor text in json.load(open(sys.argv[1])):\n  try: ast.parse(text)\n  except SyntaxError as e: sys.exit(text + "\\n" + str(e))';
    execFileSync(pythonWith('json'), ['-c', program, file], { encoding: 'utf8' });
  });
});

test('every snippet in JavaScript parses', () => {
  const texts = ALL.filter(({ language }) => language === 'javascript').map(({ text }) => text);
  expect(texts.length).toBeGreaterThan(200);
  inFolder((folder) => {
    const file = join(folder, 'snippets.mjs');
    writeFileSync(file, texts.map((text) => `async () => {\n${text}\n};\n`).join('\n'));
    execFileSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  });
});

function codeOf(code: CauseCode, stack: string, more: Partial<RemedyFacts> = {}): string {
  const blocks = remedyCode(code, { ...FACTS, ...more, stack: STACKS[stack] ?? NO_STACK });
  return blocks.map(({ driver, lines }) => [`${driver}:`, ...lines].join('\n')).join('\n');
}

test('a removal follows the commit, with the statement and the key of the finding', () => {
  expect(codeOf('WS101', 'redis-py + psycopg')).toBe(`redis-py + psycopg:
with conn.transaction():
    conn.execute("UPDATE items SET price = %s WHERE id = %s", (price, id))
r.delete(f"item:{id}")  # COMMIT has returned; safe to repeat
# in asyncio: \`async with\`, and \`await\` before each call`);
  expect(codeOf('WS103', 'redis-py (asyncio) + asyncpg')).toBe(`redis-py (asyncio) + asyncpg:
async with conn.transaction():
    await conn.execute("UPDATE items SET price = $1 WHERE id = $2", price, id)
await r.delete(f"item:{id}")  # COMMIT has returned; safe to repeat`);
  expect(codeOf('WS112', 'redis-py + SQLAlchemy')).toBe(`redis-py + SQLAlchemy:
session.execute(text("UPDATE items SET price = :price WHERE id = :id"), {"price": price, "id": id})
session.commit()
r.delete(f"item:{id}")  # COMMIT has returned; safe to repeat`);
  expect(codeOf('WS101', 'ioredis + pg')).toBe(`ioredis + pg:
const tx = await pool.connect();
try {
  await tx.query('BEGIN');
  await tx.query('UPDATE items SET price = $1 WHERE id = $2', [price, id]);
  await tx.query('COMMIT');
} catch (error) { await tx.query('ROLLBACK'); throw error; } finally { tx.release(); }
await redis.del(\`item:\${id}\`); // COMMIT has returned; safe to repeat`);
  expect(codeOf('WS101', 'node-redis + postgres.js', { also: [FIXED] })).toBe(`node-redis + postgres.js:
await sql.begin(async (sql) => {
  await sql\`UPDATE items SET price = \${price} WHERE id = \${id}\`;
});
await client.del([\`item:\${id}\`, 'items:{all}']); // COMMIT has returned; safe to repeat`);
  const write = { shape: 'update "items" set "price" = $1 where "id" = $2', block: true };
  expect(codeOf('WS101', 'ioredis + knex', { write })).toBe(`ioredis + knex:
await knex.transaction(async (trx) => {
  await trx('items').where({ id }).update({ price });
});
await redis.del(\`item:\${id}\`); // COMMIT has returned; safe to repeat`);
});

test('Django waits for the commit itself, and its cache knows its own prefix and version', () => {
  const write = { shape: 'UPDATE "shop_item" SET "price" = $1 WHERE "shop_item"."id" = $2', block: true };
  const key: KeyPattern = {
    template: ':1:item:{id}',
    pieces: [{ text: ':1:item:' }, { name: 'id', column: 'shop_item.id' }],
  };
  expect(codeOf('WS101', 'redis-py + Django', { write, key })).toBe(`redis-py + Django:
with transaction.atomic():
    ...  # UPDATE "shop_item" SET "price" = $1 WHERE "shop_item"."id" = $2
    transaction.on_commit(lambda: cache.delete(f"item:{id}"))  # runs once COMMIT has returned`);
  expect(codeOf('WS101', 'redis-py + Django', { write })).toContain(
    'transaction.on_commit(lambda: r.delete(f"item:{id}"))',
  );
});

test('a fill is fenced as in the recipe', () => {
  expect(codeOf('WS104', 'redis-py + psycopg2')).toBe(`redis-py + psycopg2:
FILL = """if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1"""
key, gen = f"item:{id}", f"gen:item:{id}"
value, generation = r.mget(key, gen)  # before the SELECT
if value is None:
    cur.execute("SELECT id, name, price FROM items WHERE id = %s", (id,))
    row = cur.fetchone()
    r.eval(FILL, 2, key, gen, generation or "", serialize(row), 60)
# the writer, after COMMIT: r.set(gen, str(uuid.uuid4()), ex=600), then r.delete(key)`);
  expect(codeOf('WS104', 'node-redis + pg')).toContain(
    "await client.eval(FILL, { keys: [key, gen], arguments: [generation ?? '', serialize(row), '60'] });",
  );
});

test('costs have code too', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the snippet's.
  expect(codeOf('WS113', 'ioredis + pg')).toContain("await redis.set(`item:${id}`, value, 'KEEPTTL');");
  expect(codeOf('WS203', 'redis-py + psycopg', { seconds: null })).toContain(
    'r.set(f"item:{id}", value, ex=300 + random.randrange(60))',
  );
  expect(codeOf('WS202', 'ioredis + pg')).toContain("if (await redis.set(lock, token, 'PX', 5000, 'NX')) {");
  expect(codeOf('WS204', 'ioredis + pg')).toBe('');
});

test('where no library is known, what is sent to each store stands there', () => {
  expect(codeOf('WS101', '')).toBe(`PostgreSQL:
BEGIN;
UPDATE items SET price = $1 WHERE id = $2;
COMMIT;
Redis:
# once COMMIT has returned; safe to repeat
DEL item:{id}`);
  expect(codeOf('WS105', '')).toContain('DEL item:{id}');
});

test('a writer past the proxies gets a trigger for an outbox, where the row tells the key', () => {
  expect(codeOf('WS101', 'ioredis + pg', { outside: true, write: null })).toContain(
    "INSERT INTO invalidations (key) VALUES ('item:' || COALESCE(NEW.id, OLD.id));",
  );
  expect(codeOf('WS101', 'ioredis + pg', { outside: true, key: HARD })).toBe('');
});
