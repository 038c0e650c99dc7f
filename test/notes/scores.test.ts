/** Scores and reading time: each rule gives its points and no other. */
import { describe, expect, it } from 'vitest';
import type { Facts, NoteFields } from '../../src/notes/contract.ts';
import { readFields } from '../../src/notes/fields.ts';
import { type Counted, counted, readingMinutes } from '../../src/notes/figures.ts';
import { parseMarkdown } from '../../src/notes/markdown-parse.ts';
import { scoresOf } from '../../src/notes/scores.ts';

const NOTHING: Counted = {
  words: 0,
  sentences: 0,
  proseWords: 0,
  codeLines: 0,
  tables: 0,
  headings: 0,
  code: 0,
};
const NO_FACTS: Facts = {
  commands: false,
  measured: false,
  compared: false,
  replay: false,
  rollback: false,
  confirmed: false,
  assumptions: false,
};

interface Parts {
  readonly title?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly facts?: Partial<Facts>;
  readonly counted?: Partial<Counted>;
  readonly pictures?: number;
}

function scores({ title = 'a'.repeat(81), fields = {}, facts = {}, counted: of = {}, pictures = 0 }: Parts) {
  return scoresOf(
    {
      title,
      fields: readFields(fields, () => undefined),
      facts: { ...NO_FACTS, ...facts },
      counted: { ...NOTHING, ...of },
      pictures,
    },
    '2026-06-30',
  );
}

describe('reproducible', () => {
  it.each<[Partial<Facts>, number]>([
    [{}, 0],
    [{ commands: true }, 30],
    [{ measured: true }, 25],
    [{ compared: true }, 20],
    [{ replay: true }, 10],
    [{ rollback: true }, 8],
    [{ rollback: true, confirmed: true }, 15],
    [{ assumptions: true }, 0],
    [{ commands: true, measured: true, compared: true, replay: true, rollback: true, confirmed: true }, 100],
  ])('%j: %d', (facts, points) => {
    expect(scores({ facts }).reproducible.points).toBe(points);
  });
});

describe('fresh', () => {
  it.each<[Readonly<Record<string, unknown>>, number | null]>([
    [{}, null],
    [{ date: '2026-06-30' }, 100],
    [{ date: '2026-04-01' }, 100],
    [{ date: '2026-03-31' }, 75],
    [{ date: '2026-01-01' }, 75],
    [{ date: '2025-12-31' }, 50],
    [{ date: '2025-06-30' }, 50],
    [{ date: '2025-06-29' }, 25],
    [{ date: '2024-06-30' }, 25],
    [{ date: '2024-06-29' }, 0],
    [{ date: '2027-01-01' }, 100],
    [{ date: '2020-01-01', updated: '2026-06-01' }, 100],
    [{ date: '2020-01-01', last_reviewed: '2026-06-01' }, 100],
    [{ date: 'soon' }, null],
  ])('%j: %j', (fields, points) => {
    expect(scores({ fields }).fresh?.points ?? null).toBe(points);
  });
});

describe('deep', () => {
  it.each<[Parts, number]>([
    [{}, 0],
    [{ counted: { words: 149 } }, 0],
    [{ counted: { words: 150 } }, 20],
    [{ counted: { words: 400 } }, 40],
    [{ counted: { tables: 1 } }, 20],
    [{ counted: { code: 1 } }, 15],
    [{ pictures: 1 }, 15],
    [{ facts: { assumptions: true } }, 10],
    [{ counted: { words: 400, tables: 2, code: 3 }, pictures: 4, facts: { assumptions: true } }, 100],
  ])('%j: %d', (parts, points) => {
    expect(scores(parts).deep.points).toBe(points);
  });
});

