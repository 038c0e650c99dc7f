/** The parts of the change stream that need no server: the clock, snapshots, who committed, bounds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Committer,
  clientFit,
  ProxiedProcesses,
  type ServerClient,
} from '../../../src/observe/changes/activity.ts';
import { streamDecoder } from '../../../src/observe/changes/decoder.ts';
import { isoMicros } from '../../../src/observe/changes/follower.ts';
import { TransactionGatherer } from '../../../src/observe/changes/gatherer.ts';
import { CHANGE_LIMITS } from '../../../src/observe/changes/limits.ts';
import { readLook } from '../../../src/observe/changes/look.ts';
import { ServerClock } from '../../../src/observe/changes/server-clock.ts';
import { isOver, parseSnapshot } from '../../../src/observe/changes/snapshot.ts';
import { READABLE_DIGEST } from '../../support/digest.ts';

describe('a snapshot', () => {
  test.each([
    ['10:20:', 9, true],
    ['10:20:', 19, true],
    ['10:20:', 20, false],
    ['10:20:12,15', 12, false],
    ['10:20:12,15', 13, true],
    // The second turn of the 32-bit circle: 2^32 + 5 … 2^32 + 9.
    ['4294967301:4294967305:4294967303', 6, true],
    ['4294967301:4294967305:4294967303', 7, false],
    ['4294967301:4294967305:', 9, false],
    // An id of the first turn, seen from the second.
    ['4294967301:4294967305:', 4_294_967_290, true],
    // An id of the second turn, not begun yet for a snapshot of the first.
    ['4294967290:4294967291:', 3, false],
  ] as const)('%s sees the end of %d: %s', (text, xid, over) => {
    expect(isOver(xid, parseSnapshot(text)!)).toBe(over);
  });

  test.each(['', '1:2', 'a:b:c', 'undefined'])('%j is none', (text) => {
    expect(parseSnapshot(text)).toBeUndefined();
  });
});

test('the earliest moment of a server time is never after the true one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e15, max: 1e15 }),
      fc.double({ min: -50e-6, max: 50e-6, noNaN: true }),
      fc.array(fc.record({ at: fc.integer({ min: 0, max: 1e12 }), there: fc.nat(5e6), back: fc.nat(5e6) }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.nat(1e9),
      (offset, drift, rounds, later) => {
        // The server's clock in microseconds since 1970 at our time, ns.
        const server = (ns: number) => Math.floor(1.7e15 + offset / 1e3 + (ns * (1 + drift)) / 1e3);
        const clock = new ServerClock();
        const sorted = [...rounds].sort((a, b) => a.at - b.at);
        for (const { at, there, back } of sorted) clock.sample(at, at + there + back, server(at + there));
        const moment = sorted.at(-1)!.at + later;
        expect(clock.earliest(server(moment), moment + 1e7)).toBeLessThanOrEqual(moment + 2_000);
        expect(clock.errorAt(moment)).toBeGreaterThan(0);
      },
    ),
  );
});

describe('a client', () => {
  const idle: ServerClient = {
    pid: 1,
    application: 'a',
    user: 'u',
    state: 'idle',
    backendStart: 10,
    queryStart: 90,
    stateChange: 110,
    xactStart: null,
    xid: null,
  };
  const commit = { xid: 7, committed: 100 };
  test.each([
    ['whose last statement contains the commit', {}, 'fits'],
    ['whose last statement began later', { queryStart: 101 }, 'unknown'],
    ['that connected later', { queryStart: 101, backendStart: 101 }, 'no'],
    ['that has asked nothing yet', { queryStart: null }, 'no'],
    ['whose last statement was over before', { stateChange: 99 }, 'no'],
    ['that is in the next transaction of a chain', { state: 'idle in transaction', xactStart: 105 }, 'fits'],
    ['that holds the transaction', { state: 'active', stateChange: 90, xid: 7, xactStart: 80 }, 'holds'],
    ['that has just committed and not answered yet', { state: 'active', stateChange: 90 }, 'fits'],
    ['in a procedure that commits by itself', { state: 'active', stateChange: 90, xactStart: 103 }, 'fits'],
    ['with a long query', { state: 'active', stateChange: 90, xactStart: 90 }, 'perhaps'],
    ['that writes something else', { state: 'active', stateChange: 90, xactStart: 90, xid: 8 }, 'no'],
    ['whose activity may not be seen', { state: null, queryStart: null, stateChange: null }, 'unknown'],
  ] as const)('%s: %s', (_, more, fit) => {
    expect(clientFit({ ...idle, ...more }, commit)).toBe(fit);
  });

  const outside = () => false;

  test('is named when it alone fits', () => {
    const committer = new Committer(commit, outside);
    committer.look({ server: 99, clients: [{ ...idle, pid: 5, state: 'active' }] });
    expect(committer.known).toBeNull();
    committer.look({ server: 120, clients: [idle, { ...idle, pid: 2, stateChange: 99 }] });
    expect(committer.known).toEqual({ pid: 1, client: { application: 'a', user: 'u' } });
    // It has gone on since; what the first look said stays true.
    committer.look({
      server: 130,
      clients: [
        { ...idle, queryStart: 125 },
        { ...idle, pid: 2, queryStart: 125 },
      ],
    });
    expect(committer.known?.pid).toBe(1);
    committer.look({ server: 140, clients: [{ ...idle, pid: 3 }] });
    expect(committer.known).toBeNull();
  });

  test('is not named when another may have been it that has gone on since', () => {
    const looked = (proxied: readonly number[]) => {
      const committer = new Committer(commit, (pid) => proxied.includes(pid));
      committer.look({ server: 120, clients: [idle, { ...idle, pid: 2, queryStart: 105 }] });
      return committer.known?.pid ?? null;
    };
    expect(looked([])).toBeNull();
    expect(looked([1, 2])).toBeNull();
    expect(looked([1])).toBeNull();
    // The wire tells whether that one wrote.
    expect(looked([2])).toBe(1);
  });

  test('that was seen holding the transaction is it, whoever else fits', () => {
    const committer = new Committer(commit, outside);
    committer.look({ server: 95, clients: [{ ...idle, pid: 9, application: 'holder', xid: 7 }] });
    committer.look({ server: 120, clients: [idle, { ...idle, pid: 2 }] });
    expect(committer.known?.client.application).toBe('holder');
  });

  test('of the service is known by its process, and for a while after its end', () => {
    let now = 0;
    const processes = new ProxiedProcesses(() => now);
    processes.began('pg:1', 11);
    processes.ended('pg:1');
    expect(processes.session(11)).toBe('pg:1');
    now = CHANGE_LIMITS.processNs + 1;
    expect(processes.session(11)).toBeNull();
    processes.began('pg:2', 11);
    processes.ended('pg:1');
    now *= 3;
    expect(processes.session(11)).toBe('pg:2');
    for (let i = 0; i < CHANGE_LIMITS.processes + 5; i++) processes.began(`pg:x${i}`, 1_000 + i);
    expect(processes.session(11)).toBeNull();
  });
});

test('an answer that is none is told as such', () => {
  expect(readLook(undefined, 0, 1)).toBeUndefined();
  expect(readLook({ now: 'x', snapshot: '1:2:' }, 0, 1)).toBeUndefined();
  expect(readLook({ now: '5', snapshot: '1:2:', clients: null }, 0, 1)).toMatchObject({
    server: 5,
    clients: [],
  });
});

test('times have microseconds', () => {
  expect(isoMicros(1_700_000_000_123_456)).toBe('2023-11-14T22:13:20.123456Z');
  expect(isoMicros(1_700_000_000_000_007)).toBe('2023-11-14T22:13:20.000007Z');
});

describe('gathering', () => {
  const at = { lsn: '0/1', at: 5 };
  const decode = streamDecoder('test_decoding', () => undefined);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const take = (gatherer: TransactionGatherer, text: string, room: number = CHANGE_LIMITS.values) => {
    const message = decode(bytes(text), gatherer.keeps);
    if (message.kind !== 'head') return gatherer.take(message, at, room);
    gatherer.unread(message, message.action);
    return null;
  };

  test('keeps rows up to the limit, then tables', () => {
    const gatherer = new TransactionGatherer(READABLE_DIGEST);
    take(gatherer, 'BEGIN 7');
    for (let i = 0; i < CHANGE_LIMITS.rows; i++) take(gatherer, `table public.a: INSERT: id[integer]:${i}`);
    for (let i = 0; i < 5; i++) take(gatherer, `table public."b c": DELETE: id[integer]:${i}`);
    take(gatherer, 'table pg_catalog.pg_class: INSERT: id[integer]:1');
    const done = take(gatherer, 'COMMIT 7 (at 2024-01-01 00:00:00.5+00)');
    expect(done).toMatchObject({ xid: 7, lsn: '0/1', committed: 1_704_067_200_500_000 });
    expect(done?.rows).toHaveLength(CHANGE_LIMITS.rows + 1);
    expect(done?.rows.at(-1)).toMatchObject({ table: 'b c', action: 'delete', truncated: true });
  });

  test('keeps no row for which there is no room', () => {
    const gatherer = new TransactionGatherer(READABLE_DIGEST);
    take(gatherer, 'BEGIN 7');
    take(gatherer, "table public.a: INSERT: id[integer]:1 name[text]:'x'", 2);
    expect(take(gatherer, 'COMMIT 7')?.rows).toMatchObject([{ table: 'a', truncated: true }]);
  });

  test('never throws on what a server may send', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'BEGIN 1',
        'COMMIT 1',
        'COMMIT',
        'table a.b: TRUNCATE: (no-flags)',
        'table a.b: DELETE: (no-tuple-data)',
        "table a.b: UPDATE: old-key: x[text]:'",
        "table a.b: INSERT: __proto__[text]:'x'",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (texts) => {
        const gatherer = new TransactionGatherer(READABLE_DIGEST);
        for (const text of texts) take(gatherer, text);
      }),
    );
  });
});
