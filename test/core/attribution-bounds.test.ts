/** What is remembered is bounded, and what is forgotten stays counted. */
import { describe, expect, it } from 'vitest';
import { MAX_MARKS } from '../../src/core/attribution/marks.ts';
import { REQUEST_LIMITS } from '../../src/core/attribution/requests.ts';
import { MAX_SPANS } from '../../src/core/attribution/spans.ts';
import { Attribution } from '../../src/core/attribution.ts';
import { routeFigures } from '../../src/core/figures.ts';
import type { CacheRead, HttpRequest, SourceRead, TraceSpan } from '../../src/core/operation.ts';

const TIMEOUT = 240_000;
const MS = 1e6;
const NAMES = { templateOf: (key: string) => key, valuesOf: () => [] };

let lastId = 0;

function get(at: number, value: string | null): CacheRead {
  return {
    id: ++lastId,
    session: 'redis:1',
    invoke: at,
    return: at + 0.1 * MS,
    status: 'ok',
    tier: 'cache',
    kind: 'read',
    command: 'GET',
    db: 0,
    key: 'item:1',
    value,
    size: 1,
  };
}

function select(at: number): SourceRead {
  return {
    id: ++lastId,
    session: 'pg:1',
    invoke: at,
    return: at + 0.1 * MS,
    status: 'ok',
    tier: 'source',
    kind: 'read',
    shape: 'SELECT name FROM items WHERE id = $1',
    tx: null,
    params: ['h:00000000000a'],
    columns: [],
    rows: [],
    rowCount: 0,
    tables: ['items'],
    where: { equal: [], columns: [], complete: true, limited: false },
    aggregate: false,
  };
}

function request(at: number, lasted: number): HttpRequest {
  return {
    id: ++lastId,
    session: 'http:1',
    invoke: at,
    return: at + lasted,
    status: 'ok',
    tier: 'http',
    kind: 'request',
    method: 'GET',
    path: '/items',
    code: 200,
    size: 1,
  };
}

function span(at: number, lasted: number, n: number, rest: Partial<TraceSpan>): TraceSpan {
  const trace = n.toString(16).padStart(32, '0');
  return {
    id: ++lastId,
    session: 'otlp:1',
    invoke: at,
    return: at + lasted,
    status: 'ok',
    tier: 'client',
    kind: 'span',
    trace,
    span: 'call',
    parent: 'server',
    name: 'call',
    role: 'client',
    service: 'shop',
    ...rest,
  };
}

function figuresOf(attribution: Attribution) {
  attribution.prepare();
  const attributed = attribution.attribute(NAMES);
  const usage = attributed.usage(new Set());
  return { figures: routeFigures(attributed.requests, usage), totals: usage.totals };
}

describe('more than is remembered', { timeout: TIMEOUT }, () => {
  it('of operations and requests is counted all the same', () => {
    const attribution = new Attribution(NAMES.valuesOf);
    const count = REQUEST_LIMITS.requests + 20_000;
    expect(3 * count).toBeGreaterThan(2 * MAX_MARKS);
    for (let i = 0; i < count; i++) {
      const at = i * 2 * MS;
      attribution.cache(get(at + 0.1 * MS, i % 4 === 0 ? null : 'h:0000000000ff'));
      attribution.source(select(at + 0.3 * MS));
      // Every tenth asks again.
      if (i % 10 === 0) attribution.source(select(at + 0.5 * MS));
      attribution.request(request(at, i % 100 === 0 ? 1.5 * MS : MS), at + 1.5 * MS);
    }
    const { figures, totals } = figuresOf(attribution);
    expect(figures).toHaveLength(1);
    expect(figures[0]).toMatchObject({
      requests: count,
      hits: (3 * count) / 4,
      misses: count / 4,
      sourceCalls: (11 * count) / 10,
      sourceCallsPerRequest: 1.1,
      duplicateCallsPerRequest: 0.1,
      exactRequests: count,
    });
    expect(figures[0]!.p50Ms).toBeCloseTo(1, 1);
    expect(figures[0]!.p99Ms).toBeCloseTo(1, 1);
    expect(totals).toMatchObject({ operations: (21 * count) / 10, unattributed: 0 });
    expect(attribution.requests.records.length).toBeLessThanOrEqual(REQUEST_LIMITS.requests);
  });

  it('of spans is counted all the same', () => {
    const attribution = new Attribution(NAMES.valuesOf);
    const count = MAX_SPANS * 0.75;
    const batch: TraceSpan[] = [];
    for (let i = 0; i < count; i++) {
      // Two requests are always in flight.
      const at = i * MS;
      attribution.source(select(at + 0.9 * MS));
      batch.push(
        span(at + 0.85 * MS, 0.2 * MS, i + 1, {
          system: 'postgresql',
          statement: 'SELECT name FROM items WHERE id = $1',
        }),
        span(at, 1.8 * MS, i + 1, {
          role: 'server',
          span: 'server',
          parent: null,
          method: 'GET',
          route: '/items',
          code: i % 50 === 0 ? 500 : 200,
        }),
      );
      if (i % 500 === 499) for (const one of batch.splice(0)) attribution.span(one);
    }
    for (const one of batch) attribution.span(one);
    const { figures, totals } = figuresOf(attribution);
    expect(figures).toHaveLength(1);
    expect(figures[0]).toMatchObject({ requests: count, sourceCalls: count, sourceCallsPerRequest: 1 });
    expect(figures[0]!.errorRate).toBeCloseTo(0.02, 3);
    expect(totals.unattributed).toBe(0);
  });
});
