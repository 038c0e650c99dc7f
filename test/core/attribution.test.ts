/**
 * Attribution against simulated services whose truth is known: exactly right while requests come one by one, or where spans
 * tell; seldom wrong while fifty overlap, and what is not known is said.
 */
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/core/analyse.ts';
import { roughTemplate } from '../../src/core/attribution/commands.ts';
import { digestNumber } from '../../src/core/attribution/marks.ts';
import { Attribution } from '../../src/core/attribution.ts';
import type { RouteFigures } from '../../src/core/finding.ts';
import type { HttpRequest, Operation } from '../../src/core/operation.ts';
import { parseHistory } from '../support/history.ts';
import { BUGGY } from '../support/simulation/buggy.ts';
import { CORRECT } from '../support/simulation/correct.ts';
import { type Run, type RunOptions, simulate } from '../support/simulation/run.ts';
import type { Instrumentation } from '../support/simulation/world.ts';

/** Long enough for a machine that is busy. */
const TIMEOUT = 240_000;

const VARIANTS = [CORRECT[0]!, CORRECT[4]!, BUGGY[0]!, BUGGY[6]!, BUGGY[10]!];

/** A shared, pipelined cache connection and a database pool: a session says nothing about the request. */
const SHARED = { cachePool: 'shared', databasePool: 10 } as const;

/** What attribution may get wrong, as a share of what it attributes. */
const WRONG = { inferred: 0.03, bySpans: 0.01 } as const;

interface Outcome {
  readonly operations: number;
  readonly certain: number;
  readonly certainWrong: number;
  readonly inferred: number;
  /** Of the wrong route. */
  readonly inferredWrong: number;
  readonly unattributed: number;
  /** Work of no request that was given to one. */
  readonly outsideWrong: number;
}

function feed(
  attribution: Attribution,
  values: Map<string, number[]>,
  operations: readonly Operation[],
): void {
  let now = 0;
  for (const op of operations) {
    now = Math.max(now, op.return ?? op.invoke);
    if (op.tier === 'cache') {
      if (op.kind === 'key')
        values.set(
          op.key,
          op.parts.slice(1).map(([, digest]) => digestNumber(digest)),
        );
      attribution.cache(op);
    } else if (op.tier === 'source') attribution.source(op);
    else if (op.tier === 'http') attribution.request(op, now);
    else if (op.kind === 'span') attribution.span(op);
  }
}

function ordinalOf(request: HttpRequest): number {
  return request.request ?? Number.parseInt(request.trace!, 16);
}

/** Holds what was attributed against whose it truly was. */
function outcomeOf(run: Run): Outcome {
  const values = new Map<string, number[]>();
  const valuesOf = (key: string) => values.get(key) ?? [];
  const attribution = new Attribution(valuesOf);
  feed(attribution, values, run.operations);
  attribution.prepare();
  const attributed = attribution.attribute({ templateOf: roughTemplate, valuesOf });
  const routes = new Map(
    attribution.requests.all.map((request) => [ordinalOf(request), attribution.requests.routeOf(request)]),
  );
  const found = {
    operations: 0,
    certain: 0,
    certainWrong: 0,
    inferred: 0,
    inferredWrong: 0,
    unattributed: 0,
    outsideWrong: 0,
  };
  for (const [id, owner] of run.world.owners) {
    const told = attributed.of(id);
    if (told === undefined) continue;
    if (owner.ordinal === 0) {
      if (told !== null) found.outsideWrong++;
      continue;
    }
    found.operations++;
    if (told === null) found.unattributed++;
    else if (told.certain) {
      found.certain++;
      if (ordinalOf(told.request!) !== owner.ordinal) found.certainWrong++;
    } else {
      found.inferred++;
      if (told.route !== routes.get(owner.ordinal)) found.inferredWrong++;
    }
  }
  return found;
}

