/** Spans and statements as different drivers and frameworks write them, and how they are paired with the wire. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/core/analyse.ts';
import { cheapest } from '../../src/core/attribution/cheapest.ts';
import { refine } from '../../src/core/attribution/clock.ts';
import { Buckets, nearestRank } from '../../src/core/attribution/durations.ts';
import { mix } from '../../src/core/attribution/marks.ts';
import { pair } from '../../src/core/attribution/pairing.ts';
import { Statements, soughtOf, storeOf } from '../../src/core/attribution/statements.ts';
import { bracedRoute, ToldRoutes } from '../../src/core/attribution/told-routes.ts';
import type { Operation, TraceSpan } from '../../src/core/operation.ts';
import { parseHistory } from '../support/history.ts';

describe('routes in one notation', () => {
  it.each([
    ['/items/:id', '/items/{id}'],
    ['/items/:id(\\d+)', '/items/{id}'],
    ['/items/<int:item_id>', '/items/{item_id}'],
    ['/items/<item_id>/', '/items/{item_id}'],
    ['/items/{id:int}', '/items/{id}'],
    ['/items/{id:[0-9]+}', '/items/{id}'],
    ['/items/{item_id}', '/items/{item_id}'],
    ['items/{id?}', '/items/{id}'],
    ['/items/[id]', '/items/{id}'],
    ['/docs/[...slug]', '/docs/{slug...}'],
    ['/docs/[[...slug]]', '/docs/{slug...}'],
    ['/files/{rest:path}', '/files/{rest...}'],
    ['/files/<path:name>', '/files/{name...}'],
    ['/files/*filepath', '/files/{filepath...}'],
    ['/static/*', '/static/{rest...}'],
    ['^items/(?P<pk>\\d+)/$', '/items/{pk}'],
    ['/flights/:from-:to', '/flights/{from}-{to}'],
    ['/v1/items:batch', '/v1/items:batch'],
    ['/', '/'],
    ['', '/'],
  ])('%s is %s', (route, expected) => {
    expect(bracedRoute(route)).toBe(expected);
  });

  it('name requests that no span tells of, the most literal first', () => {
    const told = new ToldRoutes();
    told.add('GET', '/items/:id');
    told.add('GET', '/items/new');
    told.add('GET', '/files/{rest:path}');
    expect(told.of('GET', '/items/17')).toBe('GET /items/{id}');
    expect(told.of('GET', '/items/new')).toBe('GET /items/new');
    expect(told.of('GET', '/files/a/b/c.txt')).toBe('GET /files/{rest...}');
    expect(told.of('PUT', '/items/17')).toBeNull();
    expect(told.of('GET', '/items/17/price')).toBeNull();
  });
});

describe('statements in one notation', () => {
  const statements = new Statements();

  it.each([
    ['SELECT id, name FROM items WHERE id = $1', 'SELECT id, name FROM items WHERE id = %s'],
    ['SELECT id FROM items WHERE id = $1', 'select id\n  from items\n where id=?;'],
    [
      'SELECT id FROM items WHERE id = $1 AND shop = $2',
      'SELECT id FROM items WHERE id = %(id_1)s AND shop = %(shop_1)s',
    ],
    ['SELECT id FROM items WHERE id = $1', 'SELECT id FROM items WHERE id = :id'],
    ['SELECT id FROM items WHERE id IN ($1)', 'SELECT id FROM items WHERE id IN (%s, %s, %s)'],
    ['INSERT INTO items (id, name) VALUES ($1, $2)', 'INSERT INTO items (id, name) VALUES (?, ?), (?, ?)'],
    ['SELECT $1::integer', 'SELECT %s::INTEGER'],
    ['begin', 'BEGIN'],
    ['begin', 'START TRANSACTION'],
    ['begin', 'BEGIN ISOLATION LEVEL SERIALIZABLE'],
    ['commit', 'COMMIT;'],
    ['rollback', 'ROLLBACK'],
  ])('%s is %s', (wire, span) => {
    expect(statements.of(span)).toBe(statements.of(wire));
  });

  it('keeps different statements apart', () => {
    expect(statements.of('SELECT id FROM items WHERE id = $1')).not.toBe(
      statements.of('SELECT id FROM users WHERE id = $1'),
    );
  });

  it.each([
    ['cache', 'GET', 'anything', 'GET'],
    ['cache', undefined, 'redis-GET', 'GET'],
    ['source', undefined, 'pg.query:SELECT shop', 'SELECT'],
    ['source', undefined, 'UPDATE items', 'UPDATE'],
    ['source', undefined, 'pg-pool.connect', null],
    ['source', 'SELECT 1', 'SELECT', 'SELECT 1'],
  ] as const)('a %s span with statement %s, named %s, seeks %s', (store, statement, name, expected) => {
    expect(soughtOf(store, statement, name)).toBe(expected);
  });

  it.each([
    ['redis', 'cache'],
    ['valkey', 'cache'],
    ['postgresql', 'source'],
    ['cockroachdb', 'source'],
    ['mysql', null],
    ['mongodb', null],
  ])('%s is %s', (system, store) => {
    expect(storeOf(system)).toBe(store);
  });
});

describe('pairs', () => {
  const cost = fc.double({ min: 0, max: 100, noNaN: true });
  const square = fc
    .integer({ min: 1, max: 6 })
    .chain((n) => fc.array(fc.array(cost, { minLength: n, maxLength: n }), { minLength: n, maxLength: n }));

  function least(costs: readonly (readonly number[])[], row = 0, used = 0): number {
    if (row === costs.length) return 0;
    let best = Number.POSITIVE_INFINITY;
    for (let column = 0; column < costs.length; column++)
      if ((used & (1 << column)) === 0)
        best = Math.min(best, costs[row]![column]! + least(costs, row + 1, used | (1 << column)));
    return best;
  }

  it('are the cheapest of all', () => {
    fc.assert(
      fc.property(square, (costs) => {
        const chosen = cheapest(Float64Array.from(costs.flat()), costs.length);
        const sum = [...chosen].reduce((total, column, row) => total + costs[row]![column]!, 0);
        expect(new Set(chosen).size).toBe(costs.length);
        expect(sum).toBeCloseTo(least(costs), 6);
      }),
    );
  });

  const choice = { margin: 1, inOrder: () => null };

  it('are made by what has no choice, again and again', () => {
    const { paired, unclear } = pair({
      ...choice,
      fitting: [[0, 1, 2], [1, 2], [2]],
      targets: 3,
      cost: () => 0,
    });
    expect([...paired]).toEqual([0, 1, 2]);
    expect(unclear.size).toBe(0);
  });

  it('are unclear where another would do as well', () => {
    const { paired, unclear } = pair({
      ...choice,
      fitting: [
        [0, 1],
        [0, 1],
      ],
      targets: 2,
      cost: (a, b) => (a === b ? 0 : 0.1),
    });
    expect([...paired]).toEqual([0, 1]);
    expect([...unclear].sort()).toEqual([0, 1]);
  });

  it('are unclear where one is left over that would do as well', () => {
    const { unclear } = pair({ ...choice, fitting: [[0], [0]], targets: 1, cost: (seeker) => seeker / 10 });
    expect(unclear.size).toBe(1);
  });

  it('do not use a target twice, whatever fits', () => {
    const anyFitting = fc.array(fc.uniqueArray(fc.nat({ max: 9 }), { maxLength: 5 }), { maxLength: 12 });
    fc.assert(
      fc.property(anyFitting, fc.array(cost, { minLength: 120, maxLength: 120 }), (fitting, costs) => {
        const { paired } = pair({ ...choice, fitting, targets: 10, cost: (a, b) => costs[a * 10 + b]! });
        const used = [...paired].filter((target) => target !== -1);
        expect(new Set(used).size).toBe(used.length);
        for (const [seeker, target] of paired.entries())
          if (target !== -1) expect(fitting[seeker]).toContain(target);
      }),
    );
  });
});

describe('clocks', () => {
  it('differ by what most pairs allow', () => {
    const pairs = Array.from(
      { length: 50 },
      (_, i) => [2e6 - 10e3 * (1 + (i % 5)), 2e6 + 20e3 * (1 + (i % 7))] as const,
    );
    const wrong = [
      [-3e6, -2.9e6],
      [7e6, 8e6],
    ] as const;
    const { offset, tolerance } = refine(0, [...pairs, ...wrong]);
    expect(Math.abs(offset - 2e6)).toBeLessThan(20e3);
    expect(tolerance).toBeLessThanOrEqual(150e3);
  });
});

describe('percentiles', () => {
  it('are by nearest rank', () => {
    const times = Array.from({ length: 200 }, (_, i) => i + 1);
    expect([0.5, 0.95, 0.99, 1].map((share) => nearestRank(times, share))).toEqual([100, 190, 198, 200]);
    expect(nearestRank([], 0.5)).toBe(0);
    expect(nearestRank([3], 0.99)).toBe(3);
  });

  it('are within 1 % over what was forgotten', () => {
    const buckets = new Buckets();
    for (let i = 1; i <= 1000; i++) buckets.add(i / 10);
    expect(Math.abs(nearestRank([], 0.5, buckets) / 50 - 1)).toBeLessThan(0.011);
    expect(Math.abs(nearestRank([200, 300], 0.95, buckets) / 95.2 - 1)).toBeLessThan(0.011);
  });
});

describe('hashes', () => {
  it('tell order and values apart', () => {
    const seen = new Set<number>();
    let count = 0;
    for (let owner = 1; owner <= 200; owner++)
      for (let what = 0; what < 20; what++)
        for (let value = 0; value < 20; value++, count++)
          seen.add(mix(mix(owner, what), mix(3, value * 2 ** 28 + value)));
    expect(seen.size).toBe(count);
    expect(mix(1, 2)).not.toBe(mix(2, 1));
  });
});

const TRACE = 'a'.repeat(32);

function span(
  id: number,
  rest: Partial<TraceSpan> & { readonly from: number; readonly to: number },
): TraceSpan {
  const { from, to, ...fields } = rest;
  return {
    id: 1000 + id,
    tier: 'client',
    kind: 'span',
    session: 'otlp:1',
    invoke: from * 1e6,
    return: to * 1e6,
    status: 'ok',
    trace: TRACE,
    span: `span${id}`,
    parent: 'server',
    name: 'call',
    role: 'client',
    service: 'shop',
    ...fields,
  };
}

const SERVER = span(0, {
  from: 0.5,
  to: 9.5,
  span: 'server',
  parent: null,
  role: 'server',
  method: 'GET',
  route: '/items/:id',
  path: '/items/7',
  code: 200,
});

const SLOW = span(9, {
  from: 0.6,
  to: 9.5,
  trace: 'd'.repeat(32),
  span: 'slow',
  parent: null,
  role: 'server',
  method: 'GET',
  route: '/slow',
  path: '/slow',
  code: 200,
});

/** Two requests overlap all the time; what spans tell of the first is its own. */
function overlapping(lines: readonly string[], spans: readonly TraceSpan[]) {
  const requests = ['0-10 h1 HTTP GET /items/7 -> 200', '0.1-10 h2 HTTP GET /slow -> 200'];
  const { operations } = parseHistory([...requests, ...lines].join('\n'));
  const traced = operations.map(
    (op): Operation => (op.tier === 'http' && op.path === '/items/7' ? { ...op, trace: TRACE } : op),
  );
  const { routes, coverage } = analyse([...traced, SERVER, ...spans]);
  return { figures: routes.find(({ route }) => route === 'GET /items/{id}')!, coverage };
}

