/** The map file: what is written can be read again, persons' words stay, and what is wrong is said with its place. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type CommittedMap, committedOf } from '../../src/core/map/committed.ts';
import { WhystaleError } from '../../src/errors.ts';
import {
  mapFileJsonSchema,
  parseMapFile,
  readMapFile,
  renderMapFile,
  writeMapFile,
} from '../../src/mapfile/index.ts';
import { coverageMap, template, write } from '../core/map/maps.ts';
import { formattedJson } from '../support/json.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function file(text?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'whystale-mapfile-'));
  folders.push(folder);
  const path = join(folder, 'whystale.map.yaml');
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

const UNCOVERED = coverageMap([
  template('item:{id}', [
    write('uncovered', 'POST /orders', ['items.price']),
    write('covered', 'PUT /items/{id}', ['items.name', 'items.price']),
  ]),
  template('user:{id}', []),
]);

function facts(run: () => unknown): { code: string; what: string; expected: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts;
    throw error;
  }
  throw new Error('no error');
}

describe('what is written', () => {
  it('reads like this', async () => {
    const path = file();
    writeMapFile(path, UNCOVERED, { prune: false });
    await expect(readFileSync(path, 'utf8')).toMatchFileSnapshot('../golden/whystale.map.yaml');
  });

  it('is read again as it was', () => {
    const path = file();
    writeMapFile(path, UNCOVERED, { prune: false });
    expect(readMapFile(path)).toEqual(committedOf(UNCOVERED));
  });

  it('is the same text when it is written again', () => {
    const path = file();
    writeMapFile(path, UNCOVERED, { prune: false });
    const text = readFileSync(path, 'utf8');
    writeMapFile(path, UNCOVERED, { prune: false });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('keeps comments and reasons, also where entries come and go around them', () => {
    const path = file();
    writeMapFile(path, UNCOVERED, { prune: false });
    const edited = readFileSync(path, 'utf8')
      .replace('# The coverage map', '# Owned by the shop team.\n# The coverage map')
      .replace('  - template: item:{id}', '  # the busiest of all\n  - template: item:{id}')
      .replace(
        '        changes: [items.price]',
        '        accepted: agreed # until spring\n        changes: [items.price]',
      )
      .replace('    key: user:{items.id}', '    key: user:{items.id} # by hand');
    writeFileSync(path, edited);
    const more = coverageMap([
      template('a:{id}', []),
      template('item:{id}', [
        write('uncovered', 'DELETE /orders/{id}', ['items.stock']),
        ...UNCOVERED.templates[0]!.writes,
      ]),
      template('user:{id}', []),
    ]);
    writeMapFile(path, more, { prune: false });
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('# Owned by the shop team.');
    expect(text).toMatch(/# the busiest of all\n {2}- template: item:\{id\}/);
    expect(text).toContain('accepted: agreed # until spring');
    expect(text).toContain('key: user:{items.id} # by hand');
    const [, item] = readMapFile(path).templates;
    expect(item?.uncovered.map(({ by, accepted }) => [by, accepted])).toEqual([
      ['DELETE /orders/{id}', undefined],
      ['POST /orders', 'agreed'],
    ]);
  });

  it('holds any text', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    const texts = fc.uniqueArray(text, { maxLength: 4 });
    const entry = fc.record({ by: text, statements: texts, changes: texts });
    fc.assert(
      fc.property(text, texts, texts, fc.array(entry, { maxLength: 3 }), (name, values, columns, entries) => {
        const map: CommittedMap = {
          version: 1,
          templates: [
            {
              template: name.replaceAll(/\{(?:id|hash)\}/g, '-'),
              db: 3,
              key: name,
              segments: [],
              values,
              ttl: { class: 'bounded', max: '60s' },
              sources: [{ table: name, rows: 'list', where: columns, columns, unused: values }],
              filledBy: values,
              invalidatedBy: entries.map((one) => ({ ...one, how: values })),
              uncovered: entries.map((one) => ({ ...one, accepted: name })),
            },
          ],
          withoutSources: values,
        };
        const first = renderMapFile(map, null);
        const parsed = parseMapFile(first, 'map');
        expect(parsed.map).toEqual(map);
        expect(renderMapFile(map, parsed.document)).toBe(first);
      }),
      { numRuns: 200 },
    );
  });
});

const GOOD = `version: 1
templates:
  - template: item:{id}
    db: 0
    key: item:{items.id}
    segments: [[items.id]]
    values: [json]
    ttl: {class: bounded, max: 60s}
    sources: []
    filledBy: []
    invalidatedBy: []
    uncovered:
      - by: POST /orders
        statements: []
        changes: [items.price]
        accepted: agreed
`;

describe('what is wrong', () => {
  it('nothing, in a good file', () => {
    expect(parseMapFile(GOOD, 'map').map.templates[0]?.uncovered).toHaveLength(1);
  });

  it.each([
    ['an unknown field', 'accepted: agreed', 'acepted: agreed', 'WSE503', '16:9', 'did you mean "accepted"'],
    [
      'a field of another level',
      'version: 1',
      'version: 1\ntemplate: x',
      'WSE503',
      '2:1',
      'did you mean "templates"',
    ],
    ['snake case', 'filledBy: []', 'filled_by: []', 'WSE503', '10:5', 'did you mean "filledBy"'],
    ['an unknown version', 'version: 1', 'version: 2', 'WSE504', '1:1', 'version 2'],
    ['no version', 'version: 1', 'withoutSources: []', 'WSE503', '1:1', '"version"'],
    ['a wrong type', 'db: 0', 'db: zero', 'WSE503', '4:9', '"db" has the wrong type'],
    [
      'a text in place of a list',
      'values: [json]',
      'values: json',
      'WSE503',
      '7:13',
      '"values" has the wrong type',
    ],
    ['an impossible word', 'class: bounded', 'class: long', 'WSE503', '8:18', '"class"'],
    ['an impossible duration', 'max: 60s', 'max: a minute', 'WSE503', '8:32', '"max"'],
    ['an empty reason', 'accepted: agreed', 'accepted: ""', 'WSE503', '16:19', '"accepted"'],
    ['a missing field', '    db: 0\n', '', 'WSE503', '3:5', '"db" is missing'],
    ['too few segments', 'segments: [[items.id]]', 'segments: []', 'WSE503', '6:15', '"segments"'],
    [
      'a template twice',
      'templates:\n',
      `templates:\n${GOOD.split('templates:\n')[1]}`,
      'WSE503',
      '17:5',
      'twice',
    ],
    ['no YAML', 'segments: [[items.id]]', 'segments: [[items.id]', 'WSE502', '7:5', 'no YAML'],
    ['a field twice', 'db: 0', 'db: 0\n    db: 1', 'WSE502', '5:5', 'unique'],
    ['two documents', GOOD, `${GOOD}---\n${GOOD}`, 'WSE502', '17:1', 'documents'],
  ])('%s', (_, good, bad, code, place, what) => {
    const text = GOOD.replace(good, bad);
    expect(text).not.toBe(GOOD);
    const error = facts(() => parseMapFile(text, 'whystale.map.yaml'));
    expect(error).toMatchObject({ code });
    expect(error.what).toContain(`whystale.map.yaml:${place}: `);
    expect(error.what).toContain(what);
  });

  it('is said of files that hold something else, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(facts(() => parseMapFile(`${text}\nversion: 1`, 'map')).code).toMatch(/^WSE50[234]$/);
      }),
      { numRuns: 200 },
    );
  });

  it('does not follow a bomb of aliases', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(facts(() => parseMapFile(lines.join('\n'), 'map')).code).toBe('WSE502');
  });

  it('a file that is not there', () => {
    const missing = join(file(GOOD), '..', 'missing.yaml');
    expect(facts(() => readMapFile(missing))).toMatchObject({ code: 'WSE501' });
  });

  it('a place that cannot be written to', () => {
    const nowhere = join(file(GOOD), '..', 'no', 'such', 'folder.yaml');
    expect(facts(() => writeMapFile(nowhere, UNCOVERED, { prune: false }))).toMatchObject({ code: 'WSE505' });
  });
});

describe('schemas/whystale.map.schema.json', () => {
  it('is the form that is read; update with: npx vitest run --project unit test/mapfile -u', async () => {
    const text = formattedJson(mapFileJsonSchema());
    await expect(text).toMatchFileSnapshot('../../schemas/whystale.map.schema.json');
  });
});