function total(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce(
    (sum, one) =>
      Object.fromEntries(
        Object.entries(sum).map(([name, count]) => [name, count + one[name as keyof Outcome]]),
      ) as unknown as Outcome,
  );
}

function runs(options: Omit<RunOptions, 'seed'>): readonly Run[] {
  return VARIANTS.map((variant, i) => simulate(variant, { seed: 11 + i, requests: 250, ...options }));
}

describe('whose an operation is', { timeout: TIMEOUT }, () => {
  it('is known of all while requests come one by one', () => {
    const found = total(runs({ clients: 1, http: true }).map(outcomeOf));
    expect(found).toMatchObject({ certain: found.operations, certainWrong: 0, inferred: 0, unattributed: 0 });
  });

  it('is seldom wrong while fifty requests overlap, and else not told', () => {
    const found = total(runs({ clients: 50, http: true, world: SHARED }).map(outcomeOf));
    expect(found.certainWrong).toBe(0);
    expect(found.inferred).toBeGreaterThan(0.3 * found.operations);
    expect(found.inferredWrong).toBeLessThanOrEqual(WRONG.inferred * found.inferred);
    expect(found.certain + found.inferred + found.unattributed).toBe(found.operations);
  });

  it.each<[string, Instrumentation, boolean]>([
    ['by the same clock', { skew: 0, jitter: 0 }, true],
    ['by a clock that is 2 ms fast', { skew: 2, jitter: 0.002 }, true],
    ['by a clock that is 17 ms slow', { skew: -17, jitter: 0.002 }, true],
    ['by a clock that ticks in milliseconds', { skew: 0.3, jitter: 0, grain: 1 }, true],
    ['without the requests themselves', { skew: 0.4, jitter: 0 }, false],
  ])('is known of all where spans tell: %s', (_, spans, http) => {
    const found = total(runs({ clients: 50, http, spans, world: SHARED }).map(outcomeOf));
    expect(found.unattributed).toBe(0);
    expect(found.certain).toBeGreaterThan(0.9 * found.operations);
    expect(found.certainWrong).toBeLessThanOrEqual(WRONG.bySpans * found.certain);
  });
});

/** Figures of a history in the notation of test/support/history.ts. */
function figuresOf(lines: readonly string[]) {
  const { operations } = parseHistory(lines.join('\n'));
  const { routes, coverage } = analyse(operations);
  return { coverage, byRoute: new Map(routes.map((figures) => [figures.route, figures])) };
}

