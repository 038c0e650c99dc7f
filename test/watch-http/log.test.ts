/** The request log: what stands in a line, when it is written, and what happens when the disk fails. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HttpRequest } from '../../src/core/operation.ts';
import { StoreFigures } from '../../src/watch/http-figures.ts';
import { type Flight, Flights } from '../../src/watch/http-flights.ts';
import { LOG_LIMITS, type RequestLine, RequestLog } from '../../src/watch/http-log.ts';
import { LogFile } from '../../src/watch/http-log-file.ts';
import { cacheRead, statement } from './operations.ts';

afterEach(() => void vi.useRealTimers());

const STARTED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function requestLog() {
  vi.useFakeTimers();
  const lines: RequestLine[] = [];
  const state = { waiting: 0 };
  const flights = new Flights();
  const log = new RequestLog({
    append: (line) => void lines.push(JSON.parse(line) as RequestLine),
    waiting: () => state.waiting,
    routeOf: ({ method }) => `${method} /items/{id}`,
    written: (flight) => flights.release(flight),
    now: () => performance.now(),
  });
  const begin = (at: number) => flights.begin(at, new StoreFigures());
  const end = (flight: Flight, at: number, more: Partial<HttpRequest> = {}, broken = false) => {
    flights.end(flight, at);
    log.ended({ flight, operation: operationOf(flight, more), broken, startedAt: STARTED });
  };
  return { log, lines, state, flights, begin, end };
}

function operationOf(flight: Flight, more: Partial<HttpRequest>): HttpRequest {
  return {
    id: 1,
    session: 'http:1',
    tier: 'http',
    kind: 'request',
    method: 'GET',
    path: '/items/1',
    invoke: flight.invoke,
    return: flight.end,
    status: 'ok',
    code: 200,
    size: 512,
    request: flight.request,
    ...more,
  };
}

describe('a line', () => {
  test('has the four numbers, and says that they are exact', () => {
    const { lines, flights, begin, end } = requestLog();
    const flight = begin(1e6);
    flights.tag(cacheRead({ invoke: 2e6, return: 3e6 }));
    flights.tag(cacheRead({ invoke: 3e6, return: 4e6 }, 'item:2', null));
    for (let i = 0; i < 2; i++) flights.tag(statement({ invoke: 5e6 + i, return: 6e6 + i }));
    end(flight, 13_345_678);
    vi.advanceTimersByTime(LOG_LIMITS.settleMs);
    expect(lines).toEqual([
      {
        time: '2026-01-02T03:04:05.678Z',
        request: 1,
        method: 'GET',
        path: '/items/1',
        route: 'GET /items/{id}',
        status: 200,
        responseMs: 12.346,
        error: false,
        cacheStatus: 'mixed',
        hits: 1,
        misses: 1,
        databaseCalls: 2,
        duplicateCalls: 1,
        attribution: 'exact',
        bytes: 512,
      },
    ]);
    expect(flight.figures).toBeNull();
  });

  const UNKNOWN = {
    cacheStatus: 'unknown',
    hits: null,
    misses: null,
    databaseCalls: null,
    duplicateCalls: null,
    attribution: 'none',
  };

  test('guesses nothing when requests overlapped', () => {
    const { lines, flights, begin, end } = requestLog();
    const [a, b] = [begin(10), begin(20)];
    flights.tag(cacheRead({ invoke: 12, return: 14 }));
    end(a, 30);
    end(b, 40);
    vi.advanceTimersByTime(LOG_LIMITS.settleMs);
    expect(lines).toMatchObject([UNKNOWN, UNKNOWN]);
  });

  test.each<[string, Partial<HttpRequest>, boolean, Partial<RequestLine>]>([
    ['a failing service', { code: 503 }, false, { error: true, status: 503, attribution: 'exact' }],
    [
      'a service out of reach',
      { code: null, status: 'fail' },
      true,
      { error: true, status: null, ...nothing() },
    ],
    ['a service that broke off', { return: null, status: 'info' }, true, { error: true, responseMs: null }],
    ['a client that went away', { return: null, status: 'info', code: null }, false, { error: false }],
    ['a request that is not found', { code: 404 }, false, { error: false, status: 404 }],
  ])('of %s', (_, more, broken, expected) => {
    const { lines, begin, end } = requestLog();
    end(begin(10), 20, more, broken);
    vi.advanceTimersByTime(LOG_LIMITS.settleMs);
    expect(lines).toMatchObject([expected]);
  });

  function nothing(): Partial<RequestLine> {
    return { cacheStatus: 'unknown', hits: null, attribution: 'none' };
  }
});

describe('a line is written', () => {
  test('a moment after the end, with operations told until then', () => {
    const { lines, flights, begin, end } = requestLog();
    const flight = begin(10);
    end(flight, 50);
    vi.advanceTimersByTime(LOG_LIMITS.settleMs - 1);
    expect(lines).toEqual([]);
    flights.tag(statement({ invoke: 20, return: 30 }));
    vi.advanceTimersByTime(2);
    expect(lines).toMatchObject([{ databaseCalls: 1, attribution: 'exact' }]);
  });

  test('later while operations wait for the catalog', () => {
    const { lines, state, flights, begin, end } = requestLog();
    state.waiting = 1;
    end(begin(10), 50);
    vi.advanceTimersByTime(LOG_LIMITS.settleMs * 4);
    expect(lines).toEqual([]);
    state.waiting = 0;
    flights.tag(statement({ invoke: 20, return: 30 }));
    vi.advanceTimersByTime(LOG_LIMITS.settleMs);
    expect(lines).toMatchObject([{ databaseCalls: 1, attribution: 'exact' }]);
  });

  test('without figures when they wait too long', () => {
    const { lines, state, begin, end } = requestLog();
    state.waiting = 1;
    end(begin(10), 50);
    vi.advanceTimersByTime(LOG_LIMITS.lateMs + 2 * LOG_LIMITS.settleMs);
    expect(lines).toMatchObject([{ attribution: 'none', databaseCalls: null }]);
  });

  test('at once when too many wait, and at the end', () => {
    const { log, lines, begin, end } = requestLog();
    for (let i = 0; i < LOG_LIMITS.waiting + 3; i++) end(begin(10 + 2 * i), 11 + 2 * i);
    expect(lines.length).toBe(3);
    log.flush();
    expect(lines.map(({ request }) => request)).toEqual(
      Array.from({ length: LOG_LIMITS.waiting + 3 }, (_, i) => i + 1),
    );
  });
});

describe('the file', () => {
  function place(): string {
    const folder = mkdtempSync(join(tmpdir(), 'whystale-log-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return join(folder, 'requests.jsonl');
  }

  test('keeps what it holds, and takes whole lines', async () => {
    const path = place();
    writeFileSync(path, '{"old":1}\n');
    const file = await LogFile.open(path, () => {});
    for (let i = 0; i < 20_000; i++) file.append(JSON.stringify({ i, text: 'ä'.repeat(20) }));
    await file.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBe(20_001);
    expect(lines.map((line) => (JSON.parse(line) as { i?: number }).i)).toEqual([
      undefined,
      ...Array.from({ length: 20_000 }, (_, i) => i),
    ]);
  });

  test('does not glue a line to one that was cut off', async () => {
    const path = place();
    writeFileSync(path, '{"cut":');
    const file = await LogFile.open(path, () => {});
    file.append('{"whole":1}');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('{"cut":\n{"whole":1}\n');
  });

  test('is written soon, while the service goes on', async () => {
    const path = place();
    const file = await LogFile.open(path, () => {});
    onTestFinished(() => file.close());
    file.append('{}');
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('{}\n'), { timeout: 5_000 });
  });

  test.each([
    [
      'in a folder that does not exist',
      (path: string) => join(path, 'none', 'requests.jsonl'),
      'its folder does not exist',
    ],
    ['that is a folder', () => tmpdir(), 'it is a folder'],
  ])('%s is refused with its code', async (_, pathOf, why) => {
    const path = pathOf(join(tmpdir(), 'whystale-there-is-none'));
    await expect(LogFile.open(path, () => {})).rejects.toMatchObject({
      facts: { code: 'WSE473', exitCode: 2, what: expect.stringContaining(why) as string },
    });
    expect(existsSync(join(tmpdir(), 'whystale-there-is-none'))).toBe(false);
  });

  test.runIf(existsSync('/dev/full'))('on a full disk says so once and stops', async () => {
    const said: string[] = [];
    const file = await LogFile.open('/dev/full', (text) => void said.push(text));
    for (let round = 0; round < 3; round++) {
      file.append('{}');
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await file.close();
    expect(said).toEqual(['The request log /dev/full is no longer written: the disk is full.']);
  });
});