describe('clear', () => {
  const outline = { context: 'a', problem: 'b', stack: 'c', recommended_action: 'd' };

  it.each<[Parts, number]>([
    [{}, 0],
    [{ title: 'a'.repeat(80) }, 15],
    [{ fields: { summary: 'a'.repeat(19) } }, 0],
    [{ fields: { summary: 'a'.repeat(20) } }, 25],
    [{ fields: { summary: 'a'.repeat(301) } }, 0],
    [{ fields: { outline } }, 40],
    [{ fields: { stack: ['Redis'] } }, 10],
    [{ counted: { headings: 2 } }, 0],
    [{ counted: { headings: 3 } }, 10],
    [{ counted: { sentences: 2, proseWords: 50 } }, 10],
    [{ counted: { sentences: 2, proseWords: 51 } }, 0],
    [
      {
        title: 'a',
        fields: { summary: 'a'.repeat(20), outline },
        counted: { headings: 3, sentences: 1, proseWords: 5 },
      },
      100,
    ],
  ])('%j: %d', (parts, points) => {
    expect(scores(parts).clear.points).toBe(points);
  });

  it('says what points were given for, and what is missing', () => {
    expect(scores({ title: 'a', fields: { outline } }).clear).toEqual({
      points: 55,
      met: ['a title of at most 80 characters', 'a context', 'a problem', 'a stack', 'a recommended action'],
      missing: ['a summary of 20 to 300 characters', 'three headings', 'sentences of at most 25 words'],
    });
  });
});

describe('figures', () => {
  it('count what is read', () => {
    expect(
      counted(
        parseMarkdown(
          '# One two\n\nThree. Four!\n\n- five\n- six seven\n\n> eight\n\n| a | b |\n|---|---|\n| c | d |\n\n```\nx\n\ny\n```\n',
        ),
      ),
    ).toEqual({ words: 12, sentences: 5, proseWords: 6, codeLines: 2, tables: 1, headings: 1, code: 1 });
  });

  it.each([
    [{}, 0, 1],
    [{ words: 200 }, 0, 1],
    [{ words: 201 }, 0, 2],
    [{ words: 1000 }, 0, 5],
    [{ codeLines: 31 }, 0, 2],
    [{}, 7, 2],
  ])('%j and %d pictures are read in %d min', (of, pictures, minutes) => {
    expect(readingMinutes({ ...NOTHING, ...of }, pictures)).toBe(minutes);
  });
});

describe('fields', () => {
  const told: string[] = [];
  const read = (written: unknown): NoteFields => {
    told.length = 0;
    return readFields(written, (says) => told.push(says));
  };

  it('are found by the names that people give them', () => {
    const { topic, published, revision, ref, outline } = read({
      Category: 'caching',
      date: '2026-01-31T10:00:00Z',
      'reference-id': 'R-1',
      last_reviewed: '2026-02-01',
      reviewedBy: 'ada',
      version: 1.2,
      outline: { recommendedAction: 'mend it', stack: ['a', 'b'] },
      reading_time: '5 min',
    });
    expect({ topic, published, ref }).toEqual({ topic: 'caching', published: '2026-01-31', ref: 'R-1' });
    expect(revision).toEqual({ status: null, version: '1.2', reviewed: '2026-02-01', by: 'ada' });
    expect(outline).toEqual({ context: null, problem: null, stack: 'a, b', action: 'mend it' });
    expect(told).toEqual([]);
  });

  it.each<[Readonly<Record<string, unknown>>, string]>([
    [{ title: { a: 1 } }, '"title" is no text; it was left out'],
    [{ date: '2026-02-30' }, '"date" is no date such as 2026-01-31; it was left out'],
    [{ lang: 'x y' }, '"lang" is no language tag such as en or pt-BR; it was left out'],
    [{ ref: 'a b' }, '"ref" is no reference of letters, digits and . : / - _; one was computed'],
    [{ tags: [['a']] }, '"tags" is no text; it was left out'],
    [{ constructor: 1 }, '"constructor" is no field of a note; it was left out'],
    [{ outline: { colour: 1 } }, '"colour" is no field of a note; it was left out'],
  ])('%j: %s', (written, says) => {
    read(written);
    expect(told).toEqual([says]);
  });

  it('are none where nothing is written', () => {
    for (const written of [null, undefined, 'text', ['a']]) {
      const { title, tags, revision } = read(written);
      expect({ title, tags, revision }).toEqual({
        title: null,
        tags: [],
        revision: { status: null, version: null, reviewed: null, by: null },
      });
    }
  });
});
