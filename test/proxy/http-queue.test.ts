/** The queue that lets one request at a time through. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_TURN_MS, RequestQueue } from '../../src/proxy/http-queue.ts';

/** A queue, who has had a turn so far, and how each ends it. */
function queue(turnMs?: number) {
  const said: string[] = [];
  const waits = new RequestQueue({
    degrade: (code) => void said.push(code),
    ...(turnMs === undefined ? {} : { turnMs }),
  });
  const order: string[] = [];
  const leave: Record<string, () => void> = {};
  const enter = (name: string) =>
    waits.enter((end) => {
      order.push(name);
      leave[name] = end;
    });
  return { waits, said, order, leave, enter };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('requests', () => {
  test('have their turn one at a time, in order of arrival', () => {
    const { order, leave, enter, waits } = queue();
    for (const name of ['a', 'b', 'c']) enter(name);
    expect(order).toEqual(['a']);
    leave.a?.();
    leave.a?.();
    expect([order, waits.waiting]).toEqual([['a', 'b'], 1]);
    leave.b?.();
    leave.c?.();
    enter('d');
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });

  test('that leave the queue get no turn', () => {
    const { order, leave, enter } = queue();
    enter('a');
    const cancel = enter('b');
    enter('c');
    expect([cancel(), cancel()]).toEqual([true, false]);
    leave.a?.();
    expect(order).toEqual(['a', 'c']);
  });

  test('whose turn ends as it begins do not pile up', () => {
    const { waits } = queue();
    let release = () => {};
    waits.enter((leave) => {
      release = leave;
    });
    let turns = 0;
    for (let i = 0; i < 50_000; i++) {
      waits.enter((leave) => {
        turns++;
        leave();
      });
    }
    release();
    expect([turns, waits.waiting]).toEqual([50_000, 0]);
  });
});

describe('the bound', () => {
  test('lets the next one through beside a long one, and says so once', () => {
    const { order, leave, enter, said } = queue();
    for (const name of ['stream', 'b', 'c']) enter(name);
    vi.advanceTimersByTime(MAX_TURN_MS - 1);
    expect(order).toEqual(['stream']);
    vi.advanceTimersByTime(1);
    expect([order, said]).toEqual([['stream', 'b'], ['serialize-bound']]);
    vi.advanceTimersByTime(MAX_TURN_MS);
    expect([order, said]).toEqual([['stream', 'b', 'c'], ['serialize-bound']]);
    leave.stream?.();
    enter('d');
    expect(order).toEqual(['stream', 'b', 'c']);
    leave.c?.();
    expect(order).toEqual(['stream', 'b', 'c', 'd']);
  });

  test('makes nobody wait who comes after it has passed', () => {
    const { order, enter, said } = queue(100);
    enter('stream');
    vi.advanceTimersByTime(500);
    expect(said).toEqual([]);
    enter('b');
    expect([order, said]).toEqual([['stream', 'b'], ['serialize-bound']]);
  });
});