describe('one request in flight', () => {
  it('does not own what a poller does meanwhile', () => {
    const lines = ['table jobs key id', 'table items key id'];
    for (let i = 0; i < 40; i++) {
      const at = i * 20;
      lines.push(
        `${at}-${at + 6} h1 HTTP GET /items/${i} -> 200`,
        `${at + 1} p1 read items id=${i} -> id=${i} name=Lamp`,
      );
    }
    for (let at = 0.5; at < 800; at += 3.7) lines.push(`${at.toFixed(2)} p2 read jobs done=false -> none`);
    const { byRoute, coverage } = figuresOf(lines);
    expect(byRoute.get('GET /items/{id}')).toMatchObject({
      sourceCalls: 40,
      sourceCallsPerRequest: 1,
      exactRequests: 40,
    });
    expect(coverage.unattributed).toBeGreaterThan(0.5);
  });

  it('owns statements that the service also ran while it started', () => {
    const lines = ['table items key id'];
    for (let i = 0; i < 20; i++) lines.push(`${i} p1 read items id=1 -> id=1 name=Lamp`);
    for (let i = 0; i < 5; i++) {
      const at = 100 + i * 10;
      lines.push(
        `${at}-${at + 5} h1 HTTP GET /items/1 -> 200`,
        `${at + 1} p1 read items id=1 -> id=1 name=Lamp`,
      );
    }
    expect(figuresOf(lines).byRoute.get('GET /items/{id}')).toMatchObject({
      sourceCalls: 5,
      exactRequests: 5,
    });
  });

  it('owns the whole of a transaction that only begins with it alone', () => {
    const lines = [
      'table items key id',
      '0-20 h1 HTTP PUT /items/7 -> 200',
      '1 p1 begin',
      '2 p1 write items id=7 set price=12',
      '3-20 h2 HTTP GET /items/8 -> 200',
      '4 p1 write items id=7 set stock=3',
      '5 p1 commit',
    ];
    const { byRoute, coverage } = figuresOf(lines);
    expect(byRoute.get('PUT /items/{id}')).toMatchObject({ sourceCalls: 2, exactRequests: 0 });
    expect(coverage.unattributed).toBe(0);
  });

  it('is told by the capture where operations carry it', () => {
    const { operations } = parseHistory(
      [
        '0-9 h1 HTTP GET /a -> 200',
        '1-4 h2 HTTP GET /b -> 200',
        '2 r1 GET k -> miss',
        '6 r1 GET k -> miss',
      ].join('\n'),
    );
    let ordinal = 0;
    const captured = operations.map((op) =>
      op.tier === 'http'
        ? { ...op, request: op.path === '/a' ? 1 : 2 }
        : op.kind === 'read' && ordinal++ === 1
          ? { ...op, request: 1 }
          : op,
    );
    const { routes, coverage } = analyse(captured);
    expect(routes.find(({ route }) => route === 'GET /a')).toMatchObject({ misses: 1 });
    expect(coverage.unattributed).toBe(0.5);
  });
});

describe('a client that went away', () => {
  it('does not stay in flight for ever', () => {
    const lines = ['0-? h1 HTTP GET /slow -> 200'];
    for (let i = 0; i < 5; i++) {
      const at = 5_000 + i * 10;
      lines.push(`${at}-${at + 5} h2 HTTP GET /items/${i} -> 200`, `${at + 1} r1 GET item:${i} -> miss`);
    }
    const { operations } = parseHistory(lines.join('\n'));
    // It is written when the client goes, not at the end.
    const [gone] = operations.filter((op) => op.return === null);
    const { routes } = analyse([gone!, ...operations.filter((op) => op !== gone)]);
    const figures = routes.find(({ route }) => route === 'GET /items/{id}');
    expect(figures).toMatchObject({ misses: 5, exactRequests: 5 });
  });
});

interface Counted {
  requests: number;
  hits: number;
  misses: number;
  staleHits: number;
  sourceCalls: number;
  duplicates: number;
}

/** The figures as the service itself would count them. */
function countedBy(run: Run, routeOf: (request: HttpRequest) => string): ReadonlyMap<string, Counted> {
  const counts = new Map<string, Counted>();
  const routes = new Map<number, string>();
  for (const op of run.operations) {
    if (op.tier !== 'http') continue;
    const route = routeOf(op);
    routes.set(op.request!, route);
    const known = counts.get(route) ?? {
      requests: 0,
      hits: 0,
      misses: 0,
      staleHits: 0,
      sourceCalls: 0,
      duplicates: 0,
    };
    known.requests++;
    counts.set(route, known);
  }
  const seen = new Set<string>();
  for (const op of run.operations) {
    const owner = run.world.owners.get(op.id);
    const counted = owner === undefined ? undefined : counts.get(routes.get(owner.ordinal) ?? '');
    if (counted === undefined) continue;
    if (op.tier === 'cache' && op.kind === 'read') counted[op.value === null ? 'misses' : 'hits']++;
    if (op.tier !== 'source' || (op.kind !== 'read' && op.kind !== 'write')) continue;
    counted.sourceCalls++;
    const statement = `${owner!.ordinal} ${op.shape} ${op.params.join()}`;
    if (seen.has(statement)) counted.duplicates++;
    seen.add(statement);
  }
  return counts;
}

