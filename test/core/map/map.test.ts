/** What the map says of short histories: sources, fills, and each kind of write with what becomes of the keys it feeds. */
import { describe, expect, it } from 'vitest';
import type { CoverageMap, MappedTemplate } from '../../../src/core/map/coverage-map.ts';
import { mapOf } from '../../../src/core/map/map.ts';
import { parseHistory } from '../../support/history.ts';

/** Long after everything: what was not removed by then will not be. */
const LATER = '5000 r9 GET other:1 -> miss';

function mapped(history: string): CoverageMap {
  return mapOf(parseHistory(`table items key id\ntable users key id\n${history}\n${LATER}`).operations);
}

function template(history: string, name = 'item:{id}', db = 0): MappedTemplate {
  const map = mapped(history);
  const found = map.templates.find((one) => one.template === name && one.db === db);
  if (found === undefined)
    throw new Error(`no ${name} among ${map.templates.map((one) => one.template).join(', ')}`);
  return found;
}

/** `uncovered certain items.price seen=1 cached=1 stale=0 invalidated=0`. */
function writes(history: string, name?: string, db?: number): string[] {
  return template(history, name, db).writes.map(
    (write) =>
      `${write.status} ${write.confidence} ${write.changes.join('+')} seen=${write.seen} cached=${write.cached} stale=${write.stale} invalidated=${write.invalidated}`,
  );
}

const FILL = `
0    r1 GET item:1 -> miss
0.4  p1 read items id=1 -> id=1 name=Lamp stock=10 seen=2026
1    r1 SET item:1 {"id":1,"name":"Lamp","stock":10} EX 60
2    r1 GET item:2 -> miss
2.4  p1 read items id=2 -> id=2 name=Chair stock=4711 seen=2025
3    r1 SET item:2 {"id":2,"name":"Chair","stock":4711} EX 60
`;

describe('a template', () => {
  it('tells its sources, its key and its fills', () => {
    const { key, segments, sources, ttl, formats, filledBy, keys } = template(FILL);
    expect({ key, segments, ttl, formats, keys }).toEqual({
      key: 'item:{items.id}',
      segments: [['items.id']],
      ttl: { minMs: 60_000, maxMs: 60_000, unbounded: 0 },
      formats: ['json'],
      keys: 2,
    });
    expect(sources).toEqual([
      {
        table: 'items',
        rows: 'one',
        where: ['id'],
        columns: ['id', 'name', 'stock'],
        unused: ['seen'],
        absent: false,
        certain: true,
        statements: ['select id, name, stock, seen from items where items.id'],
      },
    ]);
    expect(filledBy).toEqual([{ by: { kind: 'statement', name: sources[0]!.statements[0] }, fills: 2 }]);
  });

  it('is filled by the route where HTTP was in view', () => {
    const { filledBy } = template(`0-5 h1 HTTP GET /items/1 -> 200\n${FILL}`);
    expect(filledBy.map(({ by }) => by)).toEqual([{ kind: 'route', name: 'GET /items/{id}' }]);
  });

  it.each([
    ['none', 'SET item:1 {"id":1,"name":"Lamp","stock":10}', { minMs: null, maxMs: null, unbounded: 1 }],
    [
      'EX',
      'SET item:1 {"id":1,"name":"Lamp","stock":10} EX 30',
      { minMs: 30_000, maxMs: 30_000, unbounded: 0 },
    ],
  ])('tells the time to live: %s', (_, fill, expected) => {
    const history = `0 r1 GET item:1 -> miss\n0.4 p1 read items id=1 -> id=1 name=Lamp stock=10\n1 r1 ${fill}`;
    expect(template(history).ttl).toEqual(expected);
  });

  it('has a time to live that EXPIRE gives after the fill', () => {
    const { ttl } = template(`
      0 r1 GET item:1 -> miss
      0.4 p1 read items id=1 -> id=1 name=Lamp stock=10
      1 r1 SET item:1 {"id":1,"name":"Lamp","stock":10}
      1.5 r1 EXPIRE item:1 20`);
    expect(ttl.unbounded).toBe(0);
    expect(ttl.maxMs).toBeCloseTo(20_000, -2);
  });

  it('of another database is another template', () => {
    const map = mapped(`${FILL}
      10    r1 GET @2 item:1 -> miss
      10.4  p1 read items id=1 -> id=1 name=Lamp stock=10
      11    r1 SET @2 item:1 {"id":1,"name":"Lamp","stock":10} EX 60
      20    p2 write items id=1 set name=Lantern
      21    r2 DEL item:1 -> 1`);
    const told = map.templates.map(({ template: name, db, writes: found }) => [
      name,
      db,
      found.map(({ status }) => status),
    ]);
    expect(told).toEqual([
      ['item:{id}', 0, ['covered']],
      ['item:{id}', 2, ['uncovered']],
    ]);
  });

  it('whose key is not a column cannot be built', () => {
    const pages = [1, 2, 3].map(
      (page) => `
        ${page}   r1 GET page:${page} -> miss
        ${page}.4 p1 read items limit -> id=${page}7 name=Lamp${page}; id=${page}8 name=Chair${page}
        ${page}.6 r1 SET page:${page} [{"id":${page}7,"name":"Lamp${page}"},{"id":${page}8,"name":"Chair${page}"}] EX 60`,
    );
    const { key, segments, sources } = template(pages.join('\n'), 'page:{id}');
    expect({ key, segments }).toEqual({ key: null, segments: [[]] });
    expect(sources.map(({ rows }) => rows)).toEqual(['list']);
  });

  it('without known sources is named apart', () => {
    expect(mapped('0 r1 SET lock:7 busy EX 5\n1 r1 GET lock:7 -> busy').unexplained).toContainEqual({
      template: 'lock:7',
      db: 0,
    });
  });
});

