import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digester, hasWord, inspect, leafAt, leavesOf } from './support.ts';

/** Pickles written by CPython 3.11: document → protocol → base64. */
const CORPUS = JSON.parse(
  readFileSync(new URL('./corpus/pickles.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, string>>>>;

const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {
    id: '41',
    big: '9007199254740993',
    neg: '-129',
    mid: '70000',
    f: '12.5',
    inf: '1e300',
    s: 'Ann Lee',
    u: 'Zoë ✓',
    b: '\\x00ff01',
    t: 'true',
    n: 'null',
    'l.0': '1',
    'l.2.0': '3',
    'tu.3': '4',
    'set.0': '5000',
  },
  scalars: {
    d: '1999.9',
    t: '2024-01-01 10:00:00.123456',
    tz: '2024-01-01 10:00:00+00',
    utc: '2024-01-01 10:00:00+00',
    day: '2024-01-02',
    time: '10:30:00.5',
    u: '3b241101-e2bb-4255-8caf-4136c566a962',
  },
  object: { id: '41', price: '12.50', name: 'Ann Lee' },
  ordered: { id: '41' },
  default: { 'id.0': '41' },
  enum: { c: 'crimson' },
  data: { id: '41', name: 'Ann Lee' },
  list: { '0.id': '41', '1.price': '12.5' },
  slots: { id: '41', name: 'Ann Lee' },
};

describe('Python pickles', () => {
  for (const [name, byProtocol] of Object.entries(CORPUS)) {
    it.each(Object.entries(byProtocol))(`${name}, protocol %s`, (_, base64) => {
      const payload = inspect(Buffer.from(base64, 'base64'));
      expect(payload.format).toBe('pickle');
      expect(payload.truncated).toBeUndefined();
      const wanted = leavesOf(EXPECTED[name] ?? {});
      expect(wanted.length).toBeGreaterThan(0);
      for (const [path, value] of wanted) expect([path, leafAt(payload, path)]).toEqual([path, value]);
    });
  }

  it('behind a prefix', () => {
    const pickle = Buffer.from(CORPUS.object?.['4'] ?? '', 'base64');
    const flask = inspect(Buffer.concat([Buffer.from('!'), pickle]));
    expect(flask.format).toBe('pickle');
    expect(leafAt(flask, 'id')).toBe(digester.scalar('41'));
    expect(inspect(Buffer.concat([Buffer.from([3, 0]), pickle])).format).toBe('prefix+pickle');
    expect(inspect(pickle.toString('base64')).format).toBe('base64+pickle');
  });

  it('words of texts inside', () => {
    expect(hasWord(inspect(Buffer.from(CORPUS.object?.['2'] ?? '', 'base64')), 'Lee')).toBe(true);
  });

  it.each(['N.', '].', '(lp0\n.', '}q\0.'])('%j is empty', (text) => {
    expect(inspect(text).empty).toBe(true);
  });

  it('follows shared lists only so far', () => {
    // Each list holds the one before it ten times: 10^12 leaves when followed.
    const lists = ['\x80\x02]q\x00(K\x01e'];
    for (let i = 1; i <= 12; i++)
      lists.push(`]q${String.fromCharCode(i)}(${`h${String.fromCharCode(i - 1)}`.repeat(10)}e`);
    const bytes = Buffer.from(`${lists.map((list, i) => (i === 0 ? list : `${list}`)).join('0')}.`, 'latin1');
    const payload = inspect(bytes);
    expect(payload.format).toBe('pickle');
    expect(payload.truncated).toBe(true);
  });

  it('ends on a list that holds itself', () => {
    expect(inspect(Buffer.from('\x80\x02]q\x00h\x00a.', 'latin1')).truncated).toBe(true);
  });

  it('never runs anything, whatever is named', () => {
    const payload = inspect("cos\nsystem\n(S'exit 1'\ntR.");
    expect(payload.format).toBe('pickle');
    expect(payload.leaves).toEqual(leavesOf({ '': 'exit 1' }));
  });

  it('survives any opcodes', () => {
    const opcodes = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => Buffer.concat([Buffer.from([0x80, 4]), bytes, Buffer.from('.')]));
    fc.assert(
      fc.property(opcodes, (bytes) => {
        expect(inspect(bytes).format).not.toBe('');
      }),
      { numRuns: 2500 },
    );
  });
});
