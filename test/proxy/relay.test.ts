import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type net from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ConnectionObserverFactory } from '../../src/proxy/observer.ts';
import { startRelay } from '../../src/proxy/relay.ts';
import {
  clock,
  connect,
  drain,
  free,
  readText,
  relayTo,
  seeded,
  sleep,
  startStore,
  tcp,
  unobserved,
  until,
} from './support.ts';

const echo = (socket: net.Socket) => void socket.pipe(socket);

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('bytes', () => {
  test('pass unchanged both ways at once, whatever the chunking and the pauses', async () => {
    const plan = fc.record({
      seed: fc.integer(),
      upload: fc.integer({ min: 0, max: 400_000 }),
      download: fc.integer({ min: 0, max: 400_000 }),
      pauses: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, upload, download, pauses }) => {
        const random = seeded(seed);
        const up = randomBytes(upload);
        const down = randomBytes(download);
        const received: Promise<unknown>[] = [];
        const pause = pauses ? () => (random() < 0.3 ? Math.floor(random() * 3) : 0) : undefined;
        const store = await startStore((socket) => {
          received.push(drain(socket, pause));
          void sendInPieces(socket, down, random, pauses);
        });
        const seen = { client: createHash('sha256'), server: createHash('sha256') };
        const relay = await relayTo(store, {
          observe: () => ({
            client: (chunk) => void seen.client.update(chunk),
            server: (chunk) => void seen.server.update(chunk),
            end() {},
          }),
        });
        const client = await connect(relay.endpoint);
        void sendInPieces(client, up, random, pauses);
        const got = await drain(client, pause);
        expect(got).toEqual({ bytes: download, sha256: sha256(down) });
        expect(await received[0]).toEqual({ bytes: upload, sha256: sha256(up) });
        await until(() => relay.figures().open === 0);
        expect(seen.client.digest('hex')).toBe(sha256(up));
        expect(seen.server.digest('hex')).toBe(sha256(down));
      }),
      { numRuns: 25 },
    );
  });

  const LARGE = 128 << 20;
  const block = randomBytes(1 << 20);
  const expected = (() => {
    const hash = createHash('sha256');
    for (let sent = 0; sent < LARGE; sent += block.length) hash.update(block);
    return hash.digest('hex');
  })();

  test.each([
    'to the client',
    'to the store',
  ])('128 MB pass %s with a slow reader in bounded memory', async (way) => {
    const slow = slowly();
    const atStore: Promise<unknown>[] = [];
    const store = await startStore((socket) => {
      if (way === 'to the client') void sendBlocks(socket, block, LARGE);
      else atStore.push(drain(socket, slow).finally(() => socket.end()));
    });
    const relay = await relayTo(store);
    const client = await connect(relay.endpoint);
    const memory = watchMemory();
    if (way === 'to the client') {
      client.end();
      expect(await drain(client, slow)).toEqual({ bytes: LARGE, sha256: expected });
    } else {
      void sendBlocks(client, block, LARGE);
      await drain(client);
      expect(await atStore[0]).toEqual({ bytes: LARGE, sha256: expected });
    }
    // Both ends live in this process too; without back-pressure the whole value would be held on top.
    expect(memory.peak()).toBeLessThan(64 << 20);
    expect(relay.figures().clientBytes + relay.figures().serverBytes).toBe(LARGE);
  });

  test('200 connections at once each get their own bytes back', async () => {
    const relay = await relayTo(await startStore(echo));
    const rounds = Array.from({ length: 200 }, async (_, index) => {
      const socket = await connect(relay.endpoint);
      const message = Buffer.alloc(1 + index * 97, `connection ${index};`);
      for (let round = 0; round < 5; round++) {
        socket.write(message);
        const parts: Buffer[] = [];
        let length = 0;
        while (length < message.length) {
          const [chunk] = (await once(socket, 'data')) as [Buffer];
          parts.push(chunk);
          length += chunk.length;
        }
        expect(Buffer.concat(parts).equals(message)).toBe(true);
      }
      socket.end();
    });
    await Promise.all(rounds);
    await until(() => relay.figures().open === 0);
    expect(relay.figures().sessions).toBe(200);
  });
});

