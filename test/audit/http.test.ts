/** The audit of services that are really asked: one in order, one in disorder, and some that are neither. */
import { createServer, type IncomingMessage, type RequestListener, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { itemMaker } from '../../src/audit/catalogue.ts';
import { auditHttp } from '../../src/audit/http.ts';
import { type LimitTarget, tryLimits } from '../../src/audit/http-limits.ts';
import { type AuditItem, exitCodeOf } from '../../src/audit/index.ts';
import { freePort } from '../support/engines.ts';
import { audited, find, PLANTED, states } from './sample.ts';

const MB = 1_048_576;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(listener: RequestListener, options: ServerOptions = {}): Promise<string> {
  const server = createServer(options, listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  stops.push(
    () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Reads a body up to a limit; false beyond it. */
function readBody(request: IncomingMessage, limit: number): Promise<boolean> {
  return new Promise((done) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) done(false);
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) done(false);
    });
    request.on('end', () => done(true));
    request.on('error', () => done(false));
  });
}

const GOOD: RequestListener = async (request, response) => {
  if (request.method === 'POST') {
    const taken = await readBody(request, MB);
    response.writeHead(taken ? 201 : 413, { connection: 'close', 'cache-control': 'no-store' });
    response.end();
    return;
  }
  const { authorization, cookie, accept, 'accept-language': language } = request.headers;
  if (request.url === '/me') {
    response.setHeader('cache-control', 'private, no-store');
    response.setHeader('set-cookie', 'session=f00f00f00f00f00f; HttpOnly');
    response.end(`you are ${authorization ?? cookie ?? 'nobody'}`);
    return;
  }
  response.setHeader('cache-control', 'public, max-age=60');
  response.setHeader('vary', 'Accept, Accept-Language');
  const html = accept?.includes('html') === true;
  response.setHeader('content-type', html ? 'text/html' : 'application/json');
  response.end(html ? `<p>${language ?? ''}</p>` : JSON.stringify({ language: language ?? '' }));
};

const BAD: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => {
    const { authorization, cookie, accept, 'accept-language': language } = request.headers;
    response.setHeader('cache-control', 'public, max-age=60');
    response.setHeader('set-cookie', 'session=f00f00f00f00f00f');
    response.end(`${authorization} ${cookie} ${accept} ${language}`);
  });
};

const IDENTITY = [`Authorization: Bearer ${PLANTED.jwt}`, `Cookie: session=${PLANTED.password}`];

