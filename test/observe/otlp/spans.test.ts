import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSpanReader } from '../../../src/observe/otlp/index.ts';
import { readOperation } from '../../../src/recording/operation-line.ts';
import { DIGEST, KINDS, ORIGIN, readAll, readOne, SPAN, STAMPS, TRACE } from './support.ts';

describe('a span', () => {
  it('becomes an operation that a recording holds', () => {
    const span = readOne({ parentSpanId: 'AAAAAAAAAAAAAAA1', name: 'lamps', kind: KINDS.internal });
    expect(span).toEqual({
      tier: 'client',
      kind: 'span',
      session: 'otlp',
      invoke: 1e9,
      return: 2e9,
      status: 'ok',
      trace: TRACE,
      span: SPAN,
      parent: 'aaaaaaaaaaaaaaa1',
      name: 'lamps',
      role: 'internal',
      service: null,
    });
    expect(readOperation(JSON.stringify({ id: 1, ...span }))).toMatchObject({ is: 'operation' });
  });

  it('names its service', () => {
    expect(readAll([{}], { 'service.name': 'lamps', 'host.name': 'h' }).spans).toEqual([
      expect.objectContaining({ service: 'lamps' }),
    ]);
  });

  it.each([
    [0, 'internal'],
    [1, 'internal'],
    [2, 'server'],
    [3, 'client'],
    [4, 'producer'],
    [5, 'consumer'],
    [6, 'internal'],
    [-1, 'internal'],
  ] as const)('of kind %i is %s', (kind, role) => expect(readOne({ kind }).role).toBe(role));

  it.each([
    ['a trace id of zeros', { traceId: '0'.repeat(32) }],
    ['a trace id in base64', { traceId: 'CvdlGRbNQ92ESOshHIAxnA==' }],
    ['no trace id', { traceId: '' }],
    ['a span id of zeros', { spanId: '0'.repeat(16) }],
    ['a span id too short', { spanId: 'b7ad' }],
  ])('with %s is rejected, the others are taken', (_, wrong) => {
    const read = readAll([wrong, {}]);
    expect(read.spans).toHaveLength(1);
    expect(read).toMatchObject({ rejected: 1, reason: expect.stringContaining('valid trace') });
  });

  it('with an invalid parent has none', () => {
    expect(readOne({ parentSpanId: '0'.repeat(16) }).parent).toBeNull();
  });
});

describe('times', () => {
  it.each([
    ['on the history’s clock', { from: 5, to: 9 }, { invoke: 5, return: 9, status: 'ok' }],
    ['before the recording', { from: -5e9, to: -1e9 }, { invoke: 0, return: 0, status: 'ok' }],
    ['begun before the recording', { from: -5e9, to: 7 }, { invoke: 0, return: 7, status: 'ok' }],
    ['ended before it began', { from: 9, to: 5 }, { invoke: 9, return: 9, status: 'ok' }],
    ['without an end', { from: 9, to: null }, { invoke: 9, return: null, status: 'info' }],
    ['with an error', { from: 5, to: 9, status: 2 }, { invoke: 5, return: 9, status: 'fail' }],
    ['after the arrival', { from: 59e9, to: 70e9 }, { invoke: 59e9, return: 60e9, status: 'ok' }],
    ['a century ahead', { from: 3e18, to: 4e18 }, { invoke: 60e9, return: 60e9, status: 'ok' }],
  ])('%s', (_, sent, expected) => expect(readOne(sent)).toMatchObject(expected));

  it('tells how far the service’s clock is ahead', () => {
    expect(readAll([{ to: 61e9 }, { to: 5e9 }]).ahead).toBe(1e9);
    expect(readAll([{ to: 5e9 }]).ahead).toBe(0);
  });

  it('keeps nanoseconds', () => {
    const stamps = { origin: ORIGIN - 1n, arrived: 60e9 };
    expect(readAll([{ from: 1_234_567_891, to: 1_234_567_893 }], {}, stamps).spans).toEqual([
      expect.objectContaining({ invoke: 1_234_567_892, return: 1_234_567_894 }),
    ]);
  });
});