describe('spans', () => {
  it('lead from a call to its request', () => {
    const { figures } = overlapping(
      [
        '2-2.4 r1 GET item:7 -> miss',
        '3-3.5 p1 read items id=7 -> id=7 name=Lamp',
        '5-5.4 r1 GET other -> miss',
      ],
      [
        span(1, { from: 1.9, to: 2.5, system: 'redis', statement: 'GET' }),
        span(2, {
          from: 2.9,
          to: 3.6,
          system: 'postgresql',
          statement: 'select id, name from items where items.id',
        }),
      ],
    );
    expect(figures).toMatchObject({ misses: 1, sourceCalls: 1 });
  });

  it('of an ORM and its driver tell one call', () => {
    const statement = 'select id, name from items where items.id';
    const { figures, coverage } = overlapping(
      ['3-3.5 p1 read items id=7 -> id=7 name=Lamp', '3.1-3.4 p2 read items id=9 -> id=9 name=Desk'],
      [
        span(1, { from: 2.8, to: 3.7, span: 'orm', system: 'postgresql', statement }),
        span(2, { from: 2.95, to: 3.55, parent: 'orm', system: 'postgresql', statement }),
      ],
    );
    expect(figures.sourceCalls).toBe(1);
    expect(coverage.unattributed).toBe(0.5);
  });

  it('of one command with several keys tell all of them', () => {
    const { figures, coverage } = overlapping(
      ['2-2.4 r1 DEL item:1 item:2 item:3 -> ?'],
      [span(1, { from: 1.9, to: 2.5, system: 'redis', statement: 'DEL' })],
    );
    expect(figures.exactRequests).toBe(1);
    expect(coverage.unattributed).toBe(0);
  });

  it('of a pipeline tell its commands', () => {
    const { figures, coverage } = overlapping(
      ['2-2.4 r1 GET item:7 -> miss', '2-2.4 r1 GET user:7 -> miss', '2-2.4 r1 INCR seen'],
      [span(1, { from: 1.9, to: 2.5, system: 'redis', statement: 'GET GET INCR' })],
    );
    expect(figures.misses).toBe(2);
    expect(coverage.unattributed).toBe(0);
  });

  it('of a pipeline of one command tell all of it', () => {
    const { figures, coverage } = overlapping(
      ['2-2.4 r1 GET item:7 -> miss', '2-2.4 r1 GET user:7 -> miss', '2-2.4 r2 GET other -> miss'],
      [span(1, { from: 1.9, to: 2.5, system: 'redis', statement: 'GET' }), SLOW],
    );
    expect(figures.misses).toBe(2);
    expect(coverage.unattributed).toBeCloseTo(1 / 3, 2);
  });

  it('of a sampled request tell only what they stand for', () => {
    const { figures, coverage } = overlapping(
      ['2-2.4 r1 GET item:7 -> miss', '2-2.4 r1 GET user:7 -> miss', '2-2.4 r2 GET other -> miss'],
      [span(1, { from: 1.9, to: 2.5, system: 'redis', statement: 'GET' })],
    );
    expect(figures.misses).toBe(1);
    expect(coverage.unattributed).toBeCloseTo(2 / 3, 2);
  });

  it('of several statements in one text tell all of them', () => {
    const statement =
      'select id, name from items where items.id; select id, name from items where items.shop';
    const { figures } = overlapping(
      [
        '2-2.4 p1 read items id=7 -> id=7 name=Lamp',
        '2-2.4 p1 read items shop=7 -> id=7 name=Lamp',
        '2-2.4 p2 read users id=7 -> id=7 name=Ann',
      ],
      [span(1, { from: 1.9, to: 2.5, system: 'postgresql', statement })],
    );
    expect(figures.sourceCalls).toBe(2);
  });

  it('of other stores tell nothing', () => {
    const { coverage } = overlapping(
      ['2-2.4 p1 read items id=7 -> id=7 name=Lamp'],
      [
        span(1, {
          from: 1.9,
          to: 2.5,
          system: 'mysql',
          statement: 'select id, name from items where items.id',
        }),
      ],
    );
    expect(coverage.unattributed).toBe(1);
  });

  it('are the requests where no proxy saw any', () => {
    const { operations } = parseHistory(['2-2.4 r1 GET item:7 -> miss'].join('\n'));
    const call = span(1, { from: 1.9, to: 2.5, system: 'redis', statement: 'GET' });
    const failed = { ...SERVER, id: 2000, trace: 'b'.repeat(32), invoke: 20e6, return: 24e6, code: 503 };
    const { routes, summary, coverage } = analyse([...operations, SERVER, call, failed]);
    expect(routes).toHaveLength(1);
    expect(routes[0]).toMatchObject({
      route: 'GET /items/{id}',
      requests: 2,
      errorRate: 0.5,
      misses: 1,
      p50Ms: 4,
      p99Ms: 9,
    });
    expect(summary.requests).toBe(2);
    expect(coverage.unattributed).toBe(0);
  });

  it('of work that no request began say so', () => {
    const job = span(5, {
      from: 1.5,
      to: 4,
      trace: 'c'.repeat(32),
      span: 'job',
      parent: null,
      role: 'internal',
      name: 'refresh',
    });
    const call = span(6, {
      from: 1.9,
      to: 2.5,
      trace: 'c'.repeat(32),
      parent: 'job',
      system: 'redis',
      statement: 'GET',
    });
    const { figures, coverage } = overlapping(['2-2.4 r1 GET item:7 -> miss'], [job, call]);
    expect(figures.misses).toBe(0);
    expect(coverage.unattributed).toBe(0);
  });
});
