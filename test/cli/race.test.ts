/** `race` and `replay` as command lines: what is refused before anything is started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Keys, readKeys } from '../../src/cli/keys.ts';
import { withOptions } from '../../src/cli/race-options.ts';
import { StatusLine } from '../../src/cli/status-line.ts';
import { encodeSchedule } from '../../src/race/explore/schedule.ts';
import { readScenario } from '../../src/race/scenario/index.ts';
import { testFrame, whystale } from './frame.ts';

const folder = mkdtempSync(join(tmpdir(), 'whystale-cli-race-'));

const SCENARIO = `service: { command: node server.js }
reset: { redis: flushdb }
actors: { reader: GET /items/1, writer: PUT /items/1 }
oracle: GET /items/1
faults: [crash, reset]
`;

const SCHEDULE = encodeSchedule({
  scenario: { path: 'gone.yaml' },
  start: 'cold',
  fault: null,
  steps: [],
  verdict: 'invalid',
  cause: 'WS104',
});

beforeAll(() => {
  writeFileSync(join(folder, 'good.yaml'), SCENARIO);
  writeFileSync(join(folder, 'bad.yaml'), SCENARIO.replace('oracle', 'orcale').replace('reset:', 'rest:'));
  writeFileSync(join(folder, 'writers.yaml'), SCENARIO.replace('reader: GET', 'other: PUT'));
  writeFileSync(join(folder, 'gone.json'), SCHEDULE);
  writeFileSync(join(folder, 'other.json'), SCHEDULE.replace('schedule/1', 'schedule/9'));
  writeFileSync(join(folder, 'damaged.json'), SCHEDULE.replace('"steps": []', '"steps": 5'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('what is refused', () => {
  test.each<[string, string[], string, RegExp]>([
    ['no scenario', ['race'], 'WSE001', /missing required argument/i],
    ['an unknown flag', ['race', 'good.yaml', '--fast'], 'WSE001', /--fast/],
    ['an unknown strategy', ['race', 'good.yaml', '--strategy', 'luck'], 'WSE001', /dpor, random/],
    ['an unknown fault', ['race', 'good.yaml', '--fault', 'fire'], 'WSE001', /reply-lost/],
    ['an unknown start', ['race', 'good.yaml', '--start', 'hot'], 'WSE001', /cold, warm/],
    ['a number that is none', ['race', 'good.yaml', '--executions', '0'], 'WSE001', /from 1 up/],
    ['a negative seed', ['race', 'good.yaml', '--seed', '1.5'], 'WSE001', /from 0 up/],
    ['faults and none', ['race', 'good.yaml', '--fault', 'crash', '--no-faults'], 'WSE001', /--no-faults/],
    [
      'a reduction of chance',
      ['race', 'good.yaml', '--strategy', 'random', '--por', 'none'],
      'WSE608',
      /--por/,
    ],
    ['a warm start without reader', ['race', 'writers.yaml', '--start', 'warm'], 'WSE604', /needs a reader/],
    ['a report of findings', ['race', 'good.yaml', '--report', 'sarif=x'], 'WSE008', /sarif/],
    ['no such scenario', ['race', 'none.yaml'], 'WSE601', /none.yaml could not be read: it does not exist/],
    [
      'a bad scenario',
      ['race', 'bad.yaml'],
      'WSE603',
      /bad.yaml:2:1: unknown field "rest"; did you mean "reset"/,
    ],
    ['no such schedule', ['replay', 'none.json'], 'WSE605', /none.json/],
    ['a schedule of another version', ['replay', 'other.json'], 'WSE607', /whystale-schedule\/9/],
    ['a damaged schedule', ['replay', 'damaged.json'], 'WSE606', /steps: expected a list/],
    ['a schedule whose scenario is gone', ['replay', 'gone.json'], 'WSE601', /gone.yaml/],
    ['a scenario that is not there', ['replay', 'gone.json', '--scenario', 'no.yaml'], 'WSE601', /no.yaml/],
    ['no times', ['replay', 'gone.json', '--times', '0'], 'WSE001', /from 1 up/],
  ])('%s', async (_, args, code, what) => {
    const text = await whystale(args, folder);
    expect(text.exitCode).toBe(2);
    expect(text.out).toBe('');
    expect(text.err).toContain(`error ${code}`);
    const { exitCode, out } = await whystale([...args, '--json'], folder);
    const { error } = JSON.parse(out);
    expect([exitCode, error.code]).toEqual([2, code]);
    expect(`${error.what} ${error.expected}`).toMatch(what);
  });

  test('two things that want stdout', async () => {
    const { exitCode, out } = await whystale(['race', 'good.yaml', '--json', '--report', 'text=-'], folder);
    expect([exitCode, JSON.parse(out).error.code]).toEqual([2, 'WSE008']);
  });

  test('is told with every problem of the file', async () => {
    const { err } = await whystale(['race', 'bad.yaml'], folder);
    const unwrapped = err.replaceAll(/\s+/g, ' ');
    expect(unwrapped).toContain('bad.yaml:2:1: unknown field "rest"; did you mean "reset"?');
    expect(unwrapped).toContain('bad.yaml:4:1: unknown field "orcale"; did you mean "oracle"?');
    const { out } = await whystale(['race', 'bad.yaml', '--json'], folder);
    expect(JSON.parse(out).error.problems).toHaveLength(2);
  });
});

test('the command line stands in place of what the scenario says', async () => {
  const scenario = await readScenario(join(folder, 'good.yaml'), {});
  const nothing = { strategy: 'dpor', seed: 1, fault: [], faults: true, start: [] } as const;
  expect(withOptions(scenario, nothing)).toEqual(scenario);
  const said = { ...nothing, fault: ['expire'], start: ['warm', 'cold'], executions: 7, seconds: 9 } as const;
  expect(withOptions(scenario, said)).toEqual({
    ...scenario,
    faults: ['expire'],
    start: ['warm', 'cold'],
    limits: { ...scenario.limits, executions: 7, seconds: 9 },
  });
  expect(withOptions(scenario, { ...nothing, faults: false }).faults).toEqual([]);
});

describe('progress', () => {
  const on = (terminal: boolean) => {
    const printed = testFrame();
    return { status: new StatusLine({ ...printed.frame, terminal }), err: printed.err };
  };

  test('is one line of a terminal, below what stays, and goes away', () => {
    const { status, err } = on(true);
    status.set('1 execution');
    status.say('found one');
    status.close();
    const clear = '\r\u001b[2K';
    expect(err()).toBe(`${clear}1 execution${clear}found one\n${clear}1 execution${clear}`);
  });

  test('is a line now and then elsewhere', () => {
    const { status, err } = on(false);
    for (let n = 1; n <= 100; n += 1) status.set(`${n} executions`);
    status.say('found one');
    status.close();
    expect(err()).toBe('whystale: 1 executions\nfound one\n');
  });
});

describe('keys', () => {
  async function all(keys: Keys): Promise<(string | null)[]> {
    const pressed = [];
    for (let key = await keys.next(); key !== null; key = await keys.next()) pressed.push(key);
    return pressed;
  }

  test('are the first characters of lines where nobody sits at a terminal', async () => {
    expect(await all(readKeys(Readable.from(['\n', 'continue\n  q\n'])))).toEqual(['', 'c', 'q']);
  });

  test('are single ones at a terminal, which is given back', async () => {
    const modes: boolean[] = [];
    const stdin = Object.assign(new Readable({ read() {} }), {
      isTTY: true,
      setRawMode: (on: boolean) => modes.push(on),
    });
    const keys = readKeys(stdin);
    stdin.push('\rc');
    expect([await keys.next(), await keys.next()]).toEqual(['', 'c']);
    const waiting = keys.next();
    stdin.push('\u0003');
    expect(await waiting).toBe('q');
    const last = keys.next();
    keys.close();
    expect([await last, modes]).toEqual([null, [true, false]]);
  });
});
