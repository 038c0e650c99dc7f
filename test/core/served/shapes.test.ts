/** What counts as another shape of the same documents, and what is only optional. */
import { describe, expect, test } from 'vitest';
import { changeOf, changeText, shapeOf } from '../../../src/core/served/shapes.ts';
import { createDigester } from '../../../src/observe/payload/index.ts';

const digester = createDigester(new Uint8Array(16).fill(3));
const shape = (document: unknown) => shapeOf(digester.inspect(Buffer.from(JSON.stringify(document))))!;
const differs = (old: unknown, ...present: readonly unknown[]) => {
  const change = changeOf(shape(old), present.map(shape));
  return change === null ? null : changeText(change);
};

describe('a value differs', () => {
  test.each([
    [
      'a field is missing',
      'lacks eur',
      { id: 1 },
      [
        { id: 2, eur: 3 },
        { id: 3, eur: 4 },
      ],
    ],
    ['a field moved', 'lacks price.eur and has price', { price: 5 }, [{ price: { eur: 5 } }]],
    ['a field is gone', 'has eur', { id: 1, eur: 2 }, [{ id: 2 }, { id: 3 }]],
    ['elements of a list', 'lacks l.[].eur', { l: [{ id: 1 }] }, [{ l: [{ id: 1, eur: 2 }] }]],
    ['a list became a map', 'lacks t.a and has t.[]', { t: ['x'] }, [{ t: { a: 'x' } }, { t: { a: 'y' } }]],
  ])('%s', (_, expected, old, present) => {
    expect(differs(old, ...present)).toBe(expected);
  });

  test('it is encoded in another way', () => {
    const packed = shapeOf(digester.inspect(Uint8Array.of(0x81, 0xa2, 0x69, 0x64, 0x01)))!;
    const change = changeOf(shape({ id: 1 }), [packed, packed]);
    expect(change?.format?.[0]).toBe('json');
  });
});

describe('a value does not differ', () => {
  test.each([
    ['it is like one of them', { id: 1 }, [{ id: 2 }, { id: 2, eur: 3 }]],
    [
      'some have the field and some have not',
      { id: 1 },
      [
        { id: 2, eur: 3 },
        { id: 3, note: 4 },
      ],
    ],
    [
      'its list may be empty',
      { id: 1, l: [] },
      [
        { id: 2, l: ['x'] },
        { id: 3, l: ['y', 'z'] },
      ],
    ],
    ['its object may be null', { id: 1, seller: null }, [{ id: 2, seller: { name: 'x' } }]],
    [
      'names are keys of a map',
      { a: 1 },
      [
        { a: 1, b: 2 },
        { a: 1, c: 3 },
      ],
    ],
  ])('%s', (_, old, present) => {
    expect(differs(old, ...present)).toBeNull();
  });

  test('what is empty or too long has no shape', () => {
    expect(shapeOf(digester.inspect(Buffer.from('[]')))).toBeNull();
    expect(shapeOf(digester.inspect(Buffer.from('null')))).toBeNull();
    expect(shapeOf(digester.inspect(Buffer.from(JSON.stringify(Array(9_999).fill(7)))))).toBeNull();
    expect(shapeOf(null)).toBeNull();
  });
});
