import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ConnectionObserverFactory } from '../../src/proxy/observer.ts';
import { startPostgresRelay } from '../../src/proxy/postgres-relay.ts';
import { postgresTlsPolicy } from '../../src/proxy/tls.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { clock, connect, free, readText, startStore, tcp, unobserved, until } from './support.ts';

const HBA = `
hostnossl all plain_only 127.0.0.1/32 scram-sha-256
hostssl   all tls_only   127.0.0.1/32 scram-sha-256
host      all postgres   127.0.0.1/32 scram-sha-256
`;

let certificates: Certificates;
let server: PostgresServer;
beforeAll(async () => {
  certificates = makeCertificates();
  server = await startPostgres(certificates, HBA);
  const admin = new pg.Client({ ...login('postgres'), port: server.port });
  await admin.connect();
  for (const name of ['plain_only', 'tls_only']) {
    await admin.query(`create role ${name} login password '${server.password}'`);
  }
  await admin.end();
}, 60_000);
afterAll(async () => {
  await server?.stop();
  certificates?.remove();
});

const login = (user: string) => ({
  host: '127.0.0.1',
  user,
  password: server.password,
  database: 'postgres',
});

async function relay(
  parameters: Record<string, string>,
  options: { observe?: ConnectionObserverFactory; target?: { host: string; port: number } } = {},
) {
  const said: string[] = [];
  const told: string[] = [];
  const started = await startPostgresRelay({
    prefix: 'pg',
    listen: free,
    target: options.target ?? { host: '127.0.0.1', port: server.port },
    tls: postgresTlsPolicy(parameters, null),
    clock,
    observe: options.observe ?? unobserved,
    degrade: (code) => void said.push(code),
    onUnreachable: (error) => void told.push(error.facts.code),
  });
  onTestFinished(() => started.stop(0));
  return { relay: started, ...tcp(started.endpoint), said, told };
}

async function query<T>(port: number, user: string, sql: string): Promise<T> {
  const client = new pg.Client({ ...login(user), port });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows[0] as T;
  } finally {
    await client.end();
  }
}

const TLS_IN_USE = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';

