/** Whatever goes over the wire arrives unchanged: large values, protocols that are not understood, TLS towards the store. */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engines/engine.ts';
import { startPostgres } from '../../src/engines/postgres.ts';
import { startRedis } from '../../src/engines/redis.ts';
import { postgresUser } from '../../src/engines/run-user.ts';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type CliRun, withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';
import { LAMP_FINDING, lampService } from './services.ts';

const MEGABYTE = 1 << 20;
const LARGE_VALUE = 128 * MEGABYTE;
const MEMORY_LIMIT = 500 * MEGABYTE;
const LARGE_LIMIT_MS = 120_000;

describe('bytes', () => {
  const whystale = withWhystale();
  const redis = withRedis();
  const postgres = withPostgres();
  const open: { destroy(): unknown }[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.destroy();
  });

  /** Attaches to both stores; gives the ports of the proxies. */
  async function attach(redisUrl: string): Promise<{ run: CliRun; cache: number; source: number }> {
    const run = whystale.start(['watch', '--no-record', '--redis', redisUrl, '--postgres', postgres.url()]);
    const port = async (name: string) =>
      Number(new URL((await run.sees(new RegExp(`^ +${name}=(\\S+)`, 'm')))[1] ?? '').port);
    return { run, cache: await port('REDIS_URL'), source: await port('DATABASE_URL') };
  }

  async function dial(port: number): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port });
    open.push(socket);
    await new Promise<void>((done, fail) => socket.once('connect', done).once('error', fail));
    return new Client(socket);
  }

  test(
    'a value of 128 MB passes unchanged to a slow reader, and does not pile up in memory',
    async () => {
      const { run, cache } = await attach(redis.url());
      const value = randomBytes(LARGE_VALUE);
      const sent = createHash('sha256').update(value).digest('hex');
      const client = await dial(cache);
      const head = Buffer.from(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${LARGE_VALUE}\r\n`);
      for (const part of [head, value, Buffer.from('\r\n')]) client.write(part);
      expect((await client.take('+OK\r\n'.length)).toString()).toBe('+OK\r\n');

      client.write('*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n');
      const prefix = `$${LARGE_VALUE}\r\n`;
      expect((await client.take(prefix.length)).toString()).toBe(prefix);
      expect(await client.slowDigest(LARGE_VALUE)).toBe(sent);
      expect((await client.take(2)).toString()).toBe('\r\n');
      expect(peakMemory(run.pid)).toBeLessThan(MEMORY_LIMIT);
      expect((await run.interrupt()).exitCode).toBe(3);
    },
    LARGE_LIMIT_MS,
  );

  test('a protocol that is not Redis passes unchanged, and that is said once', async () => {
    const port = await oddServer(redis.port());
    const { run, cache } = await attach(`redis://127.0.0.1:${port}/0`);
    for (let i = 0; i < 3; i += 1) {
      const odd = Buffer.concat([Buffer.from([0, 255, i]), randomBytes(MEGABYTE)]);
      const client = await dial(cache);
      client.write(odd);
      expect((await client.take(odd.length)).equals(odd)).toBe(true);
    }
    const { stderr } = await run.interrupt();
    expect(stderr.match(/passes unobserved/g)).toHaveLength(1);
  });

  test('a protocol that is not PostgreSQL is answered as the server answers it, and others are served on', async () => {
    const { run, source } = await attach(redis.url());
    const direct = await answerTo(postgres.port());
    expect(await answerTo(source)).toBe(direct);
    const well = new pg.Client({ connectionString: postgres.url().replace(/:\d+\//, `:${source}/`) });
    await well.connect();
    expect((await well.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await well.end();
    await run.interrupt();
  });

  /** What a server says to a start-up packet of a protocol version that does not exist, without the source lines. */
  async function answerTo(port: number): Promise<string> {
    const client = await dial(port);
    const packet = Buffer.alloc(9);
    packet.writeInt32BE(9, 0);
    packet.writeInt32BE(9 << 16, 4);
    client.write(packet);
    return (await client.rest()).toString('latin1').replaceAll(/\0[FLR][^\0]*/g, '');
  }

  /** Speaks Redis to those who do (through to the real one), and sends everything else back. */
  async function oddServer(target: number): Promise<number> {
    const server: Server = createServer((socket) => {
      open.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', (first: Buffer) => {
        if (first[0] !== 0x2a) {
          socket.write(first);
          socket.pipe(socket);
          return;
        }
        const store = connect({ host: '127.0.0.1', port: target });
        open.push(store);
        store.on('error', () => socket.destroy());
        store.write(first);
        socket.pipe(store).pipe(socket);
      });
    });
    open.push({ destroy: () => server.close() });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return (server.address() as { port: number }).port;
  }
});

describe('TLS towards the stores', () => {
  const whystale = withWhystale();
  let folder = '';
  let certificates: Certificates;
  let engines: { readonly redis: Engine; readonly redisTls: number; readonly postgres: Engine };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whystale-tls-'));
    chmodSync(folder, 0o755);
    certificates = makeCertificates(folder);
    const ids = postgresUser().ids;
    if (ids !== null) chownSync(certificates.key, ids.uid, ids.gid);
    const redisTls = await freePort();
    const [redis, postgres] = await Promise.all([
      startRedis({
        emulate: false,
        password: 'open-sesame',
        settings: {
          'tls-port': String(redisTls),
          'tls-cert-file': certificates.cert,
          'tls-key-file': certificates.key,
          'tls-ca-cert-file': certificates.ca,
          'tls-auth-clients': 'no',
        },
      }),
      startPostgres({
        settings: { ssl: 'on', ssl_cert_file: certificates.cert, ssl_key_file: certificates.key },
      }),
    ]);
    engines = { redis, redisTls, postgres };
  });
  afterAll(async () => {
    await Promise.all([engines?.redis.stop(), engines?.postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const cacheUrl = (query: string) => `rediss://:open-sesame@127.0.0.1:${engines.redisTls}/0${query}`;
  const sourceUrl = (query: string) => `${engines.postgres.url}${query}`;

  async function expectLamp(redis: string, postgres: string): Promise<void> {
    const env = { REDIS_URL: redis, DATABASE_URL: postgres, PGSSLMODE: 'require' };
    const command = lampService(whystale.folder());
    const end = await whystale.run(['watch', '--json', '--no-record', '--', ...command], { env });
    expect(end.stderr).toMatch(/^price 149\.50$/m);
    expect(FindingsSchema.parse(JSON.parse(end.stdout)).findings).toEqual([
      expect.objectContaining(LAMP_FINDING),
    ]);
    expect(end.stderr).not.toContain('open-sesame');
    await clear();
  }

  async function clear(): Promise<void> {
    const redis = new Redis(engines.redis.url);
    await redis.flushall();
    await redis.quit();
    const client = new pg.Client({ connectionString: engines.postgres.url });
    await client.connect();
    await client.query('DROP TABLE lamps');
    await client.end();
  }

  test('is kept, with the authority named in the URL, while the service speaks plainly', async () => {
    await expectLamp(
      cacheUrl(`?ssl_ca_certs=${certificates.ca}`),
      sourceUrl(`?sslmode=verify-full&sslrootcert=${certificates.ca}`),
    );
  });

  test('is kept, unchecked where the URL says so', async () => {
    await expectLamp(cacheUrl('?ssl_cert_reqs=none'), sourceUrl('?sslmode=require'));
  });

  test('an authority that nobody named is refused, with a coded error', async () => {
    const stores = ['--redis', cacheUrl(''), '--postgres', sourceUrl('?sslmode=require')];
    const end = await whystale.run(['watch', '--no-record', ...stores, '--', process.execPath, '-e', '0']);
    expect(end.exitCode).toBe(4);
    expect(end.stderr).toMatch(/WSE\d+: rediss:[\s\S]*certificate/);
    expect(end.stderr).not.toContain('open-sesame');
  });
});

/** A connection that is read in portions of our choice; what is not asked for stays with the sender. */
class Client {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  /** Exactly so many bytes. */
  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const part = await this.#some(left);
      if (part === null) throw new Error(`The connection ended ${left} bytes early.`);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let part = await this.#some(MEGABYTE); part !== null; part = await this.#some(MEGABYTE))
      parts.push(part);
    return Buffer.concat(parts);
  }

  /** SHA-256 of the next bytes, read much more slowly than a store sends. */
  async slowDigest(count: number): Promise<string> {
    const hash = createHash('sha256');
    for (let left = count; left > 0; ) {
      const bytes = await this.take(Math.min(left, MEGABYTE));
      hash.update(bytes);
      left -= bytes.length;
      await pause(20);
    }
    return hash.digest('hex');
  }

  /** At most so many bytes; null at the end. */
  async #some(most: number): Promise<Buffer | null> {
    if (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return null;
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}

/** Most memory that the process ever held, bytes; /proc on Linux. */
function peakMemory(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}
