/** The map as text and as document: what stands out, what fits, and that the document meets its schema. */
import { describe, expect, it } from 'vitest';
import { committedOf } from '../../src/core/map/committed.ts';
import { compareMaps } from '../../src/core/map/compare.ts';
import type { CoverageMap } from '../../src/core/map/coverage-map.ts';
import { type MapCheck, type MapDocument, MapSchema, mapDocument } from '../../src/report/map-document.ts';
import { mapText } from '../../src/report/map-text.ts';
import { PLAIN } from '../../src/report/style.ts';
import { displayWidth } from '../../src/report/width.ts';
import { coverageMap, template, write } from '../core/map/maps.ts';

const drawing = { width: 80, style: PLAIN };

const LONG =
  'UPDATE items SET name = $1, price = $2, category_id = $3, updated_at = now() WHERE id = $4 AND deleted_at IS NULL RETURNING id, name, price, category_id, updated_at';

const MAP = coverageMap(
  [
    template(
      'category:{id}:items',
      [write('partial', 'PUT /items/{id}', ['items.name'], { failed: 2, invalidated: 3 })],
      {
        key: 'category:{categories.id}:items',
        segments: [['categories.id', 'items.category_id']],
        formats: ['gzip+json'],
        ttl: { minMs: 27_000, maxMs: 33_000, unbounded: 2 },
        sources: [
          {
            table: 'categories',
            rows: 'one',
            where: ['id'],
            columns: ['name'],
            unused: [],
            absent: true,
            certain: true,
            statements: [],
          },
          {
            table: 'items',
            rows: 'list',
            where: ['category_id'],
            columns: ['id', 'name', 'price'],
            unused: ['category_id', 'created_at', 'created_by', 'updated_at', 'updated_by'],
            absent: false,
            certain: false,
            statements: [],
          },
        ],
      },
    ),
    template('item:{id}', [
      write('uncovered', 'POST /orders', ['items.stock'], { seen: 12, cached: 9, stale: 4 }),
      write('uncovered', '', ['insert items'], {
        by: { kind: 'statement', name: LONG },
        statements: [LONG],
        confidence: 'likely',
        cached: 0,
        stale: 0,
        removes: ['items:{id}'],
      }),
      write('uncovered', '', ['items.price'], {
        by: { kind: 'client', name: 'outside: cron' },
        statements: [],
      }),
      write('undecided', 'DELETE /items/{id}', ['delete items']),
      write('covered', 'PUT /items/{id}', ['items.name', 'items.price'], {
        statements: [LONG],
        seen: 1234,
        invalidated: 1230,
      }),
      write('covered', 'PATCH /items/{id}', ['items.name'], {
        invalidations: [{ how: 'DEL', when: 'before-commit', times: 5 }],
      }),
    ]),
    template('page:{id}', [], {
      key: null,
      segments: [[]],
      db: 2,
      ttl: { minMs: null, maxMs: null, unbounded: 9 },
    }),
    template('stats', []),
  ],
  [{ template: 'lock:{id}', db: 1 }],
);

function document(map: CoverageMap, check: MapCheck | null = null): MapDocument {
  return mapDocument(map, {
    engine: { redis: '7.0.15', postgres: '18.4', emulated: false },
    recording: '/rec',
    notices: ['The recording was not closed.'],
    check,
    written: 'whystale.map.yaml',
  });
}

const fixed = committedOf(coverageMap([template('item:{id}', []), template('gone:{id}', [])]));
const failed: MapCheck = {
  file: 'whystale.map.yaml',
  verdict: 'failed',
  reason: null,
  ...compareMaps(fixed, MAP),
};

describe('the map as text', () => {
  it('reads like this', async () => {
    await expect(mapText(document(MAP), drawing)).toMatchFileSnapshot('../golden/map.txt');
  });

  it('ends with what was found', () => {
    const [last] = mapText(document(MAP), drawing).trimEnd().split('\n').slice(-1);
    expect(last).toBe('4 templates, 7 writes that change their sources, 3 uncovered.');
  });

  it.each([80, 100, 140])('fits into %i columns', (width) => {
    for (const line of mapText(document(MAP, failed), { ...drawing, width }).split('\n'))
      expect(displayWidth(line), line).toBeLessThanOrEqual(width);
  });

  it('says what fails a check, first', async () => {
    const text = mapText(document(MAP, failed), drawing);
    expect(text).toContain('FAILED: 3 uncovered writes not in whystale.map.yaml.');
    await expect(text.slice(text.indexOf('FAILED'))).toMatchFileSnapshot('../golden/map-check.txt');
  });

  it('says why a check is undecided', () => {
    const check: MapCheck = { ...failed, verdict: 'undecided', reason: 'the recording shows no write.' };
    expect(mapText(document(MAP, check), drawing)).toContain(
      'UNDECIDED against whystale.map.yaml: the recording shows no write.',
    );
  });

  it('lets no name steer the terminal', () => {
    const evil = coverageMap([
      template('a\u001b[2J:{id}', [write('uncovered', 'GET /\u001b[31m', ['t.\u0007'])]),
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
    expect(mapText(document(evil), drawing)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('the document whystale-map/1', () => {
  it.each([
    ['alone', null],
    ['with a check', failed],
  ])('meets its schema, %s', (_, check) => {
    const made = document(MAP, check);
    expect(MapSchema.parse(JSON.parse(JSON.stringify(made)))).toEqual(JSON.parse(JSON.stringify(made)));
    expect(made.format).toBe('whystale-map/1');
  });
});
