import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learnTemplates } from '../../src/core/templates.ts';
import { nameBytes } from '../../src/observe/redis/key-names.ts';
import { globOf, matcherOf } from '../../src/purge/matcher.ts';

describe('a template', () => {
  it.each([
    [
      'item:{id}',
      ['item:1', 'item:blue-lamp', 'item:a@b.example', 'item:12-3'],
      ['item:1:price', 'item:', 'items:1', 'item:a.b', 'xitem:1'],
    ],
    ['item:{id}:price', ['item:1:price'], ['item:1', 'item:1:2:price', 'item:1:prices']],
    ['{tenant{id}}:cart:{id}', ['{tenant7}:cart:3'], ['{tenant7}:cart:3:x']],
    ['page{id}', ['page2'], ['page', 'pages2', 'page-x']],
    ['item-{id}', ['item-12'], ['item-abc', 'item-1:2']],
    ['a*b?[c]:{id}', ['a*b?[c]:1'], ['axbyc:1', 'a*b?c:1']],
    ['list:{hash}', ['list:0123456789abcdef0123456789abcdef'], ['list:a:b']],
    ['item:1', ['item:1'], ['item:12']],
  ])('%s is these keys and no others', (template, its, others) => {
    const matches = matcherOf(template);
    expect(its.filter((key) => !matches(key))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  it('matches the keys that the core learned it from', () => {
    const word = fc.stringMatching(/^[a-z]{2,6}$/);
    const value = fc.oneof(fc.nat().map(String), fc.uuid(), fc.stringMatching(/^[0-9a-f]{32}$/));
    const form = fc.array(
      fc.oneof(
        word.map((text) => ({ text })),
        fc.constant(null),
      ),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(
        word,
        form,
        fc.array(fc.array(value, { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 5 }),
        (head, parts, rows) => {
          const keys = rows.map((values) =>
            [head, ...parts.map((part, i) => part?.text ?? values[i])].join(':'),
          );
          const learned = learnTemplates(keys.map((key) => ({ key, bound: new Set<string>(), feeders: '' })));
          for (const [key, template] of learned)
            expect(matcherOf(template)(key), `${template} ${key}`).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('asks SCAN for a pattern in which the texts of the template mean themselves', () => {
    expect(globOf('a*[b]\\:{id}:x', nameBytes).toString('latin1')).toBe('a\\*\\[b\\]\\\\:*:x');
    expect(globOf('k\\xff:{id}', nameBytes)).toEqual(Buffer.from([0x6b, 0xff, 0x3a, 0x2a]));
  });
});
