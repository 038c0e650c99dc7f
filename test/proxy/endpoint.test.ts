import { describe, expect, test } from 'vitest';
import { formatEndpoint, isLoopback, parseListenAddress } from '../../src/proxy/endpoint.ts';
import { atMostEvery, NOTICE_INTERVAL_NS, oncePerCode } from '../../src/proxy/notice.ts';

describe('listen addresses', () => {
  test.each([
    ['6380', '127.0.0.1:6380', true],
    [':6380', '127.0.0.1:6380', true],
    ['0', '127.0.0.1:0', true],
    ['127.0.0.2:1', '127.0.0.2:1', true],
    ['localhost:6380', 'localhost:6380', true],
    ['[::1]:6380', '[::1]:6380', true],
    ['*:6380', '[::]:6380', false],
    ['0.0.0.0:65535', '0.0.0.0:65535', false],
    ['/run/proxy.sock', '/run/proxy.sock', true],
  ])('%s is %s; loopback: %s', (text, written, loopback) => {
    const endpoint = parseListenAddress(text);
    expect([formatEndpoint(endpoint), isLoopback(endpoint)]).toEqual([written, loopback]);
  });

  test.each([
    '',
    'host',
    'host:',
    '70000',
    '127.0.0.1:65536',
    '::1:6380',
    'a b:1',
    'redis://h:1',
  ])('%j is the coded error WSE304', (text) => {
    expect(() => parseListenAddress(text)).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ code: 'WSE304', exitCode: 2 }) }),
    );
  });
});

describe('notices', () => {
  test('pass at most once a minute', () => {
    let now = 0;
    const said: number[] = [];
    const say = atMostEvery(
      NOTICE_INTERVAL_NS,
      () => now,
      (what: number) => void said.push(what),
    );
    for (const second of [0, 1, 59, 60, 61, 119, 121]) {
      now = second * 1e9;
      say(second);
    }
    expect(said).toEqual([0, 60, 121]);
  });

  test('of one code pass once', () => {
    const said: string[] = [];
    const say = oncePerCode((code, text) => void said.push(`${code}: ${text}`));
    for (const [code, text] of [
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
    ] as const)
      say(code, text);
    expect(said).toEqual(['a: 1', 'b: 3']);
  });
});