describe('a write is', () => {
  it('covered when it removes the key after its commit', () => {
    const { writes: found } = template(`${FILL}
      10 p2 write items id=1 set name=Lantern
      11 r2 DEL item:1 -> 1`);
    expect(found).toMatchObject([
      {
        status: 'covered',
        changes: ['items.name'],
        invalidations: [{ how: 'DEL', when: 'after-commit', times: 1 }],
      },
    ]);
  });

  it('uncovered, and seen stale, when a hit served the old value', () => {
    expect(
      writes(`${FILL}
      10 p2 write items id=1 set name=Lantern
      900 r2 GET item:1 -> {"id":1,"name":"Lamp","stock":10}`),
    ).toEqual(['uncovered certain items.name seen=1 cached=1 stale=1 invalidated=0']);
  });

  it('uncovered, though nobody has looked yet', () => {
    expect(writes(`${FILL}\n10 p2 write items id=1 set name=Lantern`)).toEqual([
      'uncovered certain items.name seen=1 cached=1 stale=0 invalidated=0',
    ]);
  });

  it('uncovered, though the key was not cached at the time', () => {
    expect(
      writes(`${FILL}
      10 p1 read items id=77 -> id=77 name=Desk stock=1234
      11 p2 write items id=77 set name=Bench`),
    ).toEqual(['uncovered certain items.name seen=1 cached=0 stale=0 invalidated=0']);
  });

  it('covered where it removes what happens not to be cached', () => {
    expect(
      writes(`${FILL}
      11 p2 write items id=77 set name=Bench
      12 r2 DEL item:77 -> 0`),
    ).toEqual([expect.stringMatching(/^covered .* cached=0 stale=0 invalidated=1$/)]);
  });

  it('uncovered when it removes the key of another row', () => {
    expect(
      writes(`${FILL}
      10 p2 write items id=1 set name=Lantern
      11 r2 DEL item:2 -> 1`),
    ).toEqual(['uncovered certain items.name seen=1 cached=1 stale=0 invalidated=0']);
  });

  it('uncovered when it removes a key that nobody fills, and says which', () => {
    const { writes: found } = template(`${FILL}
      10 p2 write items id=1 set name=Lantern
      11 r2 DEL old-item:1 -> 0`);
    expect(found).toMatchObject([{ status: 'uncovered', removes: ['old-item:1'] }]);
  });

  it('covered, early, when it removes the key before its commit', () => {
    const { writes: found } = template(`${FILL}
      10 p2 begin
      10.2 p2 write items id=1 set name=Lantern
      10.5 r2 DEL item:1 -> 1
      11 p2 commit`);
    expect(found).toMatchObject([
      { status: 'covered', invalidations: [{ how: 'DEL', when: 'before-commit', times: 1 }] },
    ]);
  });

  it('covered when it writes the new value through', () => {
    const { writes: found } = template(`${FILL}
      10 p2 write items id=1 set name=Lantern -> id=1 name=Lantern stock=10
      11 r2 SET item:1 {"id":1,"name":"Lantern","stock":10} EX 60`);
    expect(found).toMatchObject([
      { status: 'covered', invalidations: [{ how: 'rewrite by SET', when: 'after-commit' }] },
    ]);
  });

  it('not uncovered when its removal was sent and refused', () => {
    const [write] = template(`${FILL}
      10 p2 write items id=1 set name=Lantern
      11 r2 DEL item:1 -> 1
      12 r1 GET item:1 -> miss
      12.4 p1 read items id=1 -> id=1 name=Lantern stock=10
      13 r1 SET item:1 {"id":1,"name":"Lantern","stock":10} EX 60
      20 p2 write items id=1 set name=Lampion
      21 r2 DEL item:1 -> ERR READONLY`).writes;
    expect(write).toMatchObject({ status: 'partial', failed: 1, seen: 2, invalidated: 1 });
  });

  it('undecided when the history ends before its removal could have been sent', () => {
    const history = parseHistory(`table items key id\n${FILL}\n10 p2 write items id=1 set name=Lantern`);
    expect(mapOf(history.operations).templates[0]?.writes).toMatchObject([{ status: 'undecided' }]);
  });

  it('of an outside client when the change stream alone tells it', () => {
    const [write] = template(`${FILL}
      10-11 stream update items id=1 xid=7 by=cron/shop -> id=1 name=Lantern stock=10 seen=2026`).writes;
    expect(write).toMatchObject({
      status: 'uncovered',
      by: { kind: 'client', name: 'outside: cron' },
      changes: ['items.name'],
    });
  });
});

