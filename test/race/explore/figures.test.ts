import { describe, expect, it } from 'vitest';
import { createDpor } from '../../../src/race/explore/dpor.ts';
import { createNone } from '../../../src/race/explore/none.ts';
import { classesOf, explore } from './drive.ts';
import { program, reader, writer } from './programs.ts';
import type { Message, Program, World } from './world.ts';

const set = (key: string, value: number): Message => ({ do: 'set', key, value });
const get = (key: string): Message => ({ do: 'get', key, skip: 0 });

const cacheAside: readonly [string, Program, number, number][] = [
  ['a reader and a writer', program({ reader, writer: writer(1) }), 20, 5],
  ['two readers and a writer', program({ r1: reader, r2: reader, writer: writer(1) }), 1_582, 48],
  // Two classes for each order of the writers: the second one waits for the row, or arrives when it is free.
  ['a reader and two writers', program({ reader, w1: writer(1), w2: writer(2) }), 1_176, 104],
];

describe('cache-aside with removal after the commit', () => {
  it.each(cacheAside)('%s', (_, system, orderings, classes) => {
    const all = explore(createNone(), system);
    const some = explore(createDpor(), system);
    expect(all).toMatchObject({ executions: orderings, classes, complete: true, remaining: 0 });
    expect(some).toMatchObject({ executions: classes, classes, complete: true, remaining: 0 });
    expect(classesOf(some.executed)).toEqual(classesOf(all.executed));
  });

  it('two readers and two writers complete', () => {
    const system = program({ r1: reader, r2: reader, w1: writer(1), w2: writer(2) });
    const found = explore(createDpor(), system);
    expect(found).toMatchObject({ executions: 2_032, classes: 2_032, complete: true });
    // What source sets lose against wakeup trees: executions begun and broken off.
    expect(found.pruned).toBeLessThan(found.executions / 10);
  });

  it('one ordering in five leaves a stale value, and the first one found changes actors twice', () => {
    const stale = (world: World) =>
      world.cached('item:1') !== null && world.cached('item:1') !== world.row('1');
    const found = explore(createDpor(), program({ reader, writer: writer(1) }), { stale });
    const bad = found.executed.filter(({ outcome }) => outcome.stale);
    expect(found.stale).toBe(1);
    expect(bad.map(({ steps }) => steps.join(' '))).toEqual([
      'reader#1 reader#2 writer#1 writer#2 writer#3 reader#3',
    ]);
  });

  it('a crash between commit and removal leaves what was cached', () => {
    const stale = (world: World) =>
      world.cached('item:1') !== null && world.cached('item:1') !== world.row('1');
    const warm: Message[] = [set('item:1', 0), ...writer(1)];
    const calm = explore(createDpor(), program({ writer: warm }), { stale });
    const faulty = explore(createDpor(), program({ writer: warm }, { faults: ['crash'] }), { stale });
    expect(calm).toMatchObject({ executions: 1, stale: 0 });
    expect(
      faulty.executed.filter(({ outcome }) => outcome.stale).map(({ steps }) => steps.join(' ')),
    ).toEqual(['writer#1 writer#2 writer#3 writer#4!crash']);
  });
});

const known: readonly [string, Program, number][] = [
  [
    'steps without conflict',
    program({ a: [set('a', 1), set('a', 2)], b: [set('b', 1)], c: [set('c', 1)] }),
    1,
  ],
  [
    'four writes of one key: every order',
    program({ a: [set('k', 1)], b: [set('k', 2)], c: [set('k', 3)], d: [set('k', 4)] }),
    24,
  ],
  [
    'three readers of one write: before or after it, each',
    program({ w: [set('k', 1)], a: [get('k')], b: [get('k')], c: [get('k')] }),
    8,
  ],
  ['reads only', program({ a: [get('k'), get('k')], b: [get('k')], c: [get('k')] }), 1],
  ['two keys, two conflicts', program({ a: [set('k', 1), set('l', 1)], b: [set('l', 2), set('k', 2)] }), 3],
];

describe('known numbers of classes', () => {
  it.each(known)('%s', (_, system, classes) => {
    const found = explore(createDpor(), system);
    expect(found).toMatchObject({ executions: classes, classes, pruned: 0, complete: true });
    expect(explore(createNone(), system).classes).toBe(classes);
  });
});
