/** The committed form of a map, its comparison with a recording, and how a new one is laid over it. */
import { describe, expect, it } from 'vitest';
import { type CommittedMap, committedOf } from '../../../src/core/map/committed.ts';
import { compareMaps } from '../../../src/core/map/compare.ts';
import type { MappedTemplate } from '../../../src/core/map/coverage-map.ts';
import { mergeMaps } from '../../../src/core/map/merge.ts';
import { coverageMap, template, write } from './maps.ts';

const item = (...writes: Parameters<typeof write>[]) =>
  template(
    'item:{id}',
    writes.map((facts) => write(...facts)),
  );
const committed = (...templates: MappedTemplate[]) => committedOf(coverageMap(templates));

function accept(map: CommittedMap, reason: string): CommittedMap {
  return {
    ...map,
    templates: map.templates.map((one) => ({
      ...one,
      uncovered: one.uncovered.map((entry) => ({ ...entry, accepted: reason })),
    })),
  };
}

describe('the committed form', () => {
  it('holds nothing that varies from run to run', () => {
    const quiet = item(['covered', 'PUT /items/{id}', ['items.name']]);
    const busy: MappedTemplate = {
      ...item([
        'covered',
        'PUT /items/{id}',
        ['items.name'],
        {
          seen: 900,
          cached: 800,
          invalidated: 900,
          invalidations: [{ how: 'DEL', when: 'after-commit', times: 900 }],
        },
      ]),
      keys: 4711,
      hits: 10 ** 6,
      misses: 99,
      filledBy: [{ by: { kind: 'route', name: 'GET /items/{id}' }, fills: 99 }],
    };
    expect(committed(busy)).toEqual(committed(quiet));
  });

  it.each([
    ['no time to live', { minMs: null, maxMs: null, unbounded: 3 }, { class: 'none' }],
    ['unknown', { minMs: null, maxMs: null, unbounded: 0 }, { class: 'unknown' }],
    ['one for all', { minMs: 60_000, maxMs: 60_000.3, unbounded: 0 }, { class: 'bounded', max: '60s' }],
    ['hours', { minMs: 7_200_000, maxMs: 7_200_000, unbounded: 0 }, { class: 'bounded', max: '2h' }],
    ['an odd one', { minMs: 77_000, maxMs: 77_000, unbounded: 0 }, { class: 'bounded', max: '77s' }],
    ['with jitter', { minMs: 54_100, maxMs: 65_900, unbounded: 0 }, { class: 'bounded', max: '2m' }],
    ['for some only', { minMs: 60_000, maxMs: 60_000, unbounded: 1 }, { class: 'mixed', max: '60s' }],
  ] as const)('of a time to live: %s', (_, ttl, expected) => {
    expect(committed({ ...item(), ttl }).templates[0]?.ttl).toEqual(expected);
  });
});

describe('a recording held against the map', () => {
  const fixed = committed(item(['covered', 'PUT /items/{id}', ['items.name']]));
  const compare = (map: CommittedMap, ...templates: MappedTemplate[]) =>
    compareMaps(map, coverageMap(templates));

  it('passes when nothing is uncovered', () => {
    expect(compare(fixed, item(['covered', 'PUT /items/{id}', ['items.name']])).fresh).toEqual([]);
  });

  it('fails on an uncovered write that the map does not name', () => {
    const { fresh } = compare(fixed, item(['uncovered', 'POST /orders', ['items.price']]));
    expect(fresh.map((one) => [one.template, one.write.by.name])).toEqual([['item:{id}', 'POST /orders']]);
  });

  it('fails on an uncovered write of a new template', () => {
    const other = template('price:{id}', [write('uncovered', 'POST /orders', ['items.price'])]);
    expect(compare(fixed, other).fresh).toHaveLength(1);
  });

  const known = committed(item(['uncovered', 'POST /orders', ['items.price']]));

  it.each([
    ['the same', ['uncovered', 'POST /orders', ['items.price']], 0],
    ['in another column', ['uncovered', 'POST /orders', ['items.name']], 1],
    ['in one more column', ['uncovered', 'POST /orders', ['items.name', 'items.price']], 1],
    ['of another route', ['uncovered', 'POST /returns', ['items.price']], 1],
    [
      'by its statement, where no route was in view',
      [
        'uncovered',
        '',
        ['items.price'],
        { by: { kind: 'statement', name: 's' }, statements: ['UPDATE items SET x = $1 -- POST /orders'] },
      ],
      0,
    ],
  ] as const)('knows an uncovered write of the map: %s', (_, facts, fresh) => {
    const found = compare(known, item(facts as unknown as Parameters<typeof write>));
    expect(found.fresh).toHaveLength(fresh);
    expect(found.known).toHaveLength(1 - fresh);
  });

  it('passes what was accepted, and says so', () => {
    const map = accept(known, 'at most 60 s old');
    const found = compare(map, item(['uncovered', 'POST /orders', ['items.price']]));
    expect([found.fresh, found.known]).toEqual([[], []]);
    expect(found.accepted.map(({ entry }) => entry.accepted)).toEqual(['at most 60 s old']);
  });

  it('notes what is covered now, what is new, gone and changed', () => {
    const map = committed(item(['uncovered', 'POST /orders', ['items.price']]), template('user:{id}', []));
    const now = item(['covered', 'POST /orders', ['items.price']]);
    const found = compare(
      map,
      { ...now, sources: now.sources.map((source) => ({ ...source, columns: ['id', 'name', 'stock'] })) },
      template('stock:{id}', []),
    );
    expect(found.mended.map(({ entry }) => entry.by)).toEqual(['POST /orders']);
    expect(found.newTemplates).toEqual([{ template: 'stock:{id}', db: 0 }]);
    expect(found.goneTemplates).toEqual([{ template: 'user:{id}', db: 0 }]);
    expect(found.sourcesChanged).toEqual([
      { template: 'item:{id}', db: 0, added: ['items.stock'], removed: ['items.price'] },
    ]);
  });
});

