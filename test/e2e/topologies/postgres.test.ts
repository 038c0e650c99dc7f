/**
 * An installed PostgreSQL with TLS, with client certificates, on its Unix socket, and behind PgBouncer in session mode: one
 * server for all of them.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withWhystale } from '../../support/cli.ts';
import { withRedis } from '../../support/engines.ts';
import { withAuthority } from '../../support/topologies/certificates.ts';
import { examined } from '../../support/topologies/doctor.ts';
import { type Pooler, startPooler } from '../../support/topologies/pooler.ts';
import { newPassword, type Server, startServer } from '../../support/topologies/postgres.ts';
import {
  expectNoSecret,
  expectShelf,
  SHELF_SCHEMA,
  shelfService,
  watched,
} from '../../support/topologies/shelf.ts';

const whystale = withWhystale();
const authority = withAuthority('certified');
const redis = withRedis();
const password = newPassword();
let server: Server;
let pooler: Pooler;

beforeAll(async () => {
  server = await startServer({
    tls: authority.server(),
    rules: [
      'hostssl all shelf 127.0.0.1/32 scram-sha-256',
      'hostssl all certified 127.0.0.1/32 cert',
      'hostnossl all pooled 127.0.0.1/32 scram-sha-256',
      'local all shelf scram-sha-256',
    ],
  });
  for (const role of ['shelf', 'pooled']) {
    await server.sql(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD '${password}'`);
  }
  await server.sql('CREATE ROLE certified LOGIN REPLICATION');
  await server.sql('CREATE DATABASE shelf');
  pooler = await startPooler(server, { user: 'pooled', password });
});
beforeEach(async () => {
  await server.sql(SHELF_SCHEMA, 'shelf');
  await server.sql('GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC', 'shelf');
});
afterAll(async () => {
  await pooler?.stop();
  await server?.stop();
});

const env = (url: string) => ({ REDIS_URL: redis.url(), DATABASE_URL: url });

async function ours(): Promise<readonly unknown[]> {
  return server.sql(`SELECT FROM pg_replication_slots WHERE slot_name LIKE 'whystale%'`);
}

describe('TLS', () => {
  test.each(['node', 'python'] as const)('verified in full, with a password, %s', async (language) => {
    const url = `postgresql://shelf:${password}@localhost:${server.port}/shelf?sslmode=verify-full&sslrootcert=${authority.server().ca}`;
    const result = await watched(whystale, shelfService(whystale.folder(), language), { env: env(url) });
    expectShelf(result);
    expectNoSecret(result, password);
    expect(result.document.notices).toEqual([]);
    expect(result.end.stderr).toMatch(/change stream: on/);
    expect(await ours()).toEqual([]);
  });

  test('with a client certificate instead of a password', async () => {
    const { cert, key } = authority.client('certified');
    const url = `postgresql://certified@localhost:${server.port}/shelf?sslmode=verify-full&sslrootcert=${authority.server().ca}&sslcert=${cert}&sslkey=${key}`;
    const result = await watched(whystale, shelfService(whystale.folder(), 'node'), { env: env(url) });
    expectShelf(result);
    expect(result.document.notices).toEqual([]);
    expect(result.recorded).not.toContain('PRIVATE KEY');
  });

  test('named by libpq’s variables', async () => {
    const { cert, key } = authority.client('certified');
    const command = shelfService(whystale.folder(), 'libpq');
    const result = await watched(whystale, command, {
      args: ['--postgres', 'postgresql://'],
      env: {
        REDIS_URL: redis.url(),
        PGHOST: 'localhost',
        PGPORT: String(server.port),
        PGUSER: 'certified',
        PGDATABASE: 'shelf',
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: authority.server().ca,
        PGSSLCERT: cert,
        PGSSLKEY: key,
      },
    });
    expectShelf(result);
    expect(result.document.notices).toEqual([]);
  });

  test('by another authority is refused before the service starts', async () => {
    const { cert } = authority.client('certified');
    const url = `postgresql://shelf:${password}@localhost:${server.port}/shelf?sslmode=verify-full&sslrootcert=${cert}`;
    const end = await whystale.run(['watch', '--json', '--', 'true'], { env: env(url) });
    expect(end.exitCode).toBe(4);
    expect(JSON.parse(end.stdout)).toMatchObject({
      error: { code: 'WSE428', what: expect.stringMatching(/certificate/) },
    });
    expect(end.stdout).not.toContain(password);
  });
});

test('TLS is examined', async () => {
  const named = `sslmode=verify-full&sslrootcert=${authority.server().ca}`;
  const stores = (query: string) => [
    ...['--redis', redis.url()],
    ...['--postgres', `postgresql://shelf:${password}@localhost:${server.port}/shelf?${query}`],
  ];
  const good = await examined(whystale, stores(named));
  expect(good.exitCode, good.text).toBe(0);
  expect(good.said('postgres.connection')).toMatch(/^ok: .* answers over TLS$/);
  expect(good.said('postgres.role')).toBe('ok: primary');
  expect(good.text).not.toContain(password);
  const plain = await examined(whystale, stores('sslmode=disable'));
  expect(plain.exitCode).toBe(4);
  expect(plain.check('postgres.connection')).toMatchObject({
    state: 'lack',
    evidence: expect.stringMatching(/no pg_hba.conf entry.*no encryption/),
    mend: expect.stringContaining('sslmode=require'),
  });
  const bare = await examined(whystale, [
    ...['--redis', redis.url()],
    ...['--postgres', `postgresql://certified@localhost:${server.port}/shelf?${named}`],
  ]);
  expect(bare.check('postgres.connection')).toMatchObject({
    state: 'lack',
    evidence: expect.stringMatching(/valid client certificate/),
    mend: expect.stringContaining('sslcert='),
  });
});

test('a Unix socket', async () => {
  const url = `postgresql://shelf:${password}@/shelf?host=${server.socket}&port=${server.port}`;
  const result = await watched(whystale, shelfService(whystale.folder(), 'python'), { env: env(url) });
  expectShelf(result);
  expectNoSecret(result, password);
  expect(result.document.notices).toEqual([]);
  expect(result.end.stderr).toMatch(/change stream: on/);
});

describe('PgBouncer in session mode', () => {
  const url = () => `postgresql://pooled:${password}@127.0.0.1:${pooler.port}/shelf`;

  test.each([
    'node',
    'python',
  ] as const)('the service, its prepared statements and the catalog go through; the change stream cannot, and that is said: %s', async (language) => {
    const command = shelfService(whystale.folder(), language);
    const result = await watched(whystale, command, { env: env(url()) });
    expectShelf(result);
    expectNoSecret(result, password);
    expect(result.document.notices).toEqual([
      expect.stringMatching(/^No change stream: a pooler .* name the server itself/),
    ]);
  });

  test('is examined: the role may replicate, the way to the server does not let it', async () => {
    const report = await examined(whystale, ['--redis', redis.url(), '--postgres', url()]);
    expect(report.exitCode, report.text).toBe(0);
    expect(report.said('postgres.connection')).toMatch(/^ok: .* answers$/);
    expect(report.check('postgres.replication')).toMatchObject({
      state: 'lack',
      evidence: expect.stringMatching(/user pooled has it, but a pooler in between/),
      mend: 'name the server itself',
    });
  });
});
