/**
 * Redis with TLS, on a Unix socket, with restricted users, with a replica, and as a node of a cluster: one server for all
 * of them but the last two.
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engines/engine.ts';
import { freePort } from '../../../src/engines/ports.ts';
import { startRedis } from '../../../src/engines/redis.ts';
import { withWhystale } from '../../support/cli.ts';
import { withPostgres } from '../../support/engines.ts';
import { withAuthority } from '../../support/topologies/certificates.ts';
import { examined } from '../../support/topologies/doctor.ts';
import {
  expectNoSecret,
  expectShelf,
  SHELF_SCHEMA,
  shelfService,
  watched,
} from '../../support/topologies/shelf.ts';

const PASSWORD = 'Br0ken-Lantern-4711';
const APP_PASSWORD = 'quiet-harbour-0815';

const whystale = withWhystale();
const authority = withAuthority('cache-client');
const postgres = withPostgres();
const socket = join(tmpdir(), `whystale-test-${process.pid}.sock`);
let redis: Engine;
let tlsPort = 0;

beforeAll(async () => {
  const { ca, cert, key } = authority.server();
  tlsPort = await freePort();
  redis = await startRedis({
    emulate: false,
    password: PASSWORD,
    settings: {
      unixsocket: socket,
      'tls-port': String(tlsPort),
      'tls-cert-file': cert,
      'tls-key-file': key,
      'tls-ca-cert-file': ca,
      'tls-auth-clients': 'yes',
    },
  });
});
beforeEach(async () => {
  await postgres.sql(SHELF_SCHEMA);
  await admin((client) => client.flushall());
});
afterAll(async () => {
  await redis?.stop();
  rmSync(socket, { force: true });
});

async function admin<T>(work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(redis.url);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

const env = (url: string) => ({ REDIS_URL: url, DATABASE_URL: postgres.url() });

describe('TLS with a client certificate', () => {
  const url = () => {
    const { cert, key } = authority.client('cache-client');
    return `rediss://:${PASSWORD}@localhost:${tlsPort}/0?ssl_ca_certs=${authority.server().ca}&ssl_certfile=${cert}&ssl_keyfile=${key}`;
  };

  test.each(['node', 'python'] as const)('%s', async (language) => {
    const result = await watched(whystale, shelfService(whystale.folder(), language), { env: env(url()) });
    expectShelf(result);
    expectNoSecret(result, PASSWORD, postgres.password());
    expect(result.document.notices).toEqual([]);
  });

  test('is examined, with and without the certificate', async () => {
    const stores = (redisUrl: string) => ['--redis', redisUrl, '--postgres', postgres.url()];
    const good = await examined(whystale, stores(url()));
    expect(good.exitCode, good.text).toBe(0);
    expect(good.said('redis.connection')).toMatch(/^ok: rediss:.* answers over TLS$/);
    expect(good.said('redis.role')).toBe('ok: primary');
    expect(good.text).not.toContain(PASSWORD);
    const bare = url().replace(/&ssl_certfile.*/, '');
    const refused = await examined(whystale, stores(bare));
    expect(refused.exitCode).toBe(4);
    expect(refused.check('redis.connection')).toMatchObject({
      state: 'lack',
      mend: expect.stringContaining('ssl_certfile='),
    });
  });
});

test('a Unix socket', async () => {
  const url = `unix://:${PASSWORD}@${socket}?db=3`;
  const result = await watched(whystale, shelfService(whystale.folder(), 'python'), { env: env(url) });
  expectShelf(result);
  expectNoSecret(result, PASSWORD);
});

describe('ACL users', () => {
  const url = (name: string) => `redis://${name}:${APP_PASSWORD}@127.0.0.1:${redis.port}/0`;

  async function allow(name: string, ...rules: readonly string[]): Promise<void> {
    await admin((client) => client.acl('SETUSER', name, 'reset', 'on', `>${APP_PASSWORD}`, '~*', ...rules));
  }

  test('one who may use the cache and nothing else: no INFO, CONFIG, COMMAND, PING', async () => {
    await allow('shelf', '+get', '+set', '+del');
    const command = shelfService(whystale.folder(), 'python');
    const result = await watched(whystale, command, { env: env(url('shelf')) });
    expectShelf(result);
    expectNoSecret(result, PASSWORD, APP_PASSWORD);
    expect(result.document.notices).toEqual([
      'This Redis user may not run INFO: version and cluster mode are not known.',
    ]);
    expect(result.document.engine.redis).toBe('unknown');
  });

  test('is examined: what it may not ask is unknown, not missing', async () => {
    await allow('shelf', '+get', '+set', '+del');
    const report = await examined(whystale, ['--redis', url('shelf'), '--postgres', postgres.url()]);
    expect(report.exitCode, report.text).toBe(0);
    expect(report.said('redis.connection')).toMatch(/^ok: redis:\/\/shelf@.* answers$/);
    expect(report.said('redis.info')).toMatch(/^unknown: NOPERM/);
    expect(report.said('redis.permissions')).toMatch(/^unknown: .*NOPERM/);
    expect(report.text).not.toContain(APP_PASSWORD);
  });

  test('one who may not DEL: the removals were sent and refused (WS105)', async () => {
    await allow('reader', '+@all', '-del', '-unlink');
    const command = shelfService(whystale.folder(), 'python');
    const result = await watched(whystale, command, { env: env(url('reader')) });
    expect(
      result.document.findings.map(({ code, template, confidence }) => [code, template, confidence]),
    ).toEqual(
      expect.arrayContaining([
        ['WS105', 'lamps:{id}', 'proved'],
        ['WS105', 'desks:{id}', 'proved'],
      ]),
    );
    const [refused] = result.document.findings.filter(({ code }) => code === 'WS105');
    expect(refused?.explanation).toMatch(/NOPERM/);
    expectNoSecret(result, PASSWORD, APP_PASSWORD);
  });
});
