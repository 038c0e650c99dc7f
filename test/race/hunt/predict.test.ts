/** What a hunt predicts from small recordings: one reader's miss, read and fill; one writer's commit and what it does about keys. */
import { describe, expect, it } from 'vitest';
import { pairsOf } from '../../../src/race/hunt/pairs.ts';
import { predict } from '../../../src/race/hunt/predict.ts';
import { sightingsOf } from '../../../src/race/hunt/sightings.ts';
import type { FillForm, WriterWays } from '../../../src/race/hunt/ways.ts';
import { parseHistory } from '../../support/history.ts';

/** Long after everything: what was not removed by then will not be. */
const LATER = '90000 r9 GET other:1 -> miss';
const DOCUMENT = (id: number) => `{"id":${id},"name":"Lamp${id}","price":${1000 + id}}`;

interface Way {
  /** The fill of item `id`, in place of a plain SET. */
  readonly fill?: (id: number) => string;
  /** What the writer does before its UPDATE, between it and COMMIT, and after. */
  readonly first?: (id: number) => string;
  readonly inside?: (id: number) => string;
  readonly after?: (id: number) => string;
}

/** Three items, each read, then written, then (unless its key was left) read again. */
function recorded({ fill = set, first = none, inside = none, after = none }: Way): string {
  const items = [4711, 4712, 4713];
  const lines = items.flatMap((id, i) => {
    const at = (ms: number) => (i * 10_000 + ms).toFixed(1);
    const timed = (text: string, ms: number, session: string) =>
      text === '' ? [] : [`${at(ms)} ${session} ${text}`];
    return [
      `${at(100)}-${at(110)} h1 HTTP GET /items/${id} -> 200`,
      `${at(101)} r1 GET item:${id} -> miss`,
      `${at(102)} p1 read items id=${id} -> id=${id} name=Lamp${id} price=${1000 + id}`,
      ...timed(fill(id), 104, 'r1'),
      `${at(200)}-${at(210)} h1 HTTP GET /items/${id} -> 200`,
      `${at(201)} r1 GET item:${id} -> ${DOCUMENT(id)}`,
      `${at(500)}-${at(520)} h2 HTTP PUT /items/${id} -> 200`,
      ...timed(first(id), 501, 'r2'),
      `${at(502)} p2 begin`,
      `${at(503)} p2 write items id=${id} set price=${9000 + id}`,
      ...timed(inside(id), 505, 'r2'),
      `${at(507)} p2 commit`,
      ...timed(after(id), 510, 'r2'),
    ];
  });
  return `table items key id\n${lines.join('\n')}\n${LATER}`;
}

const none = () => '';
const set = (id: number) => `SET item:${id} ${DOCUMENT(id)} EX 60`;
const del = (id: number) => `DEL item:${id} -> 1`;
const rewrite = (id: number) => `SET item:${id} {"id":${id},"name":"Lamp${id}","price":${9000 + id}} EX 60`;

function hunted(history: string): readonly string[] {
  const { templates } = sightingsOf(parseHistory(history).operations);
  return pairsOf(templates, new Set()).flatMap(({ reader, writer, score, predictions }) => [
    `${reader} | ${writer} ${score}`,
    ...predictions.map(({ code, score: own, needs }) => `${code} ${own} ${needs}`),
  ]);
}

