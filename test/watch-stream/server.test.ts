/** What a server allows, what is made on it, and that nothing stays. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { refusalText, refusedAnyway } from '../../src/watch/change-stream-refusal.ts';
import { eventually } from '../support/cli.ts';
import { withPostgres } from '../support/engines.ts';
import { streamed } from './streamed.ts';

const postgres = withPostgres();
const physical = withPostgres({ settings: { wal_level: 'replica' } });
const full = withPostgres({ settings: { max_replication_slots: '1' } });

type Sql = ReturnType<typeof withPostgres>;

/** Runs statements, each by itself, past the test's database, which may be gone when the test is over. */
async function admin(server: Sql, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.engine().url });
  await client.connect();
  for (const sql of statements) await client.query(sql).catch(() => undefined);
  await client.end();
}

async function ours(server: Sql): Promise<readonly string[]> {
  const rows =
    await server.sql(`SELECT slot_name::text AS name FROM pg_replication_slots WHERE slot_name LIKE 'whystale%'
    UNION ALL SELECT pubname::text FROM pg_publication WHERE pubname LIKE 'whystale%' ORDER BY 1`);
  return rows.map(({ name }) => String(name));
}

async function roleUrl(server: Sql, attributes: string): Promise<string> {
  await server.sql(`CREATE ROLE app LOGIN PASSWORD 'p' ${attributes}`);
  onTestFinished(() => admin(server, 'DROP ROLE app'));
  const url = new URL(server.url());
  url.username = 'app';
  url.password = 'p';
  return url.href;
}

describe('a stream', () => {
  test('has a temporary slot, which is gone at its end, and said', async () => {
    const stream = await streamed(postgres.url());
    expect(stream.streams.lines).toEqual(['change stream: on (test_decoding)']);
    expect(stream.begins()).toMatchObject([
      { state: 'begin', plugin: 'test_decoding', tables: null, insertOnly: [] },
    ]);
    const [slot] = await ours(postgres);
    expect(slot).toMatch(new RegExp(`^whystale_${process.pid}_[0-9a-f]{8}$`));
    expect(await stream.close()).toEqual([{ what: `temporary replication slot ${slot}`, removed: true }]);
    expect(await ours(postgres)).toEqual([]);
  });

  test('lets the server drop its log', async () => {
    await postgres.sql('CREATE TABLE t (id int)');
    await streamed(postgres.url());
    await postgres.sql('INSERT INTO t SELECT generate_series(1, 20000)');
    const [before] = await postgres.sql('SELECT pg_current_wal_lsn()::text AS lsn');
    await eventually('the log is confirmed', async () => {
      const [row] = await postgres.sql(
        'SELECT bool_and(confirmed_flush_lsn >= $1::pg_lsn) AS done FROM pg_replication_slots',
        [before?.lsn],
      );
      return row?.done === true;
    });
  });

  test('answers a server that asks for signs of life', async () => {
    await postgres.sql(`ALTER DATABASE ${postgres.database()} SET wal_sender_timeout = '600ms'`);
    await postgres.sql('CREATE TABLE t (id int)');
    const stream = await streamed(postgres.url());
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await postgres.sql('INSERT INTO t VALUES (1)');
    expect(await stream.changes()).toHaveLength(1);
    expect(stream.degraded).toEqual([]);
  });

  test('that the server ends is told once, and the service goes on', async () => {
    const stream = await streamed(postgres.url());
    await postgres.sql(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots`);
    await eventually('the end is told', () => stream.begins().length === 2);
    expect(stream.begins()[1]).toMatchObject({ state: 'end' });
    expect(stream.degraded).toEqual([expect.stringMatching(/^change-stream-ended: /)]);
    const client = new pg.Client({ connectionString: stream.proxied });
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
    expect(await stream.close()).toMatchObject([{ removed: true }]);
  });

  test('survives that all clients of the database are sent away, except its own reader', async () => {
    await postgres.sql('CREATE TABLE t (id int)');
    const stream = await streamed(postgres.url());
    await postgres.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`);
    await postgres.sql('INSERT INTO t VALUES (1)');
    await eventually('the change is told', async () => (await stream.changes()).length === 1);
    expect(await stream.changes()).toMatchObject([{ status: 'ok' }]);
    expect(stream.degraded).toEqual([]);
  });

  test('does not keep tables without a primary key from being updated', async () => {
    await postgres.sql('CREATE TABLE plain (id int); INSERT INTO plain VALUES (1), (2)');
    const stream = await streamed(postgres.url());
    await postgres.sql('UPDATE plain SET id = 3 WHERE id = 1');
    await postgres.sql('DELETE FROM plain');
    expect((await stream.changes()).map(({ action }) => action)).toEqual(['update', 'delete', 'delete']);
  });

  test('names the tables it tells where some keep no log', async () => {
    await postgres.sql('CREATE TABLE kept (id int); CREATE UNLOGGED TABLE scratch (id int)');
    const stream = await streamed(postgres.url());
    expect(stream.begins()).toMatchObject([{ tables: ['kept'] }]);
  });

  test('of a database that is named twice is read once', async () => {
    const stream = await streamed(postgres.url(), `again=${postgres.url()}`);
    expect(stream.streams.lines).toHaveLength(1);
    expect(await ours(postgres)).toHaveLength(1);
    expect(stream.degraded).toEqual([]);
  });

  test('waits for a transaction that is open no longer than a moment, and begins once it is over', async () => {
    await postgres.sql('CREATE TABLE t (id int)');
    const open = new pg.Client({ connectionString: postgres.url() });
    open.on('error', () => undefined);
    await open.connect();
    await open.query('BEGIN');
    await open.query('INSERT INTO t VALUES (1)');
    const stream = await streamed(postgres.url());
    expect(stream.degraded).toEqual([expect.stringMatching(/^change-stream-late: /)]);
    await open.query('COMMIT');
    await open.end();
    await eventually('the stream begins', () => stream.begins().length === 1);
    await postgres.sql('INSERT INTO t VALUES (2)');
    expect(await stream.changes()).toHaveLength(1);
  });

  test('that waits for a transaction can be ended', async () => {
    await postgres.sql('CREATE TABLE t (id int)');
    const open = new pg.Client({ connectionString: postgres.url() });
    open.on('error', () => undefined);
    await open.connect();
    await open.query('BEGIN');
    await open.query('INSERT INTO t VALUES (1)');
    const stream = await streamed(postgres.url());
    await stream.close();
    await eventually('the slot is gone', async () => (await ours(postgres)).length === 0);
    await open.query('ROLLBACK');
    await open.end();
    expect(stream.degraded).toHaveLength(1);
  });
});