function asCounted(figures: RouteFigures): Omit<Counted, 'staleHits'> {
  const { requests, hits, misses, sourceCalls } = figures;
  return {
    requests,
    hits,
    misses,
    sourceCalls,
    duplicates: Math.round(figures.duplicateCallsPerRequest * figures.exactRequests),
  };
}

describe('figures per route', { timeout: TIMEOUT }, () => {
  it.each<[string, Omit<RunOptions, 'seed'>]>([
    ['while requests come one by one', { clients: 1, http: true }],
    [
      'where spans tell',
      {
        clients: 50,
        http: true,
        spans: { skew: 1, jitter: 0 },
        world: { cachePool: 50, databasePool: 50, stall: [0, 0] },
      },
    ],
  ])('equal an independent count %s', (_, options) => {
    for (const run of runs(options)) {
      const { routes, coverage } = analyse(run.operations);
      expect(coverage.unattributed).toBe(0);
      const names = new Map(routes.map((figures) => [figures.route.replace(/\{\w+\}/, '{id}'), figures]));
      const counted = countedBy(run, ({ method, path }) => `${method} ${path.replace(/\d+$/, '{id}')}`);
      expect([...names.keys()].sort()).toEqual([...counted.keys()].sort());
      for (const [route, { staleHits: _stale, ...expected }] of counted) {
        const figures = names.get(route)!;
        expect(asCounted(figures), route).toEqual(expected);
        expect(figures.exactRequests, route).toBeGreaterThanOrEqual(0.95 * expected.requests);
        expect(figures.sourceCallsPerRequest).toBeCloseTo(expected.sourceCalls / expected.requests, 2);
      }
    }
  });

  it('are too small by the unattributed share at most while fifty requests overlap', () => {
    for (const run of runs({ clients: 50, http: true, world: SHARED })) {
      const { routes, coverage } = analyse(run.operations);
      const counted = [...countedBy(run, ({ method, path }) => `${method} ${path}`).values()];
      for (const what of ['hits', 'misses', 'sourceCalls'] as const) {
        const found = routes.reduce((sum, figures) => sum + figures[what], 0);
        const true_ = counted.reduce((sum, one) => sum + one[what], 0);
        expect(found).toBeLessThanOrEqual(true_);
      }
      const all = routes.reduce((sum, one) => sum + one.hits + one.misses + one.sourceCalls, 0);
      expect(all).toBeGreaterThan(0);
      expect(coverage.unattributed).toBeGreaterThan(0);
      expect(coverage.unattributed).toBeLessThan(1);
    }
  });

  it('count every stale hit of the summary for the route that made it', () => {
    const run = simulate(BUGGY[0]!, { seed: 2, clients: 1, requests: 400, http: true });
    const { routes, summary } = analyse(run.operations);
    expect(summary.staleHits).toBeGreaterThan(0);
    expect(routes.reduce((sum, figures) => sum + figures.staleHits, 0)).toBe(summary.staleHits);
    for (const figures of routes) if (!figures.route.startsWith('GET')) expect(figures.staleHits).toBe(0);
  });
});

describe('routes', () => {
  it('are named as the framework names them, also for requests without a span', () => {
    const run = simulate(CORRECT[0]!, {
      seed: 1,
      clients: 4,
      requests: 60,
      http: true,
      spans: { skew: 0, jitter: 0 },
    });
    const servers = run.operations.filter((op) => op.kind === 'span' && op.role === 'server');
    const sampled = new Set(servers.slice(0, 30));
    const some = run.operations.filter((op) => op.kind !== 'span' || sampled.has(op));
    const renamed = some.map((op) =>
      op.kind === 'span' && op.route !== undefined
        ? { ...op, route: op.route.replace(':id', '<int:item_id>') }
        : op,
    );
    const routes = analyse(renamed).routes.map(({ route }) => route);
    expect(routes).toContain('GET /items/{item_id}');
    expect(routes).not.toContain('GET /items/{id}');
  });
});
