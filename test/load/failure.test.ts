import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { generatorLag, runLoad } from '../../src/load/index.ts';
import {
  correctedMs,
  errors,
  get,
  pausingServer,
  plan,
  serve,
  serveRaw,
  tools,
  uncorrectedMs,
} from './support.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('no answer', () => {
  it('from a port where nobody listens', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const shots = await runLoad(plan(port), tools());
    expect(errors(shots)).toEqual({ 'connection refused (ECONNREFUSED)': 20 });
    expect(shots.every(({ status, bytes }) => status === null && bytes === 0)).toBe(true);
  });

  it('within the limit', async () => {
    const port = await serve(() => undefined);
    const shots = await runLoad(plan(port, { timeoutMs: 100, rate: 100 }), tools());
    expect(errors(shots)).toEqual({ 'no answer within 100 ms': 20 });
    for (const shot of shots) expect(uncorrectedMs(shot)).toBeGreaterThan(95);
  });

  it('that is whole within the limit', async () => {
    const port = await serve((_, response) => {
      response.write('some');
    });
    const [shot] = await runLoad(plan(port, { timeoutMs: 200, count: 1 }), tools());
    expect(shot).toMatchObject({ status: 200, bytes: 4, error: 'no answer within 200 ms' });
  });

  it.each([
    [
      'reset at once',
      (socket: net.Socket) => socket.resetAndDestroy(),
      /closed before the answer \(ECONNRESET\)|EPIPE/,
    ],
    ['closed without a word', (socket: net.Socket) => socket.end(), /closed before the answer/],
    ['no HTTP', (socket: net.Socket) => socket.end('nonsense\r\n\r\n'), /Parse Error.*\(HPE_/],
    [
      'a change of protocol',
      (socket: net.Socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      /closed before the answer/,
    ],
  ])('but %s', async (_, talk, expected) => {
    const port = await serveRaw((socket) => socket.once('data', () => talk(socket)));
    for (const shot of await runLoad(plan(port, { count: 10 }), tools())) {
      expect(shot.status).toBeNull();
      expect(shot.error).toMatch(expected);
    }
  });

  it.each([
    ['length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789'],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n'],
  ])('that came to its end, by %s', async (_, half) => {
    const port = await serveRaw((socket) =>
      socket.once('data', () => socket.write(half, () => socket.destroy())),
    );
    for (const shot of await runLoad(plan(port, { count: 10 }), tools())) {
      expect(shot).toMatchObject({ status: 200, bytes: 10 });
      expect(shot.error).toMatch(/^the answer was cut off/);
    }
  });

  it('from a service that dies half way, and the run goes on to its end', async () => {
    const { child, port } = await pausingServer({ serviceMs: 2, pauseMs: 0, periodMs: 1000 });
    const ended = ({ index }: { index: number }): unknown => index === 60 && child.kill('SIGKILL');
    const shots = await runLoad(plan(port, { count: 200, rate: 200 }), tools({ ended }));
    expect(shots).toHaveLength(200);
    expect(shots.slice(0, 60).every(({ error }) => error === null)).toBe(true);
    expect(shots.at(-1)!.error).toBe('connection refused (ECONNREFUSED)');
    expect(errors(shots)['connection refused (ECONNREFUSED)']).toBeGreaterThan(50);
  });
});

describe('a kept connection that the server closes as a request is written', () => {
  /** Answers the first request of each connection, and resets it at the second. */
  const closing = async (first = ANSWER): Promise<{ port: number; asked: string[] }> => {
    const asked: string[] = [];
    const port = await serveRaw((socket) => {
      let requests = 0;
      socket.on('data', (data) => {
        asked.push(data.toString('latin1').split('\r\n')[0]!);
        if (++requests === 1 && first !== '') socket.write(first);
        else socket.resetAndDestroy();
      });
    });
    return { port, asked };
  };
  const slow = { rate: 40, count: 8, inFlight: 1 };

  it('costs a GET a second try, whose time counts from when it was due', async () => {
    const { port, asked } = await closing();
    const shots = await runLoad(plan(port, slow), tools());
    expect(errors(shots)).toEqual({ null: 8 });
    expect(asked.length).toBeGreaterThan(8);
    for (const shot of shots) expect(correctedMs(shot)).toBeGreaterThanOrEqual(uncorrectedMs(shot));
  });

  it('costs a POST its answer: whether it was heard is not known', async () => {
    const { port, asked } = await closing();
    const post = { ...get('/'), method: 'POST', body: 'x' };
    const shots = await runLoad(plan(port, { ...slow, requests: [post] }), tools());
    expect(asked.length).toBe(8);
    expect(shots.map(({ error }) => error === null)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('is no excuse on a fresh connection', async () => {
    const { port, asked } = await closing('');
    const shots = await runLoad(plan(port, slow), tools());
    expect(shots.every(({ error }) => error !== null)).toBe(true);
    expect(asked.length).toBe(8);
  });

  it('is met in the wild: a server whose idle limit is near the gaps', async () => {
    let connections = 0;
    const port = await serveRaw((socket) => {
      connections++;
      let idle: NodeJS.Timeout;
      socket.on('close', () => clearTimeout(idle));
      socket.on('data', () => {
        clearTimeout(idle);
        socket.write(ANSWER);
        idle = setTimeout(() => socket.destroy(), 20);
      });
    });
    const shots = await runLoad(plan(port, { rate: 49, count: 100, inFlight: 4 }), tools());
    expect(errors(shots)).toEqual({ null: 100 });
    expect(connections).toBeGreaterThan(1);
  });
});

describe('a run that is ended', () => {
  it('before it began sends nothing', async () => {
    let asked = 0;
    const port = await serve(() => asked++);
    expect(await runLoad(plan(port), tools({ signal: AbortSignal.abort() }))).toEqual([]);
    expect(asked).toBe(0);
  });

  it('gives up what is in flight, names what waited, and leaves out what was not due', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/quick') response.end();
    });
    const end = new AbortController();
    const told: number[] = [];
    const ended = ({ index }: { index: number }): void => {
      if (told.length === 0) setTimeout(() => end.abort(), 400);
      told.push(index);
    };
    // The second request is never answered; then two places are taken at index 1 and 3.
    const wanted = plan(port, {
      rate: 100,
      count: 10_000,
      inFlight: 2,
      requests: [get('/quick'), get('/never')],
    });
    const shots = await runLoad(wanted, tools({ signal: end.signal, ended }));
    expect(errors(shots.slice(0, 4))).toEqual({ null: 2, 'given up when the run was ended': 2 });
    expect(errors(shots.slice(4))).toEqual({ 'not sent before the run was ended': shots.length - 4 });
    expect(shots.length).toBeGreaterThan(20);
    expect(shots.length).toBeLessThan(10_000);
    const over = shots.at(-1)!.ended;
    for (const { due } of shots) expect(due).toBeLessThanOrEqual(over);
    expect(shots.map(({ index }) => index)).toEqual(shots.map((_, index) => index));
    expect(told.sort((a, b) => a - b)).toEqual(shots.map((_, index) => index));
    expect(generatorLag(shots, wanted).verdict).not.toBe('overrun');
  });

  it('while it sleeps for a far request ends at once', async () => {
    const port = await serve((_, response) => response.end());
    const end = new AbortController();
    const ended = (): void => void setTimeout(() => end.abort(), 20);
    const shots = await runLoad(plan(port, { rate: 0.001, count: 5 }), tools({ signal: end.signal, ended }));
    expect(errors(shots)).toEqual({ null: 1 });
  });
});
