/** Which keys make a request cold, as one request after the other tells. */
import { describe, expect, test } from 'vitest';
import type { CacheOperation, SourceOperation } from '../../src/core/operation.ts';
import { ColdKeys, patternOf, trafficOf } from '../../src/measure/cold-keys.ts';
import { get, hget, script, select, set } from './operations.ts';

type Request = readonly (CacheOperation | SourceOperation)[];

function learned(
  requests: readonly Request[],
  lineage: Readonly<Record<string, readonly string[]>> = {},
): ColdKeys {
  const keys = new ColdKeys((_, key) => lineage[key] ?? null);
  for (const request of requests) keys.observe(0, trafficOf(request));
  return keys;
}

const names = (units: readonly { readonly key: string }[]) => units.map(({ key }) => key);

describe('a key is a cache', () => {
  test.each<readonly [string, readonly Request[], readonly string[]]>([
    ['missed, read, filled', [[get('item:1', null), select('items'), set('item:1')]], ['item:1']],
    [
      'filled by a script, and there the next time',
      [
        [get('item:1', null), select('items'), script('item:1', 'fence:1')],
        [get('item:1', 'h:1'), get('fence:1', null)],
      ],
      ['item:1'],
    ],
    [
      'fields of a hash',
      [[hget('stock', { 7: null }), select('stock'), set('stock', { command: 'HSET', ttl: 'keep' })]],
      ['stock'],
    ],
    [
      'two keys behind one request',
      [[get('a', null), select('x'), set('a'), get('b', null), select('y'), set('b')]],
      ['a', 'b'],
    ],
    ['not: written without a statement in between', [[get('seen', null), set('seen')]], []],
    ['not: the statement came before the miss', [[select('tokens'), get('mark', null), set('mark')]], []],
    [
      'not: SET NX that did not take the lock',
      [[get('l', null), select('x'), set('l', { applied: false })]],
      [],
    ],
    ['not: a lock that is only taken', [[set('lock', { condition: 'nx' }), select('x')]], []],
    ['not: never there', [[get('fence', null), select('x')]], []],
  ])('%s', (_, requests, caches) => {
    const keys = learned(requests);
    expect(names(keys.caches(0))).toEqual(caches);
    expect(keys.unknown(0)).toEqual([]);
  });

  test('when the values in it tell where they come from, and then says so', () => {
    const keys = learned([[get('item:1', 'h:1')]], { 'item:1': ['items', 'categories'] });
    expect(keys.list()).toEqual([
      { key: 'item:1', db: 0, removed: true, why: 'its value was read from items, categories' },
    ]);
  });
});

test('a key that only scripts are given has to be tried, once', () => {
  const keys = learned([[script('item:1', 'lock:1')]]);
  expect(names(keys.unknown(0))).toEqual(['item:1', 'lock:1']);
  keys.gone({ db: 0, key: 'lock:1', fields: null });
  keys.observe(0, trafficOf([script('item:1', 'lock:1')]));
  expect(names(keys.unknown(0))).toEqual(['item:1']);
  const { refilled } = trafficOf([script('item:1'), select('items'), script('item:1')]);
  expect(refilled.get('0 item:1')).toEqual({ tables: ['items'], script: true });
});

describe('a key that was there before', () => {
  test('has to be tried', () => {
    const keys = learned([[get('session:1', 'h:1'), get('item:1', null), select('items'), set('item:1')]]);
    expect(names(keys.unknown(0))).toEqual(['session:1']);
    expect(names(keys.caches(0))).toEqual(['item:1']);
  });

  test('is left alone once it was tried, even when it is filled later', () => {
    const keys = learned([[get('session:1', 'h:1')]]);
    keys.settle({ db: 0, key: 'session:1', fields: null }, false, 'it was put back');
    keys.observe(0, trafficOf([get('session:1', null), select('users'), set('session:1')]));
    expect(keys.caches(0)).toEqual([]);
    expect(keys.list()[0]).toMatchObject({ removed: false, why: 'it was put back' });
  });

  test('is not shown by its whole name while it may be a session', () => {
    const keys = learned([
      [get('session:4f1c2a9e7b60d358', 'h:1'), get('catalogue:front-page-of-shop', 'h:2')],
    ]);
    expect(keys.list().map(({ key }) => key)).toEqual(['session:4f1c…', 'catalogue:front-page-of-shop']);
  });
});

describe('names that change from one request to the next', () => {
  test('are followed: a value by version', () => {
    const keys = learned([
      [get('version', 'h:1'), get('item:1:v1', null), select('items'), set('item:1:v1')],
      [get('version', 'h:2'), get('item:1:v2', null), select('items'), set('item:1:v2')],
    ]);
    expect(names(keys.caches(0)).sort()).toEqual(['item:1:v1', 'item:1:v2']);
    for (let i = 0; i < 3; i++) keys.observe(0, trafficOf([get('item:1:v2', 'h:1')]));
    expect(names(keys.caches(0))).toEqual(['item:1:v2']);
  });

  test('keys of one pattern are told from others', () => {
    const of = (key: string) => patternOf({ db: 0, key, fields: null });
    expect(of('item:17')).toBe(of('item:4'));
    expect(of('s:9b2f1c4e-1d2c-4a5b-8c7d-0123456789ab')).toBe(of('s:00000000-1d2c-4a5b-8c7d-0123456789ab'));
    expect(of('item:17')).not.toBe(of('user:17'));
  });
});

test('of a hash only the fields that are read are removed; of one that is read whole, all', () => {
  const part = learned([[hget('stock', { 7: null, 8: null }), select('stock'), set('stock')]]);
  expect(part.caches(0)).toEqual([{ db: 0, key: 'stock', fields: ['7', '8'] }]);
  const whole = learned([
    [hget('stock', { 7: null }), select('stock'), set('stock')],
    [get('stock', 'h:1', { command: 'HGETALL', fields: { 7: 'h:1', 8: 'h:2' } })],
  ]);
  expect(whole.caches(0)).toEqual([{ db: 0, key: 'stock', fields: null }]);
});

test('sessions and fences say nothing of the cache; a key that is missed for want of a row does', () => {
  const keys = learned([
    [get('item:1', null), get('fence:1', null), select('items'), set('item:1')],
    [get('item:1', 'h:1'), get('fence:1', null), get('session:1', 'h:2')],
    [get('item:999', null), select('items')],
  ]);
  keys.settle({ db: 0, key: 'session:1', fields: null }, false, 'it was put back');
  const counted = ['item:1', 'fence:1', 'session:1', 'item:999', 'never:met'].filter((key) =>
    keys.counts(0, key),
  );
  expect(counted).toEqual(['item:1', 'item:999', 'never:met']);
});

test('databases of one server are told apart', () => {
  const keys = learned([[get('a', null, { db: 2 }), select('x'), set('a', { db: 2 }), get('a', 'h:1')]]);
  expect(keys.caches(0)).toEqual([{ db: 2, key: 'a', fields: null }]);
  expect(keys.unknown(0)).toEqual([{ db: 0, key: 'a', fields: null }]);
});