describe('a write is none of the template', () => {
  it.each([
    ['when it changes a column that is read and not cached', '10 p2 write items id=1 set seen=2027'],
    ['when it changes nothing', '10 p2 write items id=1 set name=Lamp'],
    ['when it changes another table', '10 p2 write users id=1 set name=Ada'],
    ['when it adds a row that no key is asked for', '10 p2 insert items id=9 name=Bed stock=5'],
    ['when it is rolled back', '10 p2 begin\n10.1 p2 write items id=1 set name=Lantern\n11 p2 rollback'],
    ['when it changed no row', '10 p2 write items id=1 set name=Lantern -> 0'],
  ])('%s', (_, write) => {
    expect(writes(`${FILL}\n${write}`)).toEqual([]);
  });

  it('when it sets the tables up before anybody uses the cache', () => {
    const later = FILL.replaceAll(/^(\d)/gm, '10$1');
    expect(writes(`1 p2 write items id=1 set name=Lamb\n${later}`)).toEqual([]);
  });
});

describe('lists, figures and absence', () => {
  const LIST = `
    0    r1 GET shelf:5 -> miss
    0.4  p1 read items shelf=5 -> id=1 name=Lamp; id=2 name=Chair
    1    r1 SET shelf:5 [{"id":1,"name":"Lamp"},{"id":2,"name":"Chair"}] EX 60
    2    r1 GET shelf:6 -> miss
    2.4  p1 read items shelf=6 -> id=3 name=Desk; id=4 name=Bench
    3    r1 SET shelf:6 [{"id":3,"name":"Desk"},{"id":4,"name":"Bench"}] EX 60`;

  it.each([
    ['a new row', '10 p2 insert items id=9 name=Bed shelf=5', 'insert items'],
    ['a row that moves', '10 p2 write items id=1 set shelf=6', 'items.shelf'],
    ['a row that goes', '10 p2 delete items id=1', 'delete items'],
    ['a row that is renamed', '10 p2 write items id=1 set name=Lantern', 'items.name'],
  ])('a list is fed by %s', (_, write, changes) => {
    const [found] = template(`${LIST}\n${write}`, 'shelf:{id}').writes;
    expect(found).toMatchObject({ status: 'uncovered', changes: [changes], cached: 1 });
  });

  it('a list is covered by the removal of the right one only', () => {
    const insert = '10 p2 insert items id=9 name=Bed shelf=5';
    expect(writes(`${LIST}\n${insert}\n11 r2 DEL shelf:5 -> 1`, 'shelf:{id}')).toEqual([
      expect.stringMatching(/^covered /),
    ]);
    expect(writes(`${LIST}\n${insert}\n11 r2 DEL shelf:6 -> 1`, 'shelf:{id}')).toEqual([
      expect.stringMatching(/^uncovered /),
    ]);
  });

  it('a remembered absence is fed by the row that comes', () => {
    const found = template(`${FILL}
      5    r1 GET item:8 -> miss
      5.4  p1 read items id=8 -> none
      6    r1 SET item:8 null EX 60
      10   p2 insert items id=8 name=Bed stock=5`);
    expect(found.sources).toMatchObject([{ absent: true }]);
    expect(found.writes).toMatchObject([{ status: 'uncovered', changes: ['insert items'] }]);
  });

  it('a figure is fed by the columns that its statement mentions', () => {
    const COUNT = `
      0    r1 GET stats -> miss
      0.4  p1 read items shelf=5 -> total()=123456
      1    r1 SET stats {"total":123456} EX 60`;
    expect(writes(`${COUNT}\n10 p2 write items id=1 set shelf=6`, 'stats')).toEqual([
      expect.stringContaining('uncovered likely items.shelf'),
    ]);
    expect(writes(`${COUNT}\n10 p2 write items id=1 set note=hello`, 'stats')).toEqual([]);
  });
});

