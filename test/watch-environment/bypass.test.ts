import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engines/engine.ts';
import { freePort } from '../../src/engines/ports.ts';
import { startPostgres } from '../../src/engines/postgres.ts';
import { startRedis } from '../../src/engines/redis.ts';
import { postgresUser } from '../../src/engines/run-user.ts';
import { connectPostgres, connectRedis } from '../../src/watch/bypass.ts';
import { parseStore } from '../../src/watch/stores.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { withPostgres } from '../support/engines.ts';

const LIMIT_MS = 60_000;
let folder = '';
let files: Certificates;
let redis: Engine;
let tlsPort = 0;
let postgres: Engine;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whystale-test-'));
  files = makeCertificates(folder);
  tlsPort = await freePort();
  redis = await startRedis({
    emulate: false,
    password: 'secret',
    settings: {
      'tls-port': String(tlsPort),
      'tls-cert-file': files.cert,
      'tls-key-file': files.key,
      'tls-ca-cert-file': files.ca,
      'tls-auth-clients': 'no',
      unixsocket: join(folder, 'redis.sock'),
    },
  });
  const { ids } = postgresUser();
  if (ids !== null) for (const path of [folder, files.cert, files.key]) chownSync(path, ids.uid, ids.gid);
  postgres = await startPostgres({
    settings: { ssl: 'on', ssl_cert_file: files.cert, ssl_key_file: files.key },
  });
}, LIMIT_MS);
afterAll(async () => {
  await Promise.all([redis?.stop(), postgres?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function redisAnswer(url: string): Promise<string> {
  const client = await connectRedis(parseStore('redis', url));
  try {
    return await client.ping();
  } finally {
    client.disconnect();
  }
}

describe('Redis', () => {
  test('over TCP, over its socket, over TLS', async () => {
    expect(await redisAnswer(redis.url)).toBe('PONG');
    expect(await redisAnswer(`unix://:secret@${join(folder, 'redis.sock')}`)).toBe('PONG');
    expect(await redisAnswer(`rediss://:secret@localhost:${tlsPort}/2?ssl_ca_certs=${files.ca}`)).toBe(
      'PONG',
    );
    expect(await redisAnswer(`rediss://:secret@localhost:${tlsPort}?ssl_cert_reqs=none`)).toBe('PONG');
  });

  test('refuses a certificate nobody vouches for, and a wrong password, with the reason', async () => {
    await expect(redisAnswer(`rediss://:secret@localhost:${tlsPort}`)).rejects.toThrow(/certificate/i);
    await expect(redisAnswer(`redis://:wrong@127.0.0.1:${redis.port}`)).rejects.toThrow(/WRONGPASS/);
    await expect(redisAnswer(`redis://127.0.0.1:${await freePort()}`)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('PostgreSQL', () => {
  const plain = withPostgres();

  async function encrypted(url: string): Promise<boolean> {
    const { client, tls } = await connectPostgres(parseStore('postgres', url));
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    await client.end();
    expect(rows).toEqual([{ ssl: tls }]);
    return tls;
  }

  test('uses TLS as sslmode says; prefer takes what there is', async () => {
    expect(await encrypted(postgres.url)).toBe(true);
    expect(await encrypted(`${postgres.url}?sslmode=disable`)).toBe(false);
    expect(await encrypted(`${postgres.url}?sslmode=require`)).toBe(true);
    expect(await encrypted(`${postgres.url}?sslmode=verify-full&sslrootcert=${files.ca}`)).toBe(true);
    expect(await encrypted(plain.url())).toBe(false);
  });

  test('never falls back to plain text when TLS is asked for', async () => {
    await expect(encrypted(`${plain.url()}?sslmode=require`)).rejects.toThrow(/does not support SSL/);
    await expect(encrypted(`${postgres.url}?sslmode=verify-full`)).rejects.toThrow(/certificate/i);
  });

  test('reaches the server by its Unix socket', async () => {
    const socket = encodeURIComponent(join(plain.engine().dataFolder, 's'));
    const url = `postgresql://postgres:${plain.password()}@/${plain.database()}?host=${socket}&port=${plain.port()}`;
    const { client } = await connectPostgres(parseStore('postgres', url));
    expect((await client.query('SELECT inet_server_addr() AS address')).rows).toEqual([{ address: null }]);
    await client.end();
  });
});