describe('a new map over the committed one', () => {
  const merge = (map: CommittedMap, prune: boolean, ...templates: MappedTemplate[]) =>
    mergeMaps(map, coverageMap(templates), { prune });
  const known = committed(item(['uncovered', 'POST /orders', ['items.price']]), template('user:{id}', []));

  it('is the same when nothing has changed', () => {
    const same = merge(
      known,
      false,
      item(['uncovered', 'POST /orders', ['items.price']]),
      template('user:{id}', []),
    );
    expect(same).toEqual(known);
  });

  it('keeps the reason of an accepted write', () => {
    const map = merge(
      accept(known, 'agreed'),
      false,
      item(['uncovered', 'POST /orders', ['items.price'], { seen: 1 }]),
    );
    expect(map.templates[0]?.uncovered).toMatchObject([{ by: 'POST /orders', accepted: 'agreed' }]);
  });

  it('does not stretch a reason to a column that it did not know of', () => {
    const map = merge(
      accept(known, 'agreed'),
      false,
      item(['uncovered', 'POST /orders', ['items.name', 'items.price']]),
    );
    expect(map.templates[0]?.uncovered).toEqual([expect.not.objectContaining({ accepted: 'agreed' })]);
  });

  it('keeps a write that this recording did not take, and drops one that is covered now', () => {
    expect(merge(known, false, item()).templates[0]?.uncovered).toMatchObject([{ by: 'POST /orders' }]);
    const mended = merge(known, false, item(['covered', 'POST /orders', ['items.price']]));
    expect(mended.templates[0]).toMatchObject({ uncovered: [], invalidatedBy: [{ by: 'POST /orders' }] });
  });

  it('marks a template that was not seen, until it is seen again; --prune drops it', () => {
    const marked = merge(known, false, item());
    expect(marked.templates.map(({ template: name, notSeen }) => [name, notSeen])).toEqual([
      ['item:{id}', undefined],
      ['user:{id}', true],
    ]);
    const again = merge(marked, false, item(), template('user:{id}', []));
    expect(again.templates.map(({ notSeen }) => notSeen)).toEqual([undefined, undefined]);
    expect(merge(known, true, item()).templates.map(({ template: name }) => name)).toEqual(['item:{id}']);
  });

  it('keeps how the key is built when this recording does not show it', () => {
    const blind = { ...item(), key: null, segments: [[]] };
    expect(merge(known, false, blind).templates[0]).toMatchObject({
      key: 'item:{items.id}',
      segments: [['items.id']],
    });
  });

  it('keeps a rounded time to live while it holds', () => {
    const jitter = (maxMs: number) => ({ ...item(), ttl: { minMs: 50_000, maxMs, unbounded: 0 } });
    const first = committed(jitter(66_000));
    expect(first.templates[0]?.ttl.max).toBe('2m');
    expect(merge(first, false, jitter(64_000)).templates[0]?.ttl.max).toBe('2m');
    expect(merge(first, false, jitter(130_000)).templates[0]?.ttl.max).toBe('5m');
  });
});