describe('an HTTP server’s span', () => {
  it.each([
    [
      'current names',
      {
        'http.request.method': 'GET',
        'http.route': '/items/{id}',
        'url.path': '/items/7',
        'url.query': 'token=abc',
        'http.response.status_code': 200,
      },
    ],
    [
      'the names before',
      {
        'http.method': 'GET',
        'http.route': '/items/{id}',
        'http.target': '/items/7?token=abc',
        'http.status_code': 200,
      },
    ],
    [
      'numbers as text and a method in lower case',
      {
        'http.method': 'get',
        'http.route': '/items/{id}',
        'url.path': '/items/7',
        'http.status_code': '200',
      },
    ],
  ])('is read by %s', (_, attributes) => {
    expect(readOne({ kind: KINDS.server, attributes })).toMatchObject({
      method: 'GET',
      route: '/items/{id}',
      path: '/items/7',
      code: 200,
    });
  });

  it('prefers the current names when both are there', () => {
    const attributes = {
      'http.target': '/old',
      'url.path': '/new',
      'http.method': 'PUT',
      'http.request.method': 'GET',
    };
    expect(readOne({ kind: KINDS.server, attributes })).toMatchObject({ method: 'GET', path: '/new' });
  });

  it('shows no secret of the path', () => {
    const secret = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc';
    const span = readOne({
      kind: KINDS.server,
      name: `GET /keys/${secret}?q=1`,
      attributes: { 'url.path': `/keys/${secret}/x`, 'http.route': `/keys/${secret}` },
    });
    expect(JSON.stringify(span)).not.toContain(secret);
    expect(span.path).toMatch(/^\/keys\/sk_l….*\/x$/);
    expect(span.name).not.toContain('q=1');
  });

  it('leaves out what makes no sense', () => {
    const attributes = { 'http.request.method': 'GET IT', 'http.response.status_code': 7, 'url.path': '' };
    const span = readOne({ kind: KINDS.server, attributes });
    expect(span).not.toHaveProperty('method');
    expect(span).not.toHaveProperty('code');
    expect(span).not.toHaveProperty('path');
  });

  it('of another protocol has none of these', () => {
    const span = readOne({ kind: KINDS.server, attributes: { 'rpc.system': 'grpc', 'db.system': 'redis' } });
    expect(Object.keys(span)).not.toEqual(expect.arrayContaining(['method']));
    expect(span).not.toHaveProperty('system');
  });
});

describe('names', () => {
  it.each([
    ['redis-GET', { 'db.system': 'redis' }, 'redis-GET'],
    ['SET item:7 "secret"', { 'db.system': 'redis' }, 'SET item:7'],
    ["SELECT * FROM users WHERE email = 'a@b'", { 'db.system': 'mysql' }, 'SELECT *'],
    ['pg.query:SELECT shop', { 'db.system.name': 'postgresql' }, 'pg.query:SELECT shop'],
    ["charge card '4111 1111'", {}, 'charge card'],
    ['ItemsController#show', {}, 'ItemsController#show'],
    ['GET /items/{id}', {}, 'GET /items/{id}'],
    ['', {}, ''],
  ])('%s of %j', (name, attributes, shown) => expect(readOne({ name, attributes }).name).toBe(shown));
});

describe('what real exporters send', () => {
  const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/otlp', name));
  const wall = 1_795_321_000_000_000_000n;
  const files = ['node-current.json', 'node-current.pb', 'node-legacy.json', 'node-legacy.pb'];

  it.each(files)('%s', (name) => {
    const read = createSpanReader(DIGEST)(fixture(name), name.endsWith('.pb') ? 'protobuf' : 'json', {
      origin: wall,
      arrived: 1e15,
    });
    expect(read).toMatchObject({ rejected: 0, ahead: 0 });
    const spans = read!.spans;
    const server = spans.find(({ role }) => role === 'server')!;
    expect(server).toMatchObject({ method: 'GET', path: '/items/7', code: 200, parent: null, status: 'ok' });
    const inside = spans.filter(({ trace, parent }) => trace === server.trace && parent === server.span);
    expect(inside.map(({ system, statement }) => `${system} ${statement}`).sort()).toEqual([
      'postgresql SELECT id, name FROM items WHERE id = $1 AND name <> $2',
      'postgresql undefined',
      'redis DEL',
      'redis GET',
      'redis GET',
      'redis SET',
      'redis SET',
    ]);
    for (const { port, statement } of inside)
      if (statement !== undefined) expect(port).toBeGreaterThan(1_024);
    expect(JSON.stringify(spans)).not.toMatch(/secret lamp|hidden literal|token|user_agent|opentelemetry/);
  });

  it.each(['node-current', 'node-legacy'])('%s alike in both encodings', (name) => {
    const shapes = (['json', 'protobuf'] as const).map((encoding) => {
      const file = `${name}.${encoding === 'json' ? 'json' : 'pb'}`;
      const read = createSpanReader(DIGEST)(fixture(file), encoding, STAMPS);
      return read!.spans.map(({ name, role, system, statement }) => ({ name, role, system, statement }));
    });
    expect(shapes[1]).toEqual(shapes[0]);
  });
});
