/** Who made a change: a client of the service, another one that is still there, or nobody who could be named. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import { expect, test } from 'vitest';
import { eventually } from '../support/cli.ts';
import { withPostgres } from '../support/engines.ts';
import { streamed } from './streamed.ts';

const postgres = withPostgres();

async function connect(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

test('a change of a proxied connection names its session', async () => {
  await postgres.sql('CREATE TABLE items (id int PRIMARY KEY)');
  const stream = await streamed(postgres.url());
  const service = await connect(stream.proxied, 'service');
  await service.query('INSERT INTO items VALUES (1)');
  const [change] = await stream.changes();
  expect(change).toMatchObject({ proxied: 'pg:1' });
  expect(change?.client).toBeUndefined();
  await service.end();
});

test('a change of a client past the proxy names it, also when others are connected', async () => {
  await postgres.sql('CREATE TABLE items (id int PRIMARY KEY)');
  const stream = await streamed(postgres.url());
  const service = await connect(stream.proxied, 'service');
  await service.query('SELECT * FROM items');
  const cron = await connect(postgres.url(), 'nightly-prices');
  await cron.query('BEGIN');
  await cron.query('INSERT INTO items VALUES (1)');
  await cron.query('COMMIT');
  const [change] = await stream.changes();
  expect(change?.client).toEqual({ application: 'nightly-prices', user: 'postgres' });
  expect(change?.proxied).toBeUndefined();
  await cron.end();
  await service.end();
});

test('psql is named while it lingers; when it is gone nobody is', async () => {
  await postgres.sql('CREATE TABLE items (id int PRIMARY KEY)');
  const stream = await streamed(postgres.url());
  const psql = spawn('psql', [postgres.url(), '-qAt'], { stdio: ['pipe', 'ignore', 'inherit'] });
  psql.stdin.write('INSERT INTO items VALUES (1);\n');
  await eventually('the change is told', async () => (await stream.changes()).length === 1);
  psql.stdin.end();
  await once(psql, 'close');
  expect((await stream.changes())[0]?.client).toEqual({ application: 'psql', user: 'postgres' });

  execFileSync('psql', [postgres.url(), '-qAt', '-c', 'INSERT INTO items VALUES (2)']);
  const second = (await stream.changes())[1];
  expect(second).toMatchObject({ action: 'insert', status: 'ok' });
  expect(second?.proxied).toBeUndefined();
  // It may have been caught in the act.
  expect([undefined, 'psql']).toContain(second?.client?.application);
});

test('a long query of another client is not mistaken for the one that committed', async () => {
  await postgres.sql('CREATE TABLE items (id int PRIMARY KEY)');
  const stream = await streamed(postgres.url());
  const report = await connect(postgres.url(), 'report');
  const sleeping = report.query('SELECT pg_sleep(1)').catch(() => undefined);
  const gone = await connect(postgres.url(), 'gone');
  await gone.query('INSERT INTO items VALUES (1)');
  await gone.end();
  const [change] = await stream.changes();
  expect([undefined, 'gone']).toContain(change?.client?.application);
  await sleeping;
  await report.end();
});