describe('leftovers', () => {
  test('of runs that are over are removed and told; those of others stay', async () => {
    await postgres.sql(`SELECT pg_create_logical_replication_slot('whystale_1_old', 'test_decoding');
      CREATE PUBLICATION whystale_1_old; CREATE PUBLICATION whystale_1_old_insert; CREATE PUBLICATION theirs`);
    const other = await streamed(postgres.url());
    await postgres.sql(`CREATE PUBLICATION ${(await ours(postgres))[0]}_insert`);
    const stream = await streamed(postgres.url());
    expect(await ours(postgres)).toHaveLength(3);
    expect((await other.close()).map(({ what, removed }) => `${what} ${removed}`).slice(0, 3)).toEqual([
      'replication slot whystale_1_old, left by an earlier run true',
      'publication whystale_1_old, left by an earlier run true',
      'publication whystale_1_old_insert, left by an earlier run true',
    ]);
    expect(await stream.close()).toHaveLength(1);
  });

  test('of a slot do not outlive a process that was killed', async () => {
    const script = join(import.meta.dirname, 'hold-stream.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, postgres.url()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    expect(await ours(postgres)).toHaveLength(1);
    child.kill('SIGKILL');
    await eventually('the slot is gone', async () => (await ours(postgres)).length === 0);
  });
});

describe('where the server gives none', () => {
  test('because the user may not replicate: told once, with the command', async () => {
    const stream = await streamed(await roleUrl(postgres, ''));
    expect(stream.degraded).toEqual([
      expect.stringMatching(/^change-stream: .*user app may not replicate.*ALTER ROLE app REPLICATION/),
    ]);
    expect(await stream.close()).toEqual([]);
    const client = new pg.Client({ connectionString: stream.proxied });
    await client.connect();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  test('because wal_level is replica', async () => {
    const stream = await streamed(physical.url());
    expect(stream.degraded).toEqual([
      expect.stringMatching(/wal_level is replica.*ALTER SYSTEM SET wal_level = logical/),
    ]);
  });

  test('because no slot is free', async () => {
    await full.sql(`SELECT pg_create_physical_replication_slot('theirs')`);
    const stream = await streamed(full.url());
    expect(stream.degraded).toEqual([
      expect.stringMatching(/all replication slots are in use.*max_replication_slots/),
    ]);
    await full.sql(`SELECT pg_drop_replication_slot('theirs')`);
  });

  test.each([
    ['08P01', 'unsupported startup parameter: replication', /pooler/],
    ['53300', 'number of requested standby connections exceeds "max_wal_senders"', /max_wal_senders/],
    [undefined, 'read ECONNRESET', /ECONNRESET/],
  ] as const)('because it says %s %s', (code, message, reason) => {
    const refusal = refusedAnyway(Object.assign(new Error(message), { code }), 'app');
    expect(refusalText(refusal)).toMatch(reason);
    expect(refusalText(refusal)).toContain('are therefore not seen');
  });

  test('a user who may replicate and owns nothing has one', async () => {
    await postgres.sql('CREATE TABLE items (id int PRIMARY KEY)');
    const stream = await streamed(await roleUrl(postgres, 'REPLICATION'));
    await postgres.sql('INSERT INTO items VALUES (1)');
    expect(await stream.changes()).toMatchObject([{ table: 'items', action: 'insert' }]);
    expect(stream.degraded).toEqual([]);
  });
});

describe('without test_decoding', () => {
  /** Hides all plugins but pgoutput from the server. */
  async function onlyPgoutput(): Promise<void> {
    const [row] = await postgres.sql(`SELECT setting FROM pg_config() WHERE name = 'PKGLIBDIR'`);
    const folder = mkdtempSync(join(tmpdir(), 'whystale-test-'));
    chmodSync(folder, 0o755);
    symlinkSync(join(String(row?.setting), 'pgoutput.so'), join(folder, 'pgoutput.so'));
    const reload = 'SELECT pg_reload_conf()';
    await admin(postgres, `ALTER SYSTEM SET dynamic_library_path = '${folder}'`, reload);
    onTestFinished(async () => {
      await admin(postgres, 'ALTER SYSTEM RESET dynamic_library_path', reload);
      rmSync(folder, { recursive: true });
    });
  }

  test('pgoutput tells the same, by publications that hinder nobody and are removed', async () => {
    await onlyPgoutput();
    await postgres.sql(`CREATE TABLE items (id int PRIMARY KEY, name text); CREATE TABLE plain (id int);
      CREATE TABLE late_key (id int PRIMARY KEY DEFERRABLE)`);
    const stream = await streamed(postgres.url());
    expect(stream.streams.lines).toEqual(['change stream: on (pgoutput)']);
    expect(stream.begins()).toMatchObject([
      { plugin: 'pgoutput', insertOnly: ['plain', 'late_key'], tables: ['items', 'plain', 'late_key'] },
    ]);
    expect(stream.degraded).toEqual([
      expect.stringMatching(/^change-stream-part: .*only INSERTs of plain, late_key/),
    ]);
    for (const sql of [
      `INSERT INTO items VALUES (1, 'a')`,
      `UPDATE items SET name = 'b'`,
      'DELETE FROM items',
      'TRUNCATE items',
      'INSERT INTO plain VALUES (1)',
      'UPDATE plain SET id = 2',
      'DELETE FROM plain',
      'INSERT INTO late_key VALUES (1)',
      'UPDATE late_key SET id = 2',
      'DELETE FROM late_key',
    ])
      await postgres.sql(sql);
    const changes = await stream.changes();
    expect(changes.map(({ action, table }) => `${action} ${table}`)).toEqual([
      'insert items',
      'update items',
      'delete items',
      'truncate items',
      'insert plain',
      'insert late_key',
    ]);
    expect(changes[0]).toMatchObject({
      lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
      row: { id: stream.digest.scalar('1') },
    });
    expect((await stream.close()).map(({ removed }) => removed)).toEqual([true, true, true]);
    expect(await ours(postgres)).toEqual([]);
  });

  test('tables made meanwhile are added, and one that loses its key can still be updated soon', async () => {
    await onlyPgoutput();
    const stream = await streamed(postgres.url());
    await postgres.sql('CREATE TABLE items (id int PRIMARY KEY)');
    await eventually('the table is told', () => stream.begins().at(-1)?.tables?.includes('items') === true);
    await postgres.sql('INSERT INTO items VALUES (1)');
    expect(await stream.changes()).toHaveLength(1);
    await postgres.sql('ALTER TABLE items DROP CONSTRAINT items_pkey');
    await eventually(
      'only its INSERTs are told',
      () => stream.begins().at(-1)?.insertOnly.includes('items') === true,
    );
    await postgres.sql('UPDATE items SET id = 2');
  });
});