describe('a client in plain', () => {
  test.each([
    ['disable', 'postgres', false],
    ['disable', 'plain_only', false],
    ['allow', 'postgres', false],
    ['allow', 'tls_only', true],
    ['prefer', 'postgres', true],
    ['prefer', 'plain_only', false],
    ['prefer', 'tls_only', true],
    ['require', 'tls_only', true],
  ])('reaches a server under sslmode=%s as %s; TLS: %s', async (sslmode, user, ssl) => {
    const { port } = await relay({ sslmode });
    expect(await query(port, user, TLS_IN_USE)).toEqual({ ssl });
  });

  test.each([
    ['disable', 'tls_only', 'no encryption'],
    ['require', 'plain_only', 'SSL encryption'],
  ])('is told the server’s own refusal under sslmode=%s as %s', async (sslmode, user, reason) => {
    const { port } = await relay({ sslmode });
    await expect(query(port, user, 'select 1')).rejects.toThrow(reason);
  });

  test('is told in its own protocol when the certificate is wrong', async () => {
    const right = await relay({ sslmode: 'verify-ca', sslrootcert: certificates.caFile });
    expect(await query(right.port, 'tls_only', TLS_IN_USE)).toEqual({ ssl: true });
    const wrong = await relay({ sslmode: 'verify-ca', sslrootcert: certificates.otherCaFile });
    await expect(query(wrong.port, 'tls_only', 'select 1')).rejects.toMatchObject({ code: '08001' });
    expect(wrong.told).toEqual(['WSE308']);
    const named = await relay({ sslmode: 'verify-full', sslrootcert: certificates.caFile });
    await expect(query(named.port, 'tls_only', 'select 1')).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('with a wrong password is refused by the server', async () => {
    const { port } = await relay({ sslmode: 'require' });
    const client = new pg.Client({ ...login('tls_only'), port, password: 'wrong' });
    await expect(client.connect()).rejects.toThrow('password authentication failed');
  });
});

describe('psql', () => {
  const libpq = (port: number, extra: string) =>
    psql(`host=127.0.0.1 port=${port} user=tls_only dbname=postgres ${extra}`, TLS_IN_USE);

  test.each([
    'disable',
    'allow',
    'prefer',
  ])('with sslmode=%s connects through the proxy, SCRAM included', async (mode) => {
    const { port, said } = await relay({ sslmode: 'require' });
    expect(await libpq(port, `sslmode=${mode}`)).toEqual({ code: 0, text: 't' });
    expect(said).toEqual([]);
  });

  test('with sslmode=require is told where TLS ends', async () => {
    const { port, said } = await relay({ sslmode: 'require' });
    for (let round = 0; round < 2; round++) expect((await libpq(port, 'sslmode=require')).code).toBe(2);
    expect(said).toEqual(['client-needs-tls']);
  });
});

describe('the first bytes', () => {
  test('both requests for encryption are answered N, in pieces too, before the startup passes', async () => {
    const seen: Buffer[] = [];
    const observe: ConnectionObserverFactory = () => ({
      client: (chunk) => void seen.push(Buffer.from(chunk)),
      server() {},
      end() {},
    });
    const { relay: started } = await relay({ sslmode: 'disable' }, { observe });
    const client = await connect(started.endpoint, { allowHalfOpen: false });
    for (const code of [80_877_104, 80_877_103]) {
      for (const byte of packet(code)) client.write(Uint8Array.of(byte));
      expect(String((await once(client, 'data'))[0])).toBe('N');
    }
    const startup = packet(196_608, 'user\0postgres\0database\0postgres\0\0');
    client.write(startup);
    expect((await once(client, 'data'))[0][0]).toBe('R'.charCodeAt(0));
    expect(Buffer.concat(seen).equals(startup)).toBe(true);
  });

  test('a client that starts with TLS gets an alert and a word', async () => {
    const { port, said } = await relay({ sslmode: 'disable' });
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    await expect(once(socket, 'secureConnect')).rejects.toThrow(/alert/i);
    expect(said).toEqual(['client-needs-tls']);
  });

  test('a client that leaves without a word is no finding', async () => {
    const { relay: started, said, told } = await relay({ sslmode: 'disable' });
    (await connect(started.endpoint)).destroy();
    await until(() => started.figures().open === 0);
    expect([said, told]).toEqual([[], []]);
  });

  test.each([
    'disable',
    'require',
  ])('a cancel request reaches the server under sslmode=%s', async (sslmode) => {
    const { port } = await relay({ sslmode });
    const client = new pg.Client({ ...login('postgres'), port });
    await client.connect();
    onTestFinished(() => client.end());
    const sleeping = client.query('select pg_sleep(30)').catch((error: { code: string }) => error.code);
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    await until(() => processID > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const keys = Buffer.alloc(8);
    keys.writeInt32BE(processID, 0);
    keys.writeInt32BE(secretKey, 4);
    const cancel = await connect({ host: '127.0.0.1', port }, { allowHalfOpen: false });
    cancel.write(packet(80_877_102, keys));
    expect(await readText(cancel)).toBe('');
    expect(await sleeping).toBe('57014');
  });
});

describe('a server without TLS', () => {
  const answer = (text: string) => startStore((socket) => void socket.once('data', () => socket.write(text)));

  test('is refused under sslmode=require, with the reason', async () => {
    const { port, told } = await relay({ sslmode: 'require' }, { target: await answer('N') });
    await expect(query(port, 'postgres', 'select 1')).rejects.toThrow('does not offer TLS');
    expect(told).toEqual(['WSE309']);
  });

  test('that slips text in before TLS starts is not trusted', async () => {
    const { port, told } = await relay({ sslmode: 'require' }, { target: await answer('SR') });
    await expect(query(port, 'postgres', 'select 1')).rejects.toThrow('does not offer TLS');
    expect(told).toEqual(['WSE309']);
  });

  test('is used in plain on the same connection under sslmode=prefer', async () => {
    let connections = 0;
    const target = await startStore((socket) => {
      connections++;
      const upstream = net.connect(server.port, '127.0.0.1');
      socket.once('data', () => {
        socket.write('N');
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on('error', () => {});
    });
    const { port } = await relay({ sslmode: 'prefer' }, { target });
    expect(await query(port, 'plain_only', TLS_IN_USE)).toEqual({ ssl: false });
    expect(connections).toBe(1);
  });
});

function packet(code: number, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + bytes.length, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, bytes]);
}

async function psql(conninfo: string, sql: string): Promise<{ code: number; text: string }> {
  const child = spawn('psql', ['-XAtq', '-c', sql, conninfo], {
    env: { ...process.env, PGPASSWORD: server.password, HOME: certificates.folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const text: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => text.push(chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, text: Buffer.concat(text).toString().trim() };
}