test('a service in order has every item ok', async () => {
  const http = await serve(GOOD);
  const report = await audited({ http, path: ['/items/1', '/me'], header: IDENTITY });
  expect(report.items.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(find(report, 'http.set-cookie').evidence).toBe('/me: sets a cookie, and is no-store');
  expect(find(report, 'http.body-limit').evidence).toMatch(/413 after|closed after/);
  expect(exitCodeOf(report, 'warn')).toBe(0);
});

test('a service in disorder has every item bad, and its secrets are not shown', async () => {
  const http = await serve(BAD, { maxHeaderSize: MB });
  const report = await audited({ http, path: ['/items/1', '/me'], header: IDENTITY });
  const { 'http.connection': connection, ...rest } = states(report);
  expect(connection).toBe('ok');
  expect(Object.keys(rest)).toHaveLength(10);
  expect(new Set(Object.values(rest))).toEqual(new Set(['bad']));
  expect(report.items.filter(({ state, mend }) => state === 'bad' && mend === null)).toEqual([]);
  expect(find(report, 'http.body-limit').evidence).toBe('POST /items/1: all 64 MB were taken, then 200');
  expect(exitCodeOf(report, 'bad')).toBe(1);
  const shown = JSON.stringify(report);
  for (const secret of Object.values(PLANTED)) expect(shown).not.toContain(secret);
});

/** The items about header fields alone: no limit is tried. */
async function asked(base: string, secret: string | null) {
  const credentials = {
    authorization: secret === null ? null : `Bearer ${secret}`,
    cookie: secret === null ? null : `session=${secret}`,
  };
  const target = { base: new URL(base), paths: ['/'], fields: [], ...credentials };
  const { items } = await auditHttp(target, itemMaker(base));
  return new Map<string, AuditItem>(items.map((item) => [item.id, item]));
}

describe('headers', () => {
  const answering = (headers: Readonly<Record<string, string>>, body: (request: IncomingMessage) => string) =>
    serve((request, response) => {
      request.resume();
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(body(request));
    });
  const byUser = (request: IncomingMessage) => `${request.headers.authorization} ${request.headers.cookie}`;
  const byLanguage = (request: IncomingMessage) => `${request.headers['accept-language']}`;
  const same = () => 'same';
  let turn = 0;
  const never = () => `${turn++}`;

  test.each<[string, Readonly<Record<string, string>>, (request: IncomingMessage) => string, string, string]>(
    [
      ['one user, s-maxage', { 'cache-control': 's-maxage=60' }, byUser, 'http.private-response', 'bad'],
      [
        'one user, private',
        { 'cache-control': 'private, max-age=60' },
        byUser,
        'http.private-response',
        'ok',
      ],
      ['one user, ETag and nothing else', { etag: '"1"' }, byUser, 'http.private-response', 'warn'],
      [
        'one user, Vary says so',
        { 'cache-control': 'public, max-age=60', vary: 'Authorization, Cookie' },
        byUser,
        'http.private-response',
        'ok',
      ],
      ['the same for all', { 'cache-control': 'public, max-age=60' }, same, 'http.private-response', 'ok'],
      [
        'never the same, public',
        { 'cache-control': 'public, max-age=60' },
        never,
        'http.private-response',
        'unknown',
      ],
      [
        'session cookie, max-age',
        { 'cache-control': 'max-age=60', 'set-cookie': 'sid=0123456789abcdef' },
        same,
        'http.set-cookie',
        'bad',
      ],
      [
        'other cookie, public',
        { 'cache-control': 'public, max-age=60', 'set-cookie': 'theme=dark' },
        same,
        'http.set-cookie',
        'bad',
      ],
      ['cookie, nothing said', { 'set-cookie': 'theme=dark' }, same, 'http.set-cookie', 'warn'],
      ['no cookie', {}, same, 'http.set-cookie', 'not-applicable'],
      [
        'language, public',
        { 'cache-control': 'public, max-age=60' },
        byLanguage,
        'http.vary-accept-language',
        'bad',
      ],
      ['language, nothing said', {}, byLanguage, 'http.vary-accept-language', 'warn'],
      [
        'language, Vary: *',
        { 'cache-control': 'public, max-age=60', vary: '*' },
        byLanguage,
        'http.vary-accept-language',
        'ok',
      ],
      ['language, no-store', { 'cache-control': 'no-store' }, byLanguage, 'http.vary-accept-language', 'ok'],
      ['cookie, public', { 'cache-control': 'public, max-age=60' }, byUser, 'http.vary-cookie', 'bad'],
      ['Authorization, nothing said', {}, byUser, 'http.vary-authorization', 'ok'],
      [
        'Authorization, public',
        { 'cache-control': 'public, max-age=60' },
        byUser,
        'http.vary-authorization',
        'bad',
      ],
    ],
  )('%s', async (_, headers, body, id, state) => {
    const items = await asked(await answering(headers, body), PLANTED.jwt);
    expect(items.get(id)).toMatchObject({ state });
  });

  test('without credentials, what depends on them is unknown', async () => {
    const items = await asked(await answering({}, same), null);
    for (const id of ['http.private-response', 'http.vary-authorization', 'http.vary-cookie'])
      expect(items.get(id)).toMatchObject({ state: 'unknown', mend: expect.stringContaining('--header') });
  });
});

describe('size limits', () => {
  const CAP = 4 * MB;
  const tried = async (listener: RequestListener, cap = CAP) => {
    const base = new URL(await serve(listener));
    const to: LimitTarget = { base, upload: { method: 'POST', path: '/items' }, path: '/', fields: [] };
    return Object.fromEntries(await tryLimits(to, cap));
  };

  test('a limit that trusts Content-Length lets a body without one through', async () => {
    const limits = await tried(async (request, response) => {
      if (Number(request.headers['content-length'] ?? 0) > MB) response.writeHead(413);
      else await readBody(request, Number.POSITIVE_INFINITY);
      response.end();
    });
    expect(limits['http.body-limit']?.state).toBe('ok');
    expect(limits['http.chunked-body-limit']).toMatchObject({
      state: 'bad',
      evidence: expect.stringContaining('all 4 MB'),
    });
  });

  test('a route that takes no body says nothing of its limit', async () => {
    const limits = await tried((request, response) => {
      response.writeHead(request.method === 'POST' ? 405 : 200);
      response.end();
    }, 32 * MB);
    expect(limits['http.body-limit']).toMatchObject({
      state: 'unknown',
      mend: expect.stringContaining('--upload'),
    });
  });

  test('closing the connection is a refusal', async () => {
    const limits = await tried((request, response) => {
      if (request.method === 'POST') request.socket.destroy();
      else response.end();
    });
    expect(limits['http.body-limit']?.state).toBe('ok');
  });

  test('a service that refuses plain requests, too, cannot be judged by them', async () => {
    const limits = await tried((request, response) => {
      request.resume();
      response.writeHead(400);
      response.end();
    });
    expect(limits['http.header-limit']?.state).toBe('unknown');
    expect(limits['http.url-limit']?.state).toBe('unknown');
  });

  test('no more than a handful of requests', async () => {
    let requests = 0;
    await tried((request, response) => {
      requests++;
      request.on('error', () => undefined);
      request.resume();
      request.on('end', () => response.end());
    });
    expect(requests).toBeLessThanOrEqual(6);
  });
});

test('a service that does not answer ends with 4', async () => {
  const report = await audited({ http: `http://127.0.0.1:${await freePort()}` });
  expect(states(report)).toEqual({ 'http.connection': 'unknown' });
  expect(exitCodeOf(report, 'bad')).toBe(4);
});
