/** Whose operation is it? Certain only when one request was in flight throughout and no other at any moment. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheOperation, SourceOperation } from '../../src/core/operation.ts';
import { StoreFigures } from '../../src/watch/http-figures.ts';
import { FLIGHT_LIMITS, type Flight, Flights } from '../../src/watch/http-flights.ts';
import { cacheRead, cacheWrite, change, type Stamps, statement } from './operations.ts';

/** Requests as [invoke, end]; null: still in flight. */
function flown(...requests: readonly (readonly [number, number | null])[]): {
  flights: Flights;
  all: Flight[];
} {
  const flights = new Flights();
  const events = requests.flatMap(([invoke, end], i) => [
    { at: invoke, i, begins: true },
    ...(end === null ? [] : [{ at: end, i, begins: false }]),
  ]);
  events.sort((a, b) => a.at - b.at || Number(b.begins) - Number(a.begins));
  const byIndex = new Map<number, Flight>();
  for (const { at, i, begins } of events) {
    if (begins) byIndex.set(i, flights.begin(at, new StoreFigures()));
    else flights.end(byIndex.get(i)!, at);
  }
  return { flights, all: requests.map((_, i) => byIndex.get(i)!) };
}

function tagged<T extends CacheOperation | SourceOperation>(flights: Flights, op: T): number | undefined {
  flights.tag(op);
  return op.request;
}

const at = (invoke: number, end: number | null): Stamps => ({ invoke, return: end });

