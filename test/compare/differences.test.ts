import { describe, expect, test } from 'vitest';
import type { VariableKind } from '../../src/case/contract.ts';
import { comparability, type DifferenceRules } from '../../src/compare/differences.ts';

const difference = (text: string) => {
  const [kind = '', name = ''] = text.split(':');
  return { kind: kind as VariableKind, name, before: 'a', after: 'b' };
};

const RULES: DifferenceRules = {
  declared: null,
  allowedByCase: [],
  allowedHere: [],
  sides: 'revisions',
  setupOnly: false,
};

const judged = (differs: string, own: Partial<DifferenceRules> = {}) =>
  comparability(differs === '' ? [] : differs.split(' ').map(difference), { ...RULES, ...own });

describe('what may differ', () => {
  test.each<[string, string, Partial<DifferenceRules>]>([
    ['one kind, where none is declared', 'code:commit', {}],
    ['many names of one kind', 'code:dirty-a code:dirty-b', {}],
    ['the declared kind', 'code:commit', { declared: 'code' }],
    ['a dependency that is declared', 'dependency:package-lock.json', { declared: 'dependency' }],
    ['a policy that is code', 'code:commit', { declared: 'cache-policy' }],
    ['a policy that is a variable', 'environment:TTL', { declared: 'cache-policy' }],
    [
      'what the case allows by name',
      'code:commit environment:WORKERS',
      { declared: 'code', allowedByCase: ['WORKERS'] },
    ],
    [
      'what is allowed here by kind',
      'code:commit dependency:package-lock.json',
      { allowedHere: ['dependency'] },
    ],
    ['the commands that are compared', 'environment:command', { declared: 'code', sides: 'commands' }],
    [
      'commands and the runtime that they name',
      'environment:command runtime:node',
      { declared: 'runtime', sides: 'commands' },
    ],
    [
      'files of the set-up, and what they set up',
      'code:commit schema:items_idx',
      { declared: 'schema', setupOnly: true },
    ],
    ['nothing, where that is allowed', '', { allowedHere: ['same'] }],
    ['nothing that is known, between URLs', '', { sides: 'urls' }],
  ])('%s', (_, differs, own) => {
    const { refusal, differences, toAllow } = judged(differs, own);
    expect(refusal).toBeNull();
    expect(toAllow).toEqual([]);
    for (const { allowed } of differences) expect(allowed).not.toBeNull();
  });
});

describe('what may not', () => {
  test.each<[string, string, Partial<DifferenceRules>, RegExp, readonly string[]]>([
    [
      'two kinds',
      'code:commit dependency:package-lock.json',
      {},
      /More than one variable differs: code \(commit\) and dependency \(package-lock.json\)/,
      ['package-lock.json'],
    ],
    [
      'another kind besides the declared one',
      'code:commit environment:POOL environment:TTL',
      { declared: 'code' },
      /besides code \(commit\) also environment \(POOL, TTL\)/,
      ['environment'],
    ],
    [
      'another kind than the declared one',
      'redis:maxmemory',
      { declared: 'code' },
      /of the kind code, but what differs is redis \(maxmemory\)/,
      ['maxmemory'],
    ],
    [
      'a policy that is turned in two places',
      'code:commit environment:TTL',
      { declared: 'cache-policy' },
      /More than one variable differs/,
      ['commit', 'TTL'],
    ],
    [
      'code besides the schema it sets up',
      'code:commit schema:items_idx',
      { declared: 'schema' },
      /besides schema \(items_idx\) also code \(commit\)/,
      ['commit'],
    ],
    ['nothing at all', '', {}, /Both sides are the same/, ['same']],
  ])('%s', (_, differs, own, refusal, toAllow) => {
    const found = judged(differs, own);
    expect(found.refusal).toMatch(refusal);
    expect(found.toAllow).toEqual(toAllow);
    // What is told to be allowed is enough.
    expect(judged(differs, { ...own, allowedHere: toAllow }).refusal).toBeNull();
  });

  test('names of one kind beyond the first few are counted', () => {
    const names = Array.from({ length: 9 }, (_, i) => `environment:V${i}`).join(' ');
    expect(judged(`code:commit ${names}`, { declared: 'code' }).refusal).toContain(
      'V0, V1, V2, V3 and 5 more',
    );
  });

  test('says of each difference whether it may be', () => {
    const { differences } = judged('code:commit environment:TTL redis:maxmemory', {
      declared: 'code',
      allowedByCase: ['TTL'],
    });
    expect(differences.map(({ name, allowed }) => [name, allowed])).toEqual([
      ['commit', 'the change (code)'],
      ['TTL', 'allow of the case'],
      ['maxmemory', null],
    ]);
  });
});
