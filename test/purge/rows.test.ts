import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mapOf } from '../../src/core/map/map.ts';
import { WhystaleError } from '../../src/errors.ts';
import { writeMapFile } from '../../src/mapfile/index.ts';
import {
  Forecast,
  type KnownTemplate,
  type Lineage,
  lineageOfMap,
  lineageOfRecording,
} from '../../src/purge/lineage.ts';
import { resolveSelection } from '../../src/purge/rows.ts';
import { record, STALE_FILL_RACE } from '../cli/story.ts';
import { temporaryFolder } from '../recording/folder.ts';
import { selecting } from './keys.ts';

const one = (table: string, ...where: string[]) => ({ table, rows: 'one' as const, where });
const list = (table: string, ...where: string[]) => ({ table, rows: 'list' as const, where });
const template = (
  text: string,
  segments: readonly (readonly string[])[],
  sources: KnownTemplate['sources'],
  db = 0,
): KnownTemplate => ({ template: text, db, segments, sources });

const SHOP = [
  template('item:{id}', [['items.id']], [one('items', 'id')]),
  template(
    'category:{id}',
    [['categories.id', 'items.category_id']],
    [one('categories', 'id'), list('items', 'category_id')],
  ),
  template('front', [], [list('items')]),
  template('line:{id}:{id}', [['lines.order_id'], ['lines.line']], [one('lines', 'order_id', 'line')]),
  template('old-item:{id}', [['items.id']], [one('items', 'id')], 3),
];

function lineage(over: Partial<Lineage> = {}): Lineage {
  return {
    origin: 'recording ./rec',
    templates: SHOP,
    primaryKey: (table) => (table === 'lines' ? ['order_id', 'line'] : ['id']),
    fedBy: () => null,
    callsPerFill: () => null,
    ...over,
  };
}

const keysOf = (row: string, known = lineage(), db = 0) =>
  resolveSelection(selecting({ rows: [row] }), known, db);

describe('the keys fed by a row', () => {
  it.each([
    ['items/7', ['item:7', 'front']],
    ['categories/3', ['category:3']],
    ['public.categories/3', ['category:3']],
    ['lines/5,2', ['line:5:2']],
    ['lines/line=2,order_id=5', ['line:5:2']],
  ])('%s', (row, keys) => {
    expect(keysOf(row).keys).toEqual(keys);
  });

  it('are those that the recording saw, too, where a name does not follow from the row', () => {
    const { keys, notices } = keysOf(
      'items/7',
      lineage({ fedBy: () => ['item:7', 'category:3', 's:ab…h:0123'] }),
    );
    expect(keys).toEqual(['item:7', 'category:3', 'front']);
    expect(notices).toEqual([
      'items/7 also feeds old-item:{id} in database 3: --db 3.',
      '1 key fed by items/7 with masked names: to be purged by template only.',
      expect.stringMatching(
        /^Keys of category:\{id\} are fed by items\/7 only as far as the recording saw it/,
      ),
    ]);
  });

  it('say which template may hold more of them', () => {
    expect(keysOf('items/7').notices).toContainEqual(
      "items/7 may feed keys of category:{id}, whose names do not follow from the row: --template 'category:{id}'.",
    );
  });

  it('are those of one database', () => {
    expect(keysOf('items/7', lineage(), 3).keys).toEqual(['old-item:7']);
  });

  it.each([['items'], ['/7'], ['items/'], ['users/1'], ['lines/5']])('cannot be told for %s', (row) => {
    expect(() => keysOf(row)).toThrow(WhystaleError);
  });

  it('cannot be told without a recording or a map', () => {
    expect(() => resolveSelection(selecting({ rows: ['items/1'] }), null, 0)).toThrow(/Nothing tells/);
  });

  it('come from a recording, and from the map written of it', async () => {
    const folder = temporaryFolder();
    const recording = lineageOfRecording(await record(folder, STALE_FILL_RACE));
    const file = join(folder, 'whystale.map.yaml');
    writeMapFile(file, mapOf(STALE_FILL_RACE), { prune: false });
    for (const known of [recording, lineageOfMap(file)]) {
      expect(keysOf('items/4711', known)).toMatchObject({ keys: ['item:4711'], notices: [] });
      // A row that nobody asked for while it was recorded.
      expect(keysOf('items/8', known).keys).toEqual(['item:8']);
    }
    expect(recording.fedBy('items', ['4711'], 0)).toEqual(['item:4711']);
    expect(recording.callsPerFill('item:{id}', 0)).toBe(1);
  });
});

describe('the forecast', () => {
  it('counts keys by template, and calls where fills were seen', () => {
    const forecast = new Forecast(
      lineage({ callsPerFill: (text) => (text === 'item:{id}' ? 1.5 : null) }),
      0,
    );
    for (const key of ['item:1', 'item:2', 'category:3', 'other']) forecast.add(key);
    expect(forecast.result()).toEqual([
      { template: 'item:{id}', keys: 2, callsPerFill: 1.5 },
      { template: 'category:{id}', keys: 1, callsPerFill: null },
      { template: null, keys: 1, callsPerFill: null },
    ]);
  });
});
