import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Check, type DoctorReport, exitCodeOf } from '../../src/doctor/check.ts';
import { type DoctorRequest, examine } from '../../src/doctor/doctor.ts';
import { renderReport } from '../../src/doctor/render.ts';
import { freePort } from '../../src/engines/ports.ts';
import { askRedis } from '../../src/engines/redis-probe.ts';
import { eventually } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whystale-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function examined(request: Partial<DoctorRequest>): Promise<DoctorReport> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  return examine({ env, redis: [], postgres: [], recordingFolder: join(folder, 'new'), ...request });
}

function find(report: DoctorReport, id: string): Check {
  const check = report.checks.find((one) => one.id === id);
  if (check === undefined)
    throw new Error(`no check ${id} in ${report.checks.map((one) => one.id).join(' ')}`);
  return check;
}

const redis = withRedis();
const postgres = withPostgres();
const physical = withPostgres({
  settings: { wal_level: 'replica', max_replication_slots: '0', max_wal_senders: '0' },
});

test('two stores in order', async () => {
  const report = await examined({ redis: [redis.url()], postgres: [postgres.url()] });
  expect(report.healthy).toBe(true);
  expect(exitCodeOf(report)).toBe(0);
  expect(report.checks.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(find(report, 'redis.version').evidence).toBe(`Redis ${redis.engine().version}`);
  expect(find(report, 'postgres.version').evidence).toContain(postgres.engine().version);
  expect(JSON.stringify(report)).not.toContain(postgres.password());
  expect(renderReport(report).at(-1)).toBe('Nothing is missing.');
});

test('without a URL, embedded engines are looked at', async () => {
  const report = await examined({});
  expect(report.healthy).toBe(true);
  expect(find(report, 'redis.connection').evidence).toContain('embedded');
  expect(find(report, 'engines.postgres')).toMatchObject({ state: 'ok', required: true });
});

describe('PostgreSQL lacks', () => {
  test('of the change stream are told with their commands, and do not stop watching', async () => {
    await physical.sql('CREATE ROLE plain LOGIN PASSWORD $$p$$');
    const url = new URL(physical.url());
    url.username = 'plain';
    url.password = 'p';
    const report = await examined({ redis: [redis.url()], postgres: [url.href] });
    expect(report.healthy).toBe(true);
    expect(find(report, 'postgres.wal-level')).toMatchObject({
      state: 'lack',
      mend: expect.stringContaining('ALTER SYSTEM SET wal_level = logical'),
    });
    expect(find(report, 'postgres.slots')).toMatchObject({
      state: 'lack',
      mend: expect.stringContaining('max_replication_slots = 5'),
    });
    expect(find(report, 'postgres.replication')).toMatchObject({
      state: 'lack',
      mend: expect.stringContaining('ALTER ROLE plain REPLICATION'),
    });
    await physical.sql('DROP ROLE plain');
  });

  test('tables without a usable replica identity are named', async () => {
    await postgres.sql(`
      CREATE TABLE with_key (id int PRIMARY KEY); CREATE TABLE "No Key" (id int);
      CREATE TABLE full_row (id int); ALTER TABLE full_row REPLICA IDENTITY FULL;
      CREATE TABLE by_index (id int NOT NULL UNIQUE); ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_id_key;
      CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
      CREATE UNLOGGED TABLE scratch (id int)`);
    const check = find(await examined({ postgres: [postgres.url()] }), 'postgres.replica-identity');
    expect(check).toMatchObject({ state: 'lack', required: false });
    expect(check.evidence).toMatch(/^"No Key", nothing without/);
    const sql = /-c "(.*)" #/.exec(check.mend ?? '')?.[1]?.replaceAll('\\"', '"') ?? '';
    await postgres.sql(sql);
    expect(find(await examined({ postgres: [postgres.url()] }), 'postgres.replica-identity').state).toBe(
      'ok',
    );
  });

  test('leftovers are removed, and that is said', async () => {
    await postgres.sql(`SELECT pg_create_logical_replication_slot('whystale_old', 'pgoutput')`);
    await postgres.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await postgres.sql('CREATE PUBLICATION whystale_1_ab FOR TABLE t');
    await postgres.sql('CREATE PUBLICATION whystale_1_ab_insert FOR TABLE t');
    await postgres.sql('CREATE PUBLICATION others');
    expect(find(await examined({ postgres: [postgres.url()] }), 'postgres.leftovers')).toMatchObject({
      state: 'ok',
      evidence: 'removed slot whystale_old, publication whystale_1_ab, publication whystale_1_ab_insert',
    });
    const left = await postgres.sql(
      'SELECT slot_name::text FROM pg_replication_slots UNION ALL SELECT pubname FROM pg_publication',
    );
    expect(left).toEqual([{ slot_name: 'others' }]);
    expect(find(await examined({ postgres: [postgres.url()] }), 'postgres.leftovers').evidence).toBe('none');
  });

  test('leftovers of another owner are named, with the command that removes them', async () => {
    await postgres.sql('CREATE PUBLICATION whystale_2_cd');
    await postgres.sql('CREATE ROLE plain LOGIN PASSWORD $$p$$');
    const url = new URL(postgres.url());
    url.username = 'plain';
    url.password = 'p';
    const check = find(await examined({ postgres: [url.href] }), 'postgres.leftovers');
    expect(check).toMatchObject({ state: 'lack', evidence: expect.stringContaining('whystale_2_cd') });
    await postgres.sql(/-c "(.*)" #/.exec(check.mend ?? '')?.[1] ?? '');
    await postgres.sql('DROP ROLE plain');
    expect(find(await examined({ postgres: [postgres.url()] }), 'postgres.leftovers').evidence).toBe('none');
  });

  test('objects of a run that is under way stay', async () => {
    await postgres.sql('CREATE PUBLICATION whystale_3_ef_insert');
    const running = new pg.Client({ connectionString: postgres.url(), application_name: 'whystale_3_ef' });
    await running.connect();
    expect(find(await examined({ postgres: [postgres.url()] }), 'postgres.leftovers').evidence).toBe('none');
    await running.end();
    await eventually('it is found', async () => {
      const check = find(await examined({ postgres: [postgres.url()] }), 'postgres.leftovers');
      return check.evidence === 'removed publication whystale_3_ef_insert';
    });
  });
});

describe('a store that cannot be reached', () => {
  test('makes the report unhealthy, with what helps', async () => {
    const port = await freePort();
    const report = await examined({
      redis: [`redis://:hunter2@127.0.0.1:${port}`],
      postgres: [postgres.url().replace(postgres.password(), 'hunter2')],
    });
    expect(report.healthy).toBe(false);
    expect(exitCodeOf(report)).toBe(4);
    expect(find(report, 'redis.connection')).toMatchObject({
      state: 'lack',
      mend: expect.stringContaining(`redis-server --port ${port}`),
    });
    expect(find(report, 'postgres.connection')).toMatchObject({
      state: 'lack',
      mend: expect.stringContaining('password'),
    });
    expect(JSON.stringify(report)).not.toContain('hunter2');
    expect(renderReport(report).at(-1)).toBe('Not ready: 2 things must be mended first.');
  });

  test.each([
    ['TLS asked of a server without', () => `rediss://127.0.0.1:${redis.port()}`, 'redis', /redis:\/\//],
    [
      'a database that is not there',
      () => postgres.url().replace(/test_\d+$/, 'absent'),
      'postgres',
      /createdb/,
    ],
    [
      'TLS asked of a PostgreSQL without',
      () => `${postgres.url()}?sslmode=require`,
      'postgres',
      /sslmode=disable/,
    ],
  ] as const)('%s', async (_, url, kind, mend) => {
    const check = find(await examined({ [kind]: [url()] }), `${kind}.connection`);
    expect(check.state).toBe('lack');
    expect(check.mend).toMatch(mend);
  });

  test('a variable that cannot be read is a lack, an option is an error', async () => {
    const report = await examined({
      env: { ...process.env, REDIS_URL: 'http://x', DATABASE_URL: postgres.url() },
    });
    expect(find(report, 'redis.url')).toMatchObject({ state: 'lack', required: true });
    await expect(examined({ redis: ['http://x'] })).rejects.toThrow(/no Redis scheme/);
  });
});

describe('Redis lacks', () => {
  test('permissions of a restricted user are named, and the command grants them', async () => {
    await askRedis(redis.port(), [
      ['ACL', 'SETUSER', 'reader', 'on', '>p', '~*', '+@read', '+@connection', '+info', '+acl', '-dump'],
    ]);
    const url = `redis://reader:p@127.0.0.1:${redis.port()}/${redis.db()}`;
    const check = find(await examined({ redis: [url] }), 'redis.permissions.purge');
    expect(check).toMatchObject({
      state: 'lack',
      required: false,
      evidence: 'user reader may not: TIME, DUMP, WATCH, UNWATCH, MULTI, EXEC, UNLINK, RESTORE',
    });
    const grant = /(ACL SETUSER .*)$/.exec(check.mend ?? '')?.[1]?.split(' ') ?? [];
    await askRedis(redis.port(), [grant]);
    expect(find(await examined({ redis: [url] }), 'redis.permissions.purge').state).toBe('ok');
    await askRedis(redis.port(), [['ACL', 'DELUSER', 'reader']]);
  });
});

test('an old Node and a folder that cannot be made', async () => {
  const report = await examined({
    recordingFolder: '/proc/1/whystale',
    machine: { nodeVersion: '20.18.3', platform: 'win32', arch: 'x64' },
  });
  for (const id of ['system.node', 'system.platform'])
    expect(find(report, id)).toMatchObject({ state: 'lack', required: true });
  expect(find(report, 'system.recording').state).not.toBe('unknown');
  expect(renderReport(report).some((line) => line.includes('mend'))).toBe(true);
});

test('several stores are told apart by their names', async () => {
  const report = await examined({ postgres: [`primary=${postgres.url()}`, `replica=${physical.url()}`] });
  expect(find(report, 'postgres[primary].wal-level').state).toBe('ok');
  expect(find(report, 'postgres[replica].wal-level').state).toBe('lack');
  expect(renderReport(report)).toContain('PostgreSQL replica');
});
