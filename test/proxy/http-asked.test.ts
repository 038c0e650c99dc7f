/** What a request asks by besides its path: its query, and header fields that may name a tenant, a user or a language. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { ASKED_LIMITS, askedOf } from '../../src/proxy/http-asked.ts';

const asked = (url: string, headers: IncomingHttpHeaders = {}) =>
  Object.fromEntries(askedOf({ url, headers } as IncomingMessage));

describe('the query', () => {
  test.each([
    ['/items', {}],
    ['/items?', {}],
    ['/items?lang=de', { '?lang': 'de' }],
    ['/items?lang=de&page=2&lang=en', { '?lang': 'de', '?page': '2' }],
    ['/items?q=a%20b+c&empty=', { '?q': 'a b c' }],
    ['/items?=x&%zz=1', { '?%zz': '1' }],
    ['//x?y=1?z=2', { '?y': '1?z=2' }],
  ])('%s', (url, expected) => {
    expect(asked(url)).toEqual(expected);
  });

  test('is bounded', () => {
    const many = Array.from({ length: 100 }, (_, i) => `p${i}=${i}`).join('&');
    expect(Object.keys(asked(`/items?${many}`))).toHaveLength(ASKED_LIMITS.parameters);
    expect(asked(`/items?long=${'x'.repeat(5_000)}&short=1`)).toEqual({ '?short': '1' });
  });
});

describe('header fields', () => {
  test('of the service itself count, those of proxies, browsers and tracing do not', () => {
    const headers = {
      'x-tenant': 'acme',
      'x-user-id': '7',
      'x-request-id': '1',
      'x-forwarded-for': '10.0.0.1',
      'x-real-ip': '10.0.0.1',
      'x-b3-traceid': '1',
      'x-amzn-trace-id': '1',
      'x-csrf-token': '1',
      authorization: 'Bearer 1',
      cookie: 'session=1',
      accept: '*/*',
    };
    expect(asked('/', headers)).toEqual({ 'header:x-tenant': 'acme', 'header:x-user-id': '7' });
  });

  test.each([
    ['acme.shop.example:8443', { 'header:host': 'acme.shop.example', 'header:host label': 'acme' }],
    ['127.0.0.1:8000', {}],
    ['[::1]:8000', {}],
    ['localhost:8000', {}],
  ])('host %s', (host, expected) => {
    expect(asked('/', { host })).toEqual(expected);
  });

  test.each([
    ['de', 'de', 'de'],
    ['de-AT,de;q=0.9,en;q=0.8', 'de-AT', 'de'],
    [' EN-us;q=1', 'EN-us', 'en'],
  ])('language %s', (field, tag, primary) => {
    expect(asked('/', { 'accept-language': field })).toEqual({
      'header:accept-language': tag,
      'header:accept-language primary': primary,
    });
  });

  test('no language', () => {
    expect(asked('/', { 'accept-language': '*' })).toEqual({});
  });
});
