import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LoadPlan, runLoad, type Shot } from '../../src/load/index.ts';
import { makeCertificates } from '../support/certificates.ts';
import { errors, get, plan, serve, serving, tools } from './support.ts';

describe('a run', () => {
  it('keeps its schedule, whatever the answers do', async () => {
    const port = await serve((_, response) => setTimeout(() => response.end('ok'), 150));
    const shots = await runLoad(plan(port, { rate: 400, count: 200, inFlight: 200 }), tools());
    expect(shots.map(({ index }) => index)).toEqual(shots.map((_, index) => index));
    expect(shots).toHaveLength(200);
    for (const { due, sent, ended, index } of shots) {
      expect(due - shots[0]!.due).toBe(Math.round((index * 1e9) / 400));
      expect(sent).toBeGreaterThanOrEqual(due);
      expect(ended - sent).toBeGreaterThan(140e6);
    }
    // A closed loop of one would need 30 s; 0.65 s are due.
    expect((shots.at(-1)!.ended - shots[0]!.due) / 1e9).toBeLessThan(10);
    expect(errors(shots)).toEqual({ null: 200 });
  });

  it('sends the requests in turn, with their headers and bodies', async () => {
    const seen: unknown[] = [];
    const port = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { host, 'x-token': token, 'content-length': length } = request.headers;
      seen.push({ line: `${request.method} ${request.url}`, host, token, length, body });
      response.end();
    });
    const put = {
      method: 'PUT',
      path: '/items/1?x=%20',
      headers: { 'x-token': 'é1' },
      body: '{"name":"né"}',
    };
    const named = { method: 'POST', path: '/a', headers: { host: 'shop.test' }, body: '' };
    await runLoad(plan(port, { requests: [get('/'), put, named], count: 5, inFlight: 1 }), tools());
    const host = `127.0.0.1:${port}`;
    const first = { line: 'GET /', host, token: undefined, length: undefined, body: '' };
    const second = { line: 'PUT /items/1?x=%20', host, token: 'é1', length: '14', body: '{"name":"né"}' };
    const third = { line: 'POST /a', host: 'shop.test', token: undefined, length: '0', body: '' };
    expect(seen).toEqual([first, second, third, first, second]);
  });

  it('keeps connections alive, and opens no more than may be in flight', async () => {
    const lines = new Set<unknown>();
    let open = 0;
    let most = 0;
    const port = await serve((request, response) => {
      lines.add(request.socket);
      most = Math.max(most, ++open);
      setTimeout(() => response.end('ok'), 20);
      response.once('finish', () => open--);
    });
    const shots = await runLoad(plan(port, { rate: 1000, count: 200, inFlight: 3 }), tools());
    expect(errors(shots)).toEqual({ null: 200 });
    expect(lines.size).toBeLessThanOrEqual(3);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('tells the caller of every request before it goes out and once it ended', async () => {
    const told: string[] = [];
    const port = await serve((_, response) => response.end('ok'));
    const ended = ({ index }: Shot): unknown => told.push(`ended ${index}`);
    await runLoad(
      plan(port, { count: 3, inFlight: 1 }),
      tools({ sending: (index) => told.push(`sending ${index}`), ended }),
    );
    expect(told).toEqual(['sending 0', 'ended 0', 'sending 1', 'ended 1', 'sending 2', 'ended 2']);
  });

  it('rejects with what a hook of the caller throws, and lets go of all', async () => {
    const port = await serve(() => undefined);
    const sending = (index: number): void => {
      if (index === 5) throw new Error('no disk left');
    };
    await expect(runLoad(plan(port), tools({ sending }))).rejects.toThrow('no disk left');
    const answering = await serve((_, response) => response.end());
    const ended = (): void => {
      throw new Error('no disk left');
    };
    await expect(runLoad(plan(answering), tools({ ended }))).rejects.toThrow('no disk left');
  });

  it.each([1, 0])('of %d requests', async (count) => {
    const port = await serve((_, response) => response.end('ok'));
    expect(await runLoad(plan(port, { count }), tools())).toHaveLength(count);
  });

  it('speaks to IPv6, with or without brackets', async () => {
    const hosts: unknown[] = [];
    const port = await serve((request, response) => {
      hosts.push(request.headers.host);
      response.end('ok');
    }, '::1');
    for (const host of ['::1', '[::1]']) {
      expect(errors(await runLoad(plan(port, { host, count: 2 }), tools()))).toEqual({ null: 2 });
    }
    expect(new Set(hosts)).toEqual(new Set([`[::1]:${port}`]));
  });

  it('speaks HTTPS to whom it trusts', async () => {
    const folder = mkdtempSync(join(os.tmpdir(), 'whystale-load-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { ca, cert, key } = makeCertificates(folder);
    const server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) =>
      response.end('ok'),
    );
    const { port } = await serving(server);
    const secure = plan(port, { tls: true, count: 5 });
    const authorities = readFileSync(ca, 'utf8');
    expect(errors(await runLoad({ ...secure, authorities }, tools()))).toEqual({ null: 5 });
    for (const { status, error } of await runLoad(secure, tools())) {
      expect(status).toBeNull();
      expect(error).toMatch(/no authority that is trusted here .*NODE_EXTRA_CA_CERTS .*\([A-Z_]+\)$/);
    }
  });

  const wrong: [string, Partial<LoadPlan>, string][] = [
    ['a path with a space', { requests: [get('/a b')] }, 'WSE720'],
    ['a path that is not encoded', { requests: [get('/é€')] }, 'WSE720'],
    ['no method', { requests: [{ ...get('/'), method: 'GE T' }] }, 'WSE720'],
    ['a tunnel', { requests: [{ ...get('/'), method: 'CONNECT' }] }, 'WSE720'],
    ['a header over two lines', { requests: [{ ...get('/'), headers: { a: 'b\r\nc: d' } }] }, 'WSE720'],
    ['no rate', { rate: 0 }, 'WSE721'],
    ['a rate that is no number', { rate: Number.NaN }, 'WSE721'],
    ['half a request', { count: 1.5 }, 'WSE721'],
    ['more requests than can be kept', { count: 1e9 }, 'WSE721'],
    ['nothing in flight', { inFlight: 0 }, 'WSE721'],
    ['no time', { timeoutMs: 0 }, 'WSE721'],
  ];
  it.each(wrong)('refuses %s', async (_, more, code) => {
    await expect(runLoad(plan(1, more), tools())).rejects.toMatchObject({ facts: { code, exitCode: 2 } });
  });
});

