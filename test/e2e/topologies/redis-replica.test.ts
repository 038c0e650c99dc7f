/** A Redis primary with a replica that the service reads from; and a node of a cluster, which is refused. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engines/engine.ts';
import { startRedis } from '../../../src/engines/redis.ts';
import { eventually, withWhystale } from '../../support/cli.ts';
import { withPostgres } from '../../support/engines.ts';
import { examined } from '../../support/topologies/doctor.ts';
import { laggingService } from '../../support/topologies/lagging.ts';
import { expectShelf, SHELF_SCHEMA, shelfService, watched } from '../../support/topologies/shelf.ts';

const whystale = withWhystale();
const postgres = withPostgres();
let primary: Engine;
let replica: Engine;

beforeAll(async () => {
  primary = await startRedis({ emulate: false, settings: { 'repl-diskless-sync-delay': '0' } });
  replica = await startRedis({ emulate: false });
  const admin = new Redis(replica.url);
  await admin.call('REPLICAOF', '127.0.0.1', String(primary.port));
  await eventually('the replica follows', async () =>
    /master_link_status:up/.test(await admin.info('replication')),
  );
  admin.disconnect();
});
beforeEach(async () => {
  await postgres.sql(SHELF_SCHEMA);
  const admin = new Redis(primary.url);
  await admin.flushall();
  await admin.wait(1, 5_000);
  admin.disconnect();
});
afterAll(async () => {
  await Promise.all([primary?.stop(), replica?.stop()]);
});

const env = () => ({
  REDIS_URL: primary.url,
  REDIS_REPLICA_URL: replica.url,
  DATABASE_URL: postgres.url(),
});

describe('a Redis replica', () => {
  test.each([
    ['primary first', () => ['--redis', `primary=${primary.url}`, '--redis', `replica=${replica.url}`]],
    ['replica first', () => ['--redis', `replica=${replica.url}`, '--redis', `primary=${primary.url}`]],
  ])('is one keyspace with its primary, %s', async (_, args) => {
    const command = shelfService(whystale.folder(), 'node');
    const result = await watched(whystale, command, { env: env(), args: args() });
    expectShelf(result);
    expect(result.document.notices).toEqual([]);
    expect(result.recorded).toContain('"session":"redis-replica:1"');
    expect(result.recorded).toContain(`"replica":true`);
  });

  test('that lags is no fault of the service: hits on removed values lead to no finding', async () => {
    const ports = { primary: primary.port, replica: replica.port };
    const result = await watched(whystale, laggingService(whystale.folder(), ports), {
      env: env(),
      args: ['--redis', `primary=${primary.url}`, '--redis', `replica=${replica.url}`],
    });
    expect(result.end.stderr).toMatch(/old values served: 27, then 0/);
    expect(result.document.findings).toEqual([]);
    expect(result.end.exitCode, result.end.stderr).toBe(0);
  });

  test('is examined under its name', async () => {
    const stores = ['--redis', `primary=${primary.url}`, '--redis', `replica=${replica.url}`];
    const report = await examined(whystale, [...stores, '--postgres', postgres.url()]);
    expect(report.exitCode, report.text).toBe(0);
    expect(report.said('redis[primary].role')).toBe('ok: primary');
    expect(report.said('redis[replica].role')).toBe(`ok: replica of 127.0.0.1:${primary.port}`);
  });

  test('whose primary is not watched is named with it, and nothing is concluded', async () => {
    const args = ['--redis', replica.url];
    const command = shelfService(whystale.folder(), 'node');
    const past = { ...env(), SHELF_PRIMARY: primary.url };
    const result = await watched(whystale, command, { env: past, args });
    expect(result.end.stderr).toContain('lamps at 113');
    expect(result.document.findings).toEqual([]);
    expect(result.document.notices).toEqual([
      expect.stringContaining(`--redis primary=redis://127.0.0.1:${primary.port}`),
    ]);
  });
});

test('a node of a Redis Cluster is refused', async () => {
  const node = await startRedis({ emulate: false, settings: { 'cluster-enabled': 'yes' } });
  try {
    const end = await whystale.run(['watch', '--json', '--', 'true'], {
      env: { REDIS_URL: node.url, DATABASE_URL: postgres.url() },
    });
    expect(end.exitCode).toBe(4);
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'WSE471' } });
    const report = await examined(whystale, ['--redis', node.url, '--postgres', postgres.url()]);
    expect(report.exitCode).toBe(4);
    expect(report.said('redis.cluster')).toMatch(/^lack: on/);
  } finally {
    await node.stop();
  }
});
