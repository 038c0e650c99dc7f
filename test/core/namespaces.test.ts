import { describe, expect, it } from 'vitest';
import { createKey } from '../../src/core/key-state.ts';
import { keyParts } from '../../src/core/keys.ts';
import { Namespaces } from '../../src/core/namespaces.ts';
import type { KeyState } from '../../src/core/versions.ts';

/** Keys in the order of their first use; digests are the texts themselves. */
function noted(...names: readonly string[]): ReadonlyMap<string, KeyState> {
  const namespaces = new Namespaces();
  return new Map(
    names.map((name) => {
      const key = createKey(
        0,
        name,
        keyParts(name).map((part) => [part, part] as const),
      );
      namespaces.note(key);
      return [name, key] as const;
    }),
  );
}

describe('numbers that all keys share', () => {
  it.each([
    ['a version of the whole cache', [':1:book:7', ':1:rating:7'], ':1:book:7', '1'],
    ['a version of the form', ['parts:v3:7', 'parts:v3:8:stock'], 'parts:v3:7', '3'],
    ['with ids alone behind it', ['item:0:7', 'item:0:8', 'item:0:9'], 'item:0:7', '0'],
    ['a version that is raised', ['p:v3:7', 'p:v3:8:x', 'p:v2:7'], 'p:v2:7', '2'],
  ])('are no part of a key: %s', (_, names, name, number) => {
    const key = noted(...names).get(name);
    expect(key?.parts.has(number)).toBe(false);
    expect(key?.parts.has('7')).toBe(true);
  });

  it.each([
    ['another key has another there', [':1:book:7', ':1:rating:7', ':2:book:7'], ':1:book:7', '1'],
    ['a generation: many follow', ['l:v1:7', 'l:v1:7:x', 'l:v2:7', 'l:v3:7'], 'l:v1:7', '1'],
    ['nothing else tells one from another', ['product:1', 'product:1:price'], 'product:1:price', '1'],
    ['the id has the same text', [':1:book:1', ':1:rating:7'], ':1:book:1', '1'],
    ['the id is the other version', ['p:v3:2', 'p:v3:8:x', 'p:v2:7'], 'p:v3:2', '2'],
  ])('are one where %s', (_, names, name, number) => {
    expect(
      noted(...names)
        .get(name)
        ?.parts.has(number),
    ).toBe(true);
  });
});
