/** What a rehearsal concludes from the oracle's answers before and after the write. */
import { describe, expect, it } from 'vitest';
import { changedLeaves, leavesOf } from '../../../src/race/hunt/leaves.ts';
import { conclude } from '../../../src/race/hunt/rehearse.ts';
import { parseJsonPath } from '../../../src/race/scenario/index.ts';
import { agrees, readJson } from '../../../src/race/world/values.ts';

const json = (value: unknown) => JSON.stringify(value);

function judged(truth: unknown, ...answers: readonly unknown[]) {
  const told = answers.map((value) => ({
    actor: 'reader',
    value: json(value),
    status: 200,
    stale: !agrees(readJson(json(value)), readJson(json(truth)), 'other'),
  }));
  return { stale: told.some(({ stale }) => stale), truth: json(truth), answers: told };
}

const ASKED = 'GET /items/1';

describe('a rehearsal', () => {
  it('goes where the write changes the answer', () => {
    const [old, now] = [judged({ price: 10 }, { price: 10 }), judged({ price: 12 }, { price: 10 })];
    expect(conclude({ before: old, again: old, after: now }, 'body', ASKED)).toEqual({
      state: 'goes',
      path: null,
    });
  });

  it('is idle where the write changes nothing', () => {
    const old = judged({ price: 10 }, { price: 10 });
    expect(conclude({ before: old, again: old, after: old }, 'body', ASKED)).toMatchObject({
      state: 'idle',
      why: expect.stringContaining('does not change what GET /items/1 is answered'),
    });
  });

  it('compares what the write changes where the rest says whether it came from the cache', () => {
    const at = (price: number) =>
      judged({ item: { price }, source: 'database' }, { item: { price }, source: 'cache' });
    expect(conclude({ before: at(10), again: at(10), after: at(12) }, 'body', ASKED)).toEqual({
      state: 'goes',
      path: '$.item.price',
    });
  });

  it('leaves out what is another every time', () => {
    const at = (price: number, took: number) => judged({ price, took }, { price, took: took + 1 });
    expect(conclude({ before: at(10, 1), again: at(10, 3), after: at(12, 5) }, 'body', ASKED)).toEqual({
      state: 'goes',
      path: '$.price',
    });
  });

  it('is idle where only what is another every time changes', () => {
    const at = (took: number) => judged({ price: 10, took }, { price: 10, took: took + 1 });
    expect(conclude({ before: at(1), again: at(3), after: at(5) }, 'body', ASKED)).toMatchObject({
      state: 'idle',
      why: expect.stringContaining('changes without a write'),
    });
  });

  it('is idle where the oracle that was given is never right', () => {
    const [old, now] = [judged('10.00 EUR', 10), judged('12.00 EUR', 12)];
    expect(conclude({ before: old, again: old, after: now }, 'path', ASKED)).toMatchObject({
      state: 'idle',
      why: expect.stringContaining('differ without any write'),
    });
  });
});

it('does not take another notation for a change', () => {
  const at = (price: number, truth: string) => judged(truth, price);
  const old = at(10, '10.00');
  expect(conclude({ before: old, again: old, after: at(10, '12.00') }, 'path', ASKED)).toEqual({
    state: 'goes',
    path: null,
  });
});

describe('leaves', () => {
  it('stand under paths that the oracle can read', () => {
    const leaves = leavesOf(json({ a: [{ "it's": 1 }, []], 'x y': null, b: {} }));
    expect([...leaves]).toEqual([
      ["$.a[0]['it\\'s']", '1'],
      ['$.a[1]', '[]'],
      ["$['x y']", 'null'],
      ['$.b', '{}'],
    ]);
    expect(parseJsonPath("$.a[0]['it\\'s']")).toEqual(['a', 0, "it's"]);
  });

  it('of a text are the text', () => {
    expect([...leavesOf('<p>10</p>')]).toEqual([['$', '"<p>10</p>"']]);
  });

  it('differ where one is missing', () => {
    expect(changedLeaves(leavesOf('{"a":1,"b":2}'), leavesOf('{"a":1,"c":2}'))).toEqual(['$.b', '$.c']);
  });
});