describe('an answer', () => {
  const one = async (more: Partial<LoadPlan>): Promise<Shot> => {
    const [shot] = await runLoad(plan(0, { count: 1, ...more }), tools());
    return shot!;
  };

  it('is judged, and wrong where the judge says so', async () => {
    const port = await serve((_, response) => {
      response.statusCode = 503;
      response.end('busy');
    });
    const judge = (status: number, body: string): string => `${status} ${body}`;
    expect(await one({ port, judge })).toMatchObject({ status: 503, error: '503 busy', bytes: 4 });
    expect(await one({ port })).toMatchObject({ status: 503, error: null });
    const failing = (): never => {
      throw new Error('no such path');
    };
    expect((await one({ port, judge: failing })).error).toBe('the answer could not be judged: no such path');
    expect((await one({ port, judge: () => 'x'.repeat(10_000) })).error).toHaveLength(300);
  });

  it('is read to its end, however long, and its beginning kept', async () => {
    const long = 'é'.repeat(4 * 1024 * 1024);
    const port = await serve((_, response) => response.end(long));
    let seen = '';
    const judge = (_: number, body: string): null => {
      seen = body;
      return null;
    };
    expect(await one({ port, judge })).toMatchObject({ status: 200, error: null, bytes: 8 * 1024 * 1024 });
    expect(seen).toBe(long.slice(0, 512 * 1024));
  });

  it('is decoded for its judge', async () => {
    const text = '{"price":12}';
    const coded = gzipSync(text);
    const port = await serve((request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(request.url === '/broken' ? 'no gzip' : coded);
    });
    const judge = (_: number, body: string): string => body;
    expect(await one({ port, judge })).toMatchObject({ error: text, bytes: coded.length });
    expect((await one({ port, judge, requests: [get('/broken')] })).error).toBe('no gzip');
  });

  it('may have no body', async () => {
    const port = await serve((request, response) => {
      response.statusCode = request.method === 'HEAD' ? 200 : 304;
      response.end();
    });
    const head = { ...get('/'), method: 'HEAD' };
    const shots = await runLoad(plan(port, { requests: [head, get('/')], count: 6 }), tools());
    expect(shots.map(({ status, bytes, error }) => ({ status, bytes, error }))).toEqual(
      shots.map((_, index) => ({ status: index % 2 === 0 ? 200 : 304, bytes: 0, error: null })),
    );
  });

  it.each([
    [{ 'cache-status': 'edge; hit; ttl=30', 'x-cache': 'MISS' }, 'edge; hit; ttl=30'],
    [{ 'x-cache': 'MISS' }, 'MISS'],
    [{ 'cache-status': ['origin; fwd=miss', 'edge; hit'] }, 'origin; fwd=miss, edge; hit'],
    [{}, null],
  ])('names its cache: %o', async (headers, expected) => {
    const port = await serve((_, response) => response.writeHead(200, headers).end());
    expect((await one({ port })).cacheHeader).toBe(expected);
  });
});
