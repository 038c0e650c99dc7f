/** A request is held together with what the stores answered it only where all of that is certainly its own. */
import { describe, expect, test } from 'vitest';
import { Requests } from '../../../src/core/attribution/requests.ts';
import type { CacheRead, HttpRequest } from '../../../src/core/operation.ts';
import { EXCHANGE_LIMITS, type Exchange, Exchanges } from '../../../src/core/served/exchange.ts';
import type { Version } from '../../../src/core/versions.ts';

const VERSION = {} as Version;
let ids = 0;

function read(invoke: number, end: number, request?: number): CacheRead {
  const base = { id: ++ids, session: 'redis:1', invoke, return: end, status: 'ok' as const };
  const ordinal = request === undefined ? {} : { request };
  return {
    ...base,
    ...ordinal,
    tier: 'cache',
    kind: 'read',
    command: 'GET',
    db: 0,
    key: 'a',
    value: 'h:1',
    size: 1,
  };
}

function asked(invoke: number, end: number, request?: number): HttpRequest {
  const base = { id: ++ids, session: 'http:1', invoke, return: end, status: 'ok' as const };
  const ordinal = request === undefined ? {} : { request };
  return { ...base, ...ordinal, tier: 'http', kind: 'request', method: 'GET', path: '/', code: 200, size: 1 };
}

function play(steps: readonly (CacheRead | HttpRequest)[]): readonly Exchange[] {
  const taken: Exchange[] = [];
  const exchanges = new Exchanges((exchange) => taken.push(exchange));
  const requests = new Requests();
  for (const step of steps) {
    if (step.tier === 'http') {
      requests.add(step, step.return ?? step.invoke);
      exchanges.request(step, new Map(), null, requests);
      continue;
    }
    exchanges.answered(step);
    exchanges.hit({ version: VERSION, read: step });
  }
  exchanges.settle(requests);
  return taken;
}

describe('with ordinals', () => {
  test('hits with the request’s number are its own, in order', () => {
    const [exchange] = play([read(1, 2, 1), read(3, 4, 1), asked(0, 5, 1)]);
    expect(exchange?.hits.map(({ read: { invoke } }) => invoke)).toEqual([1, 3]);
    expect(exchange).toMatchObject({ unclear: false, failed: false });
  });

  test.each([
    ['without a number', [read(1, 2), asked(0, 5, 1)]],
    ['with another number', [read(1, 2, 2), asked(0, 5, 1)]],
    ['that began before', [read(0, 3), asked(2, 5, 1)]],
  ])('a hit %s makes it uncertain', (_, steps) => {
    expect(play(steps)).toEqual([]);
  });

  test('what was over before does not', () => {
    expect(play([read(0, 1), read(3, 4, 1), asked(2, 5, 1)])[0]?.hits).toHaveLength(1);
  });
});

describe('without ordinals', () => {
  test('a request that was alone has all that was answered meanwhile', () => {
    expect(play([read(1, 2), asked(0, 5), read(7, 8), asked(6, 9)]).map(({ hits }) => hits.length)).toEqual([
      1, 1,
    ]);
  });

  test('one that overlaps another has none, also when the other ends much later', () => {
    expect(play([read(2, 3), asked(1, 5), read(7, 8), asked(6, 9), asked(0, 5_000)])).toEqual([]);
  });
});

test('what is forgotten makes it uncertain', () => {
  const many = Array.from({ length: EXCHANGE_LIMITS.facts + 1 }, (_, i) => read(2 * i + 1, 2 * i + 2, 1));
  expect(play([...many, asked(0, 1e6, 1)])).toEqual([]);
  expect(play([...many, asked(11, 1e6, 1)])[0]?.hits.length).toBeLessThanOrEqual(EXCHANGE_LIMITS.facts);
});

test('an answer that is no known hit is unclear, a refusal is told', () => {
  const taken: Exchange[] = [];
  const exchanges = new Exchanges((exchange) => taken.push(exchange));
  exchanges.answered(read(1, 2, 1));
  exchanges.failed(read(3, 4, 1));
  exchanges.request(asked(0, 5, 1), new Map(), null, new Requests());
  exchanges.answered(read(7, 8, 2));
  exchanges.hit({ version: VERSION, read: read(7, 8, 2) });
  exchanges.request(asked(6, 9, 2), new Map(), null, new Requests());
  expect(taken.map(({ unclear, failed, hits }) => [unclear, failed, hits.length])).toEqual([
    [true, true, 0],
    [false, false, 1],
  ]);
});
