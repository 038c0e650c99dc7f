/** `hunt` as a command line: what is refused, and ranking, which starts nothing. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HuntResult } from '../../src/race/hunt/contract.ts';
import { whystale } from './frame.ts';
import { record, STALE_FILL_RACE } from './story.ts';

const folder = mkdtempSync(join(tmpdir(), 'whystale-cli-hunt-'));

const BASE = `service: { command: node server.js, ready: GET /healthz }
reset: { redis: flushdb }
actors: { reader: GET /items/1, writer: { request: PUT /items/1, json: { price: 12 } } }
oracle: GET /items/1
`;

beforeAll(async () => {
  await record(folder, STALE_FILL_RACE, 'rec');
  await record(
    folder,
    STALE_FILL_RACE.filter(({ tier }) => tier !== 'http'),
    'deaf',
  );
  await record(
    folder,
    STALE_FILL_RACE.filter(({ id }) => id < 5 || id >= 90),
    'idle',
  );
  writeFileSync(join(folder, 'base.yaml'), BASE);
  writeFileSync(join(folder, 'bad.yaml'), BASE.replace('oracle', 'orcale'));
  writeFileSync(join(folder, 'file'), '');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('what is refused', () => {
  test.each<[string, string[], number, string, RegExp]>([
    ['no recording', ['base.yaml'], 2, 'WSE203', /base.yaml/],
    ['a recording without HTTP', ['deaf'], 2, 'WSE670', /--http/],
    ['a recording in which nothing meets', ['idle'], 3, 'WSE671', /pairs/],
    ['a body that is none', ['rec', '--body', 'PUT /items/{id}'], 2, 'WSE672', /PUT \/items/],
    ['a body for nobody', ['rec', '--body', 'PUT /goods/{id}={}'], 2, 'WSE673', /PUT \/items\/\{id\}/],
    ['a header that is none', ['rec', '--header', 'authorization'], 2, 'WSE674', /authorization/],
    ['a base that is not there', ['rec', '--base', 'none.yaml'], 2, 'WSE601', /none.yaml/],
    ['a base that is wrong', ['rec', '--base', 'bad.yaml'], 2, 'WSE603', /bad.yaml:4:1/],
    ['an unknown fault', ['rec', '--fault', 'fire'], 2, 'WSE001', /reply-lost/],
    ['a place that is a file', ['rec', '--out', 'file'], 4, 'WSE675', /file/],
  ])('%s', async (_, args, exit, code, what) => {
    const { exitCode, out } = await whystale(['hunt', ...args, '--json'], folder);
    const { error } = JSON.parse(out);
    expect([exitCode, error.code]).toEqual([exit, code]);
    expect(`${error.what} ${error.expected} ${error.next}`).toMatch(what);
  });
});

describe('ranking', () => {
  test('writes scenarios and says what they lack', async () => {
    const { exitCode, out } = await whystale(['hunt', 'rec', '--json'], folder);
    const result = JSON.parse(out) as HuntResult;
    expect([exitCode, result.format, result.verdict, result.ran]).toEqual([
      0,
      'whystale-hunt/1',
      'unknown',
      false,
    ]);
    expect(result.missing.join()).toMatch(/ready.*reset/);
    const [pair] = result.pairs;
    expect(pair).toMatchObject({
      reader: 'GET /items/{id}',
      writer: 'PUT /items/{id}',
      requests: { reader: 'GET /items/4711', writer: 'PUT /items/4711' },
      sameRow: true,
      missing: [expect.stringContaining('the body of PUT /items/4711')],
      outcome: { state: 'skipped' },
    });
    expect(pair?.predictions[0]).toMatchObject({ code: 'WS104', template: 'item:{id}', needs: 'ordering' });
    expect(pair?.scenario).toBe(join(folder, '.whystale/hunt/get-items-id--put-items-id.yaml'));
    expect(readFileSync(pair!.scenario!, 'utf8')).toContain('reader: GET /items/4711');
  });

  test('is all that --no-run does, whatever it is given', async () => {
    const args = ['hunt', 'rec', '--base', 'base.yaml', '--no-run', '--out', 'elsewhere'];
    const { exitCode, out } = await whystale(args, folder);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^unknown {2}1 pair of requests may race; none was run\./);
    expect(out).toContain('predicted  WS104 stale-fill-race 0.80');
    expect(out).toContain('not run    it was not asked for');
    expect(existsSync(join(folder, 'elsewhere/get-items-id--put-items-id.yaml'))).toBe(true);
  });

  test('keeps what a person has edited', async () => {
    const file = join(folder, 'mine', 'get-items-id--put-items-id.yaml');
    const args = ['hunt', 'rec', '--base', 'base.yaml', '--no-run', '--out', 'mine'];
    await whystale(args, folder);
    const edited = readFileSync(file, 'utf8').replace('price: 12', 'price: 13');
    writeFileSync(file, edited);
    const { out } = await whystale(args, folder);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('Note: get-items-id--put-items-id.yaml was edited');
    expect(readFileSync(file, 'utf8')).toBe(edited);
  });
});