describe('an operation', () => {
  test.each<[string, readonly (readonly [number, number | null])[], Stamps, number | undefined]>([
    ['within the one request', [[10, 50]], at(20, 30), 1],
    ['within one that is still in flight', [[10, null]], at(20, 30), 1],
    ['with the very stamps of the request', [[10, 50]], at(10, 50), 1],
    ['before all requests', [[10, 50]], at(1, 5), undefined],
    ['after the request', [[10, 50]], at(60, 70), undefined],
    ['that began before it', [[10, 50]], at(5, 30), undefined],
    ['that outlived it', [[10, 50]], at(40, 60), undefined],
    ['whose outcome is unknown', [[10, null]], at(20, null), undefined],
    [
      'under two requests',
      [
        [10, 50],
        [15, 60],
      ],
      at(20, 30),
      undefined,
    ],
    [
      'before the second began',
      [
        [10, 50],
        [31, 60],
      ],
      at(20, 30),
      1,
    ],
    [
      'as the second began',
      [
        [10, 50],
        [30, 60],
      ],
      at(20, 30),
      undefined,
    ],
    [
      'after the first ended',
      [
        [10, 50],
        [15, 60],
      ],
      at(51, 55),
      2,
    ],
    [
      'as the first ended',
      [
        [10, 50],
        [15, 60],
      ],
      at(50, 55),
      undefined,
    ],
    [
      'in the second of two in a row',
      [
        [10, 50],
        [51, 90],
      ],
      at(60, 70),
      2,
    ],
    [
      'from the first into the second',
      [
        [10, 50],
        [51, 90],
      ],
      at(40, 60),
      undefined,
    ],
  ])('%s', (_, requests, stamps, request) => {
    expect(tagged(flown(...requests).flights, cacheRead(stamps))).toBe(request);
    expect(tagged(flown(...requests).flights, statement(stamps))).toBe(request);
  });

  test('of the change stream is nobody’s', () => {
    expect(tagged(flown([10, 50]).flights, change(at(20, 20)))).toBeUndefined();
  });

  test('is told alike by stamps, early or late, with any number of requests: as the definition says', () => {
    const stamps = fc.tuple(fc.nat(60), fc.nat(25)).map(([from, length]) => [from, from + length] as const);
    fc.assert(
      fc.property(fc.array(stamps, { maxLength: 12 }), stamps, (requests, [invoke, end]) => {
        // Distinct stamps, as a clock gives them, except between operations and requests.
        const spread = requests.map(([from, until], i) => [from * 16 + i, until * 16 + i + 1] as const);
        const op = at(invoke * 16, end * 16);
        const touching = spread.filter(([from, until]) => from <= end * 16 && until >= op.invoke);
        const [only] = touching;
        const certain = touching.length === 1 && only![0] <= op.invoke && only![1] >= end * 16;
        const { flights, all } = flown(...spread);
        const expected = certain ? all[spread.indexOf(only!)]!.request : undefined;
        expect(tagged(flights, cacheRead(op))).toBe(expected);
        const known = spread.filter(([from]) => from <= end * 16);
        const prompt = flown(
          ...known.map(([from, until]) => [from, until <= end * 16 ? until : null] as const),
        );
        const place = only === undefined ? -1 : known.indexOf(only);
        expect(tagged(prompt.flights, cacheRead(op))).toBe(certain ? prompt.all[place]!.request : undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  test('that is told so late that its requests are forgotten is nobody’s', () => {
    const flights = new Flights();
    const first = flights.begin(10, null);
    flights.end(first, 20);
    expect(tagged(flights, cacheRead(at(12, 15)))).toBe(1);
    for (let i = 0; i < FLIGHT_LIMITS.ended; i++) flights.end(flights.begin(100 + 2 * i, null), 101 + 2 * i);
    expect(tagged(flights, cacheRead(at(12, 15)))).toBeUndefined();
    expect(tagged(flights, cacheRead(at(100, 101)))).toBe(2);
  });
});

describe('a request', () => {
  const exact = (flight: Flight | undefined) => flight?.exact;

  test('is exact when it was alone, and so is the next', () => {
    expect(flown([10, 50], [51, 60]).all.map(exact)).toEqual([true, true]);
  });

  test.each([
    [
      'overlap',
      [
        [10, 50],
        [40, 60],
      ],
    ],
    [
      'contain one another',
      [
        [10, 90],
        [20, 30],
      ],
    ],
  ] as const)('is not when two %s', (_, requests) => {
    expect(flown(...requests).all.map(exact)).toEqual([false, false]);
  });

  test('is not while three overlap in a chain', () => {
    expect(flown([10, 30], [20, 50], [40, 60], [70, 80]).all.map(exact)).toEqual([false, false, false, true]);
  });

  test.each([
    ['a read', cacheRead, false],
    ['a statement', statement, false],
    ['a write to the cache, which its figures do not count', cacheWrite, true],
  ] as const)('that left %s open at its end is exact: %s', (_, make, expected) => {
    const { flights, all } = flown([10, 50], [52, 90]);
    expect(tagged(flights, make(at(40, 60)))).toBeUndefined();
    expect(all.map(exact)).toEqual([expected, true]);
  });

  test('sums its operations', () => {
    const { flights, all } = flown([10, 50]);
    flights.tag(cacheRead(at(12, 14), 'item:1', null));
    flights.tag(statement(at(15, 20)));
    flights.tag(cacheRead(at(51, 52)));
    expect(all[0]?.figures).toMatchObject({ hits: 0, misses: 1, databaseCalls: 1 });
  });

  test('whose client went away may still be worked on for a while', () => {
    const flights = new Flights();
    const gone = flights.begin(10, null);
    expect(tagged(flights, cacheRead(at(12, 15)))).toBe(1);
    flights.abandon(gone, 20);
    const next = flights.begin(30, null);
    expect(tagged(flights, cacheRead(at(40, 50)))).toBeUndefined();
    expect(tagged(flights, cacheRead(at(13, 16)))).toBe(1);
    flights.end(next, 60);
    const later = flights.begin(21 + FLIGHT_LIMITS.abandonedNs, null);
    expect(tagged(flights, cacheRead(at(later.invoke + 1, later.invoke + 2)))).toBe(3);
    expect([gone.exact, next.exact, later.exact]).toEqual([false, false, true]);
  });

  test('beside a message through an upgraded connection is not exact', () => {
    const flights = new Flights();
    const flight = flights.begin(10, null);
    flights.tunnelled(20);
    expect(tagged(flights, cacheRead(at(21, 25)))).toBeUndefined();
    expect(flight.exact).toBe(false);
  });
});
