/** One server, two databases with the same tables: what happens in one says nothing of the other. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FindingsDocument, FindingsSchema } from '../../src/report/findings-document.ts';
import { withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { nodeService } from './services.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();

const TABLE = `CREATE TABLE items (id int PRIMARY KEY, price numeric NOT NULL); INSERT INTO items VALUES (1, 149.50)`;

/** Serves item 1 from `other`, and looks at it again when told to; the last look follows a write without a removal. */
const SERVICE = `
const { Redis } = require('ioredis');
const { Client } = require('pg');
const redis = new Redis(process.env.REDIS_URL);
const url = new URL(process.env.DATABASE_URL);
url.pathname = process.env.OTHER;
const source = new Client({ connectionString: url.href });
await source.connect();
const read = async () => {
  const hit = await redis.get('item:1');
  if (hit !== null) return hit;
  const { rows } = await source.query('SELECT id, price FROM items WHERE id = $1', [1]);
  await redis.set('item:1', JSON.stringify(rows[0]), 'EX', 600);
};
await read();
await read();
console.log('cached');
process.on('SIGUSR2', async () => {
  await read();
  if (process.env.WRITES === '1') {
    await source.query('UPDATE items SET price = $1 WHERE id = $2', ['162.25', 1]);
    await read();
  }
  console.log('looked');
  await redis.quit();
  await source.end();
  clearInterval(stay);
});
const stay = setInterval(() => undefined, 1000);
console.log('pid ' + process.pid);
`;

async function watchOther(writes: boolean): Promise<FindingsDocument> {
  await postgres.sql(TABLE);
  const name = `${postgres.database()}_other`;
  await postgres.sql(`CREATE DATABASE ${name}`);
  const other = new URL(postgres.url());
  other.pathname = `/${name}`;
  psql(other.href, TABLE);
  const folder = whystale.folder('databases');
  const run = whystale.start([
    ...[
      'watch',
      '--json',
      '--out',
      join(folder, 'rec'),
      '--env',
      `WRITES=${writes ? '1' : '0'}`,
      '--env',
      `OTHER=/${name}`,
    ],
    ...['--redis', redis.url(), '--postgres', postgres.url(), '--', ...nodeService(folder, SERVICE)],
  ]);
  const [, pid] = await run.sees(/pid (\d+)/);
  psql(postgres.url(), 'UPDATE items SET price = 200');
  process.kill(Number(pid), 'SIGUSR2');
  const end = await run.end();
  return FindingsSchema.parse(JSON.parse(end.stdout)) as FindingsDocument;
}

function psql(url: string, sql: string): void {
  execFileSync('psql', [url, '-qAt', '-c', sql]);
}

test('a write past the proxies into the table of the same name makes nothing stale', async () => {
  const document = await watchOther(false);
  expect(document.findings).toEqual([]);
  expect(document.templates).toMatchObject([
    { template: 'item:{id}', hits: 2, sources: [expect.stringMatching(/_other\.public\.items$/)] },
  ]);
});

test('a write of the service itself does', async () => {
  const document = await watchOther(true);
  expect(document.findings).toMatchObject([{ code: 'WS112', key: 'item:1', confidence: 'proved', hits: 1 }]);
  expect(document.findings[0]?.writer).toMatch(/^UPDATE items/);
});
