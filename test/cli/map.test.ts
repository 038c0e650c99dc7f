import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MapSchema } from '../../src/report/map-document.ts';
import { temporaryFolder } from '../recording/folder.ts';
import { whystale } from './frame.ts';
import { record, STALE_FILL_RACE } from './story.ts';

describe('map', () => {
  test('draws the newest recording and ends with what was found', async () => {
    const folder = temporaryFolder();
    await record(folder, STALE_FILL_RACE);
    const { exitCode, out, err } = await whystale(['map'], folder);
    expect([exitCode, err]).toEqual([0, '']);
    expect(out).toMatch(/^item:\{id\} {3}json, TTL 60 s$/m);
    expect(out).toMatch(/^ {4}key {8}item:\{items\.id\}$/m);
    expect(out).toMatch(/1 template, 1 write that changes their sources, 0 uncovered\.\n$/);
  });

  test('prints exactly one JSON document that meets the schema', async () => {
    const recording = await record(temporaryFolder(), STALE_FILL_RACE);
    const { exitCode, out, err } = await whystale(['map', recording, '--json']);
    const document = MapSchema.parse(JSON.parse(out));
    expect(document.templates.map(({ template, key }) => [template, key])).toEqual([
      ['item:{id}', 'item:{items.id}'],
    ]);
    expect([exitCode, err, document.check]).toEqual([0, '', null]);
  });

  test('writes a map that the same recording passes', async () => {
    const folder = temporaryFolder();
    const recording = await record(folder, STALE_FILL_RACE);
    const written = await whystale(['map', recording, '--write', 'whystale.map.yaml'], folder);
    expect([written.exitCode, written.out]).toEqual([
      0,
      expect.stringContaining('Written to whystale.map.yaml.'),
    ]);
    expect(readFileSync(join(folder, 'whystale.map.yaml'), 'utf8')).toContain('- template: item:{id}');
    const checked = await whystale(['map', recording, '--check', 'whystale.map.yaml'], folder);
    expect([checked.exitCode, checked.out]).toEqual([0, expect.stringContaining('Passed: ')]);
  });

  test('decides nothing when the recording shows none of the templates', async () => {
    const folder = temporaryFolder();
    const recording = await record(folder, STALE_FILL_RACE);
    const file = join(folder, 'whystale.map.yaml');
    await whystale(['map', recording, '--write', file], folder);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('item:{id}', 'thing:{id}'));
    const { exitCode, out } = await whystale(['map', recording, '--check', file], folder);
    expect([exitCode, out]).toEqual([3, expect.stringMatching(/shows none of its\s+templates/)]);
  });

  test.each([
    ['a map that is not there', ['--check', 'missing.yaml'], 'WSE501', 2],
    ['writing and checking at once', ['--check', 'a.yaml', '--write', 'b.yaml'], 'WSE001', 2],
    ['a folder that is not there', ['--write', 'no/such/folder.yaml'], 'WSE505', 4],
  ])('says what is wrong: %s', async (_, args, code, expected) => {
    const folder = temporaryFolder();
    const recording = await record(folder, STALE_FILL_RACE);
    const { exitCode, out } = await whystale(['map', recording, ...args, '--json'], folder);
    expect([exitCode, JSON.parse(out).error.code]).toEqual([expected, code]);
  });

  test('says where the map is wrong', async () => {
    const folder = temporaryFolder();
    const recording = await record(folder, STALE_FILL_RACE);
    const file = join(folder, 'whystale.map.yaml');
    writeFileSync(file, 'version: 1\ntemplate: []\n');
    const { exitCode, err } = await whystale(['map', recording, '--check', file], folder);
    expect([exitCode, err]).toEqual([2, expect.stringContaining(`${file}:2:1: unknown field "template"`)]);
  });
});
