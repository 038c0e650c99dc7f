/** PostgreSQL with a streaming standby: reads may be answered by either, changes are told by the primary alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually, withWhystale } from '../../support/cli.ts';
import { withRedis } from '../../support/engines.ts';
import { examined } from '../../support/topologies/doctor.ts';
import { refillingService } from '../../support/topologies/lagging.ts';
import { newPassword, type Server, startServer, startStandby } from '../../support/topologies/postgres.ts';
import {
  expectNoSecret,
  expectShelf,
  SHELF_SCHEMA,
  shelfService,
  watched,
} from '../../support/topologies/shelf.ts';

const whystale = withWhystale();
const redis = withRedis();
const password = newPassword();
let primary: Server;
let standby: Server;

beforeAll(async () => {
  const rules = ['host all shelf 127.0.0.1/32 scram-sha-256'];
  // Who asks for remote_apply waits for the standby; nobody else does.
  const settings = { synchronous_standby_names: '*', synchronous_commit: 'local' };
  primary = await startServer({ rules, settings });
  await primary.sql(`CREATE ROLE shelf LOGIN REPLICATION PASSWORD '${password}'`);
  await primary.sql('CREATE DATABASE shelf OWNER shelf');
  standby = await startStandby(primary, { rules, settings });
});
afterAll(async () => {
  await standby?.stop();
  await primary?.stop();
});

/** Both hold the same rows. */
beforeEach(async () => {
  await primary.sql(`SET ROLE shelf; ${SHELF_SCHEMA}`, 'shelf');
  const [row] = await primary.sql('SELECT pg_current_wal_lsn()::text AS lsn');
  await eventually('the standby has caught up', async () => {
    const [at] = await standby.sql(`SELECT pg_last_wal_replay_lsn() >= '${row?.lsn}' AS there`);
    return at?.there === true;
  });
});

const url = ({ port }: Server) => `postgresql://shelf:${password}@127.0.0.1:${port}/shelf`;
const env = () => ({
  REDIS_URL: redis.url(),
  DATABASE_URL: url(primary),
  DATABASE_REPLICA_URL: url(standby),
});
const both = () => ['--postgres', `primary=${url(primary)}`, '--postgres', `replica=${url(standby)}`];

describe('a standby', () => {
  test('that keeps up: the bug is found although every row was read there', async () => {
    const command = shelfService(whystale.folder(), 'node');
    const result = await watched(whystale, command, { env: env(), args: both() });
    expectShelf(result);
    expectNoSecret(result, password);
    expect(result.document.notices).toEqual([]);
  });

  test('that lags: keys filled from it after the write are WS107, those from the primary are right', async () => {
    await standby.sql('SELECT pg_wal_replay_pause()');
    try {
      const command = refillingService(whystale.folder());
      const result = await watched(whystale, command, { env: env(), args: both() });
      expect(result.end.stderr).toMatch(/lamps 13 at 113[\s\S]*desks 13 at 513/);
      expect(result.document.findings, JSON.stringify(result.document, null, 1)).toEqual([
        expect.objectContaining({
          code: 'WS107',
          template: 'lamps:{id}',
          confidence: 'proved',
          keys: 3,
          hits: 6,
        }),
      ]);
      expect(result.document.notices).toEqual([]);
      expectNoSecret(result, password);
    } finally {
      await standby.sql('SELECT pg_wal_replay_resume()');
    }
  });

  test('gives no change stream, the primary does; that is said for people too', async () => {
    const stores = ['--postgres', `replica=${url(standby)}`, '--postgres', `primary=${url(primary)}`];
    const run = whystale.start(['watch', '--no-record', ...stores, '--', 'sleep', '60'], {
      env: { REDIS_URL: redis.url() },
    });
    await run.sees(/change stream of primary: on \(test_decoding\)/);
    const end = await run.interrupt();
    expect(end.stderr).not.toMatch(/No change stream/);
    const slots = await primary.sql(`SELECT FROM pg_replication_slots WHERE slot_name LIKE 'whystale%'`);
    expect(slots).toEqual([]);
  });

  test('is examined as one: what only a primary gives is not asked of it', async () => {
    const report = await examined(whystale, ['--redis', redis.url(), ...both()]);
    expect(report.exitCode, report.text).toBe(0);
    expect(report.said('postgres[primary].role')).toBe('ok: primary');
    expect(report.said('postgres[primary].replication')).toBe('ok: user shelf has it');
    expect(report.said('postgres[replica].role')).toMatch(/^ok: replica/);
    expect(report.said('postgres[replica].wal-level')).toBeUndefined();
    expect(report.text).not.toContain(password);
  });
});