describe('kinds of write', () => {
  it('of one route are one entry, whatever columns its statements set', () => {
    const requests = [1, 2].map(
      (id) => `
      ${id}00-${id}20  h1 HTTP PUT /items/${id} -> 200
      ${id}05 p2 write items id=${id} set ${id === 1 ? 'name=Lantern' : 'stock=11'}`,
    );
    const { writes: found } = template(`${FILL}\n${requests.join('\n')}`);
    expect(found).toMatchObject([
      {
        by: { kind: 'route', name: 'PUT /items/{id}' },
        changes: ['items.name', 'items.stock'],
        seen: 2,
        status: 'uncovered',
      },
    ]);
    expect(found[0]?.statements).toHaveLength(2);
  });

  it('are told apart where one forgets what another removes', () => {
    const { writes: found } = template(`${FILL}
      100-120 h1 HTTP PUT /items/1 -> 200
      105 p2 write items id=1 set name=Lantern
      110 r2 DEL item:1 -> 1
      900-920 h1 HTTP POST /orders -> 200
      905 p2 write items id=2 set stock=9`);
    expect(found.map(({ by, status }) => `${by.name} ${status}`)).toEqual([
      'POST /orders uncovered',
      'PUT /items/{id} covered',
    ]);
  });
});

describe('keys with a generation', () => {
  it('are covered by raising it', () => {
    const read = (at: number, id: number, generation: number, name: string) => `
      ${at}    r1 GET gen:${id} -> ${generation}
      ${at}.2  r1 GET item:${id}:g${generation} -> miss
      ${at}.4  p1 read items id=${id} -> id=${id} name=${name}
      ${at}.8  r1 SET item:${id}:g${generation} {"id":${id},"name":"${name}"} EX 60`;
    const rename = (at: number, id: number, name: string) => `
      ${at}    p2 write items id=${id} set name=${name}
      ${at}.5  r2 INCR gen:${id} -> 1`;
    const history = [4001, 4002, 4003].flatMap((id, i) => [
      read(100 * i, id, 71, `Lamp${id}`),
      rename(100 * i + 20, id, `Desk${id}`),
      read(100 * i + 40, id, 72, `Desk${id}`),
      rename(100 * i + 60, id, `Bed${id}`),
      read(100 * i + 80, id, 73, `Bed${id}`),
    ]);
    const [write] = template(history.join('\n'), 'item:{id}:g{id}').writes;
    expect(write).toMatchObject({ status: 'covered', seen: 6 });
    expect(write?.invalidations.map(({ how }) => how)).toEqual(['INCR gen:{id}']);
  });
});