describe('ends', () => {
  test('a client that has sent everything still gets the whole answer', async () => {
    const store = await startStore((socket) => {
      const parts: Buffer[] = [];
      socket.on('data', (chunk) => parts.push(chunk));
      socket.on('end', async () => {
        await sleep(20);
        socket.end(`got ${Buffer.concat(parts).length}`);
      });
    });
    const client = await connect((await relayTo(store)).endpoint);
    client.end(Buffer.alloc(300_000));
    expect(await readText(client)).toBe('got 300000');
  });

  test('a store that closes first ends the client, and what it said arrives', async () => {
    const store = await startStore((socket) => void socket.end('-ERR max number of clients reached\r\n'));
    const relay = await relayTo(store);
    const client = await connect(relay.endpoint, { allowHalfOpen: false });
    client.write('PING\r\n');
    expect((await drain(client)).bytes).toBe(36);
    await until(() => relay.figures().open === 0);
  });

  test('a reset by the client reaches the store as a reset', async () => {
    const errors: string[] = [];
    const store = await startStore((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
      socket.resume();
    });
    const relay = await relayTo(store);
    const client = await connect(relay.endpoint);
    client.write('SET a 1\r\n');
    await until(() => relay.figures().clientBytes > 0);
    client.resetAndDestroy();
    await until(() => errors.length > 0 && relay.figures().open === 0);
    expect(errors).toEqual(['ECONNRESET']);
  });

  test('a reset by the store reaches the client as a reset', async () => {
    const store = await startStore((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const client = await connect((await relayTo(store)).endpoint);
    const failed = once(client, 'error').catch((error) => [error]);
    client.write('x');
    client.resume();
    expect(((await failed)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  });

  test('a reader that dies in the middle of a large value frees the store', async () => {
    let closed = false;
    const store = await startStore((socket) => {
      socket.on('close', () => (closed = true));
      void sendBlocks(socket, Buffer.alloc(1 << 20), 64 << 20);
    });
    const relay = await relayTo(store);
    const client = await connect(relay.endpoint);
    await once(client, 'data');
    client.pause();
    await sleep(50);
    client.destroy();
    await until(() => closed && relay.figures().open === 0);
  });

  test('an unreachable store closes the client promptly and is told once', async () => {
    const gone = await unusedPort();
    const told: string[] = [];
    const relay = await relayTo(gone, { onUnreachable: (error) => told.push(error.facts.code) });
    for (let attempt = 0; attempt < 3; attempt++) {
      const client = await connect(relay.endpoint).catch((error) => error as Error);
      if (!(client instanceof Error) && !client.destroyed) {
        client.on('error', () => {});
        await new Promise((resolve) => client.once('close', resolve).resume());
      }
    }
    expect(told).toEqual(['WSE305']);
    expect(relay.figures().unreachable).toBe(3);
  });

  test('stop waits for what is open, and no longer than its bound', async () => {
    const relay = await relayTo(await startStore(echo));
    const finishing = await connect(relay.endpoint);
    await until(() => relay.figures().open === 1);
    const stopped = relay.stop(5_000);
    await sleep(20);
    finishing.end('last words');
    expect(await readText(finishing)).toBe('last words');
    await stopped;

    const second = await relayTo(await startStore(echo));
    const staying = await connect(second.endpoint);
    staying.on('error', () => {});
    await until(() => second.figures().open === 1);
    const began = Date.now();
    await second.stop(50);
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(second.figures().open).toBe(0);
    await expect(connect(second.endpoint)).rejects.toThrow('ECONNREFUSED');
  });
});

test('stop breaks off connections that are stuck in the middle of a large value', async () => {
  const store = await startStore((socket) => void sendBlocks(socket, Buffer.alloc(1 << 20), 64 << 20));
  const relay = await relayTo(store);
  const client = await connect(relay.endpoint);
  client.on('error', () => {});
  client.end();
  await sleep(100);
  const { serverBytes } = relay.figures();
  expect(serverBytes).toBeGreaterThan(0);
  await relay.stop(50);
  expect(relay.figures()).toMatchObject({ open: 0 });
});

test('a client that speaks TLS to the proxy is told of, once', async () => {
  const said: string[] = [];
  const relay = await relayTo(await startStore(echo), { degrade: (code) => void said.push(code) });
  for (let round = 0; round < 2; round++) {
    const client = await connect(relay.endpoint);
    client.end(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01));
    expect((await drain(client)).bytes).toBe(6);
  }
  expect(said).toEqual(['client-needs-tls']);
});

describe('observers', () => {
  test('see every byte after it was forwarded, under names in order', async () => {
    const log: string[] = [];
    const observe: ConnectionObserverFactory = (session) => ({
      client: (chunk) => void log.push(`${session} > ${Buffer.from(chunk)}`),
      server: (chunk) => void log.push(`${session} < ${Buffer.from(chunk)}`),
      end: () => void log.push(`${session} end`),
    });
    const relay = await relayTo(await startStore(echo), { observe });
    for (const word of ['one', 'two']) {
      const client = await connect(relay.endpoint);
      client.end(word);
      await drain(client);
      await until(() => relay.figures().open === 0);
    }
    expect(log).toEqual([
      'redis:1 > one',
      'redis:1 < one',
      'redis:1 end',
      'redis:2 > two',
      'redis:2 < two',
      'redis:2 end',
    ]);
  });

  test('get stamps of the clock read before forwarding, never going back', async () => {
    const stamps: number[] = [];
    const observe: ConnectionObserverFactory = () => ({
      client: (_chunk, at) => void stamps.push(at),
      server: (_chunk, at) => void stamps.push(at),
      end: (at) => void stamps.push(at),
    });
    const relay = await relayTo(await startStore(echo), { observe });
    const before = clock();
    const client = await connect(relay.endpoint);
    client.end('x');
    await drain(client);
    await until(() => stamps.length === 3);
    expect([...stamps].sort((a, b) => a - b)).toEqual(stamps);
    expect(stamps[0]).toBeGreaterThan(before);
  });

  const failures: Record<string, ConnectionObserverFactory> = {
    'when made': () => {
      throw new Error('no observer');
    },
    'on client bytes': () => ({ client: fail, server() {}, end() {} }),
    'on server bytes': () => ({ client() {}, server: fail, end() {} }),
    'at the end': () => ({ client() {}, server() {}, end: fail }),
  };

  test.each(Object.keys(failures))('that fail %s cost no byte, and it is said once', async (when) => {
    const said: string[] = [];
    const relay = await relayTo(await startStore(echo), {
      observe: failures[when]!,
      degrade: (code) => void said.push(code),
    });
    for (let round = 0; round < 2; round++) {
      const client = await connect(relay.endpoint);
      client.end(Buffer.alloc(200_000, 'x'));
      expect((await drain(client)).bytes).toBe(200_000);
      await until(() => relay.figures().open === 0);
    }
    expect(said).toEqual(['observer-failed']);
  });

  test('are told the end once and nothing more after they failed', async () => {
    const calls: string[] = [];
    const observe: ConnectionObserverFactory = () => ({
      client: () => {
        calls.push('client');
        throw new Error('lost');
      },
      server: () => void calls.push('server'),
      end: () => void calls.push('end'),
    });
    const relay = await relayTo(await startStore(echo), { observe });
    const client = await connect(relay.endpoint);
    client.end('x');
    await drain(client);
    await until(() => relay.figures().open === 0);
    expect(calls).toEqual(['client', 'end']);
  });

  test('are timed when asked', async () => {
    const observe: ConnectionObserverFactory = () => ({
      client() {
        const end = performance.now() + 5;
        while (performance.now() < end);
      },
      server() {},
      end() {},
    });
    const relay = await relayTo(await startStore(echo), { observe, measure: true });
    const client = await connect(relay.endpoint);
    client.end('x');
    await drain(client);
    const { observeNs, forwardNs } = relay.figures();
    expect(observeNs).toBeGreaterThanOrEqual(5e6);
    expect(forwardNs).toBeGreaterThan(0);
    expect(forwardNs).toBeLessThan(5e6);
  });
});

describe('listening', () => {
  test('on localhost takes the same free port on both loopback families', async () => {
    const relay = await relayTo(await startStore(echo), { listen: { host: 'localhost', port: 0 } });
    const { port } = tcp(relay.endpoint);
    expect(port).toBeGreaterThan(0);
    for (const host of ['127.0.0.1', '::1']) {
      const client = await connect({ host, port }).catch((error: NodeJS.ErrnoException) => error);
      if (client instanceof Error) {
        // Only a machine without IPv6 may refuse.
        expect([host, client.code]).toEqual(['::1', 'EADDRNOTAVAIL']);
        continue;
      }
      client.end('hello');
      expect((await drain(client)).bytes).toBe(5);
    }
  });

  test.each([
    ['a port in use', 'WSE301', 2],
    ['an address of another machine', 'WSE302', 2],
  ])('on %s is the coded error %s', async (which, code, exitCode) => {
    const taken = tcp((await relayTo(await startStore(echo))).endpoint);
    const listen = which === 'a port in use' ? taken : { host: '192.0.2.1', port: 0 };
    const options = { prefix: 'redis', listen, target: free, clock, observe: unobserved, degrade() {} };
    await expect(startRelay(options)).rejects.toMatchObject({ facts: { code, exitCode } });
  });
});

function fail(): never {
  throw new Error('an observer must never matter');
}

/** Pauses long enough, early on, for every buffer between the two ends to fill. */
function slowly(): () => number {
  let reads = 0;
  return () => (reads++ < 20 ? 20 : 0);
}

async function sendInPieces(socket: net.Socket, bytes: Buffer, random: () => number, pauses: boolean) {
  for (let at = 0; at < bytes.length; ) {
    const size = random() < 0.5 ? 1 + Math.floor(random() * 40) : 1 + Math.floor(random() * 100_000);
    if (!socket.write(bytes.subarray(at, at + size))) await once(socket, 'drain');
    at += size;
    if (pauses && random() < 0.2) await sleep(Math.floor(random() * 3));
  }
  socket.end();
}

async function sendBlocks(socket: net.Socket, block: Buffer, total: number) {
  socket.on('close', () => socket.emit('drain'));
  for (let sent = 0; sent < total && !socket.destroyed; sent += block.length) {
    if (!socket.write(block)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  socket.end();
}

/** Growth of heap and external memory over its start, sampled. */
function watchMemory(): { peak(): number } {
  const used = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const start = used();
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, used() - start);
  }, 5);
  onTestFinished(() => clearInterval(timer));
  return { peak: () => peak };
}

async function unusedPort() {
  const relay = await startRelay({
    prefix: 'x',
    listen: free,
    target: free,
    clock,
    observe: unobserved,
    degrade() {},
  });
  const endpoint = tcp(relay.endpoint);
  await relay.stop(0);
  return endpoint;
}