describe('what is predicted', () => {
  it.each<[string, Way, string[]]>([
    ['removes nothing', {}, ['WS101 0.95 nothing']],
    ['removes a key that nobody reads', { after: (id) => `DEL items:${id} -> 0` }, ['WS102 0.95 nothing']],
    ['removes the key within its transaction', { inside: del }, ['WS103 0.9 ordering']],
    ['removes the key before its transaction', { first: del }, ['WS103 0.9 ordering']],
    ['removes the key after its commit', { after: del }, ['WS104 0.8 ordering', 'WS105 0.3 fault']],
    [
      'removes the key before and after',
      { inside: del, after: (id) => `DEL item:${id} -> 0` },
      ['WS104 0.8 ordering'],
    ],
    [
      'removes it, and the reader fills by a script',
      { fill: (id) => `EVAL item:${id} ${DOCUMENT(id)}`, after: del },
      ['WS105 0.3 fault', 'WS104 0.15 ordering'],
    ],
    [
      'rewrites the key after its commit',
      { after: rewrite },
      ['WS104 0.8 ordering', 'WS109 0.4 second-writer', 'WS105 0.3 fault'],
    ],
    [
      'rewrites the key before its commit',
      { inside: rewrite },
      ['WS104 0.8 ordering', 'WS106 0.5 fault', 'WS109 0.4 second-writer'],
    ],
    [
      'fails to remove the key',
      { after: (id) => `DEL item:${id} -> ERR NOPERM` },
      ['WS101 0.95 nothing', 'WS105 0.9 fault'],
    ],
  ])('the writer %s', (_, way, expected) => {
    const [pair, ...predictions] = hunted(recorded(way));
    expect(pair).toMatch(/^GET \/items\/\{id\} \| PUT \/items\/\{id\} /);
    expect(predictions.toSorted()).toEqual(expected.toSorted());
  });

  it('what was seen stale comes first', () => {
    const history = recorded({});
    const again = `600-610 h1 HTTP GET /items/4711 -> 200\n601 r1 GET item:4711 -> ${DOCUMENT(4711)}`;
    expect(hunted(`${history}\n${again}`)).toContain('WS101 1 nothing');
  });

  it('a writer that removes another key fed by the row left this one behind', () => {
    const list = [4711, 4712, 4713].flatMap((_, i) => {
      const at = (ms: number) => i * 10_000 + ms;
      return [
        `${at(50)}-${at(60)} h3 HTTP GET /list -> 200`,
        `${at(51)} r3 GET list:all -> miss`,
        `${at(52)} p3 read items all -> id=4711 name=Lamp4711 price=${5711 + i}; id=4712 name=Lamp4712 price=${6000 + i}`,
        `${at(54)} r3 SET list:all [{"id":4711,"name":"Lamp4711","price":${5711 + i}},{"id":4712,"name":"Lamp4712","price":${6000 + i}}] EX 60`,
        `${at(511)} r2 DEL list:all -> 1`,
      ];
    });
    const told = hunted(`${recorded({})}\n${list.join('\n')}`);
    expect(told.join('\n')).toMatch(/GET \/items\/\{id\} \| PUT \/items\/\{id\} 0\.95\nWS110 0\.95 nothing/);
    expect(told.join('\n')).toMatch(/GET \/list \| PUT \/items\/\{id\} [\d.]+\nWS104/);
  });
});

describe('a late fill', () => {
  const writer = {
    changes: ['items.price'],
    commits: 4,
    cached: 4,
    stale: 0,
    left: 0,
    certain: true,
    before: { removed: 0, rewritten: 0 },
    after: { removed: 4, rewritten: 0 },
    guarded: 0,
    failed: 0,
    elsewhere: { read: 0, unread: 0 },
  };
  const late = (form: FillForm | null, ways: Partial<WriterWays> = {}) => {
    const fills = new Map(form === null ? [] : [[form, 4]]);
    const reader = { fills, negative: false };
    const found = predict({ template: 'item:{id}', reader, writer: { ...writer, ...ways } });
    return found.find(({ code }) => code === 'WS104')?.score;
  };
  const rewritten = { after: { removed: 0, rewritten: 4 } };
  const guarded = { guarded: 4 };

  it.each<[string, FillForm | null, Partial<WriterWays>, number]>([
    ['after a removal', 'plain', {}, 0.8],
    ['by SET NX, after a removal', 'absent-only', {}, 0.7],
    ['by SET NX, after a rewrite', 'absent-only', rewritten, 0.2],
    ['by MULTI', 'transaction', {}, 0.5],
    ['by a script', 'script', {}, 0.15],
    ['by a script, and the writer uses one too', 'script', guarded, 0.04],
    ['though only the writer uses a script', 'plain', guarded, 0.8],
    ['under a generation that the writer raises', 'generation', guarded, 0.03],
    ['that was never seen', null, {}, 0.2],
    ['by a writer that may change something else', 'plain', { certain: false }, 0.48],
  ])('%s', (_, form, ways, score) => {
    expect(late(form, ways)).toBe(score);
  });
});

describe('pairs', () => {
  it('are none where the writer changes other rows', () => {
    const history = recorded({ after: del }).replaceAll('p2 write items', 'p2 write audits');
    expect(hunted(history)).toEqual([]);
  });

  it('are none without a route', () => {
    const history = recorded({ after: del }).replaceAll(/^.* HTTP .*\n/gm, '');
    const sightings = sightingsOf(parseHistory(history).operations);
    expect(sightings).toMatchObject({ http: false, unattributed: { fills: 3, commits: 3 } });
    expect(pairsOf(sightings.templates, new Set())).toEqual([]);
  });

  it('that need a fault rank behind the others, unless faults are asked for', () => {
    const { templates } = sightingsOf(
      parseHistory(recorded({ fill: (id) => `EVAL item:${id} ${DOCUMENT(id)}`, after: del })).operations,
    );
    expect(pairsOf(templates, new Set()).map(({ score }) => score)).toEqual([0.15]);
    expect(pairsOf(templates, new Set(['fault'])).map(({ score }) => score)).toEqual([0.3]);
  });
});
