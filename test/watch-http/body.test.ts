/** Which responses are looked into, and what is recorded of them: digests alone, and each body once. */
import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Bodies, BODY_LIMITS as MEMORY } from '../../src/core/served/bodies.ts';
import { createDigester } from '../../src/observe/payload/index.ts';
import { BODY_LIMITS, BodyCopies, readableBody, unpackBody } from '../../src/watch/http-body.ts';
import { RequestContents } from '../../src/watch/request-contents.ts';

const JSON_TYPE = ['content-type', 'application/json; charset=utf-8'];

describe('which bodies are looked into', () => {
  test.each([
    ['GET', 200, JSON_TYPE, 'identity'],
    ['GET', 200, ['Content-Type', 'application/vnd.api+json'], 'identity'],
    ['GET', 200, [...JSON_TYPE, 'Content-Encoding', 'gzip'], 'gzip'],
    ['GET', 203, [...JSON_TYPE, 'content-encoding', 'br'], 'br'],
    ['GET', 200, [...JSON_TYPE, 'content-encoding', 'zstd'], null],
    ['GET', 200, [...JSON_TYPE, 'content-encoding', 'gzip, br'], null],
    ['GET', 200, [...JSON_TYPE, 'content-length', '65537'], null],
    ['GET', 200, ['content-type', 'text/html'], null],
    ['GET', 200, [], null],
    ['GET', 206, JSON_TYPE, null],
    ['GET', 304, JSON_TYPE, null],
    ['GET', 404, JSON_TYPE, null],
    ['HEAD', 200, JSON_TYPE, null],
    ['POST', 200, JSON_TYPE, null],
    // What a cache between the proxy and the service answers says nothing of the service.
    ['GET', 200, [...JSON_TYPE, 'Age', '30'], null],
    ['GET', 200, [...JSON_TYPE, 'Age', '0'], 'identity'],
    ['GET', 200, [...JSON_TYPE, 'cache-status', 'edge; hit'], null],
    ['GET', 200, [...JSON_TYPE, 'cache-status', 'edge; fwd=miss'], 'identity'],
    ['GET', 200, [...JSON_TYPE, 'x-cache', 'HIT from varnish'], null],
  ])('%s %i %j: %s', (method, code, headers, expected) => {
    expect(readableBody(method, code, headers)).toBe(expected);
  });

  test('unpacking never throws and is bounded', () => {
    const body = Buffer.from('{"price":4200}');
    expect(unpackBody(zlib.gzipSync(body), 'gzip')).toEqual(body);
    expect(unpackBody(zlib.brotliCompressSync(body), 'br')).toEqual(body);
    expect(unpackBody(zlib.deflateSync(body), 'deflate')).toEqual(body);
    expect(unpackBody(body, 'gzip')).toBeNull();
    expect(unpackBody(zlib.gzipSync(Buffer.alloc(BODY_LIMITS.unpacked + 1)), 'gzip')).toBeNull();
  });

  test('so many copies are kept at one time', () => {
    const copies = new BodyCopies();
    for (let i = 0; i < BODY_LIMITS.copies; i++) expect(copies.take()).toBe(true);
    expect(copies.take()).toBe(false);
    copies.leave();
    expect(copies.take()).toBe(true);
  });
});

describe('what is recorded', () => {
  const digester = createDigester(new Uint8Array(16).fill(7));
  const body = Buffer.from('{"id":1,"name":"Lamp","items":[{"price":4200}]}');

  test('the scalars of a body, once', () => {
    const contents = new RequestContents(digester);
    const first = contents.of({ body });
    expect(first.payload?.leaves).toEqual([
      ['id', digester.scalar('1')],
      ['name', digester.scalar('Lamp')],
      ['items.0.price', digester.scalar('4200')],
    ]);
    expect(first.payload).not.toHaveProperty('words');
    expect(contents.of({ body })).toEqual({ body: first.body });
    expect(JSON.stringify(first)).not.toContain('Lamp');
  });

  test('what is asked by, but for what names a credential', () => {
    const contents = new RequestContents(digester);
    const { asked } = contents.of({
      asked: [
        ['?lang', 'de'],
        ['?token', 'abc'],
        ['?code', 'abc'],
        ['?api_key', 'abc'],
        ['header:x-api-key', 'abc'],
        ['header:x-tenant', 'acme'],
      ],
    });
    expect(asked).toEqual([
      ['?lang', digester.scalar('de')],
      ['header:x-tenant', digester.scalar('acme')],
    ]);
    expect(contents.of({})).toEqual({});
  });

  test('both sides forget the same bodies', () => {
    const bodies = new Bodies();
    const payload = (leaves: number) => ({
      format: 'json',
      leaves: Array.from({ length: leaves }, (_, i) => [`a${i}`, 'h:1'] as const),
    });
    for (let i = 0; i < MEMORY.bodies + 1; i++) bodies.add(`h:${i}`, payload(1));
    expect(bodies.get('h:0')).toBeUndefined();
    expect(bodies.get('h:1')).toBeDefined();
    bodies.add('h:big', payload(MEMORY.leaves));
    expect(bodies.get(`h:${MEMORY.bodies}`)).toBeUndefined();
    expect(bodies.get('h:big')).toBeDefined();
  });
});
