/** What is counted in a note: words, code, tables, headings. */
import type { Note } from './contract.ts';
import type { Block } from './markdown-contract.ts';
import { inlineWords } from './markdown-note.ts';

export interface Counted {
  /** Words of headings, paragraphs, lists, quotes and tables. */
  readonly words: number;
  /** Of paragraphs alone. */
  readonly sentences: number;
  readonly proseWords: number;
  readonly codeLines: number;
  readonly tables: number;
  readonly headings: number;
  readonly code: number;
}

const NONE: Counted = {
  words: 0,
  sentences: 0,
  proseWords: 0,
  codeLines: 0,
  tables: 0,
  headings: 0,
  code: 0,
};

export function counted(blocks: readonly Block[]): Counted {
  return blocks.map(countBlock).reduce(sum, NONE);
}

function sum(a: Counted, b: Counted): Counted {
  return {
    words: a.words + b.words,
    sentences: a.sentences + b.sentences,
    proseWords: a.proseWords + b.proseWords,
    codeLines: a.codeLines + b.codeLines,
    tables: a.tables + b.tables,
    headings: a.headings + b.headings,
    code: a.code + b.code,
  };
}

function countBlock(block: Block): Counted {
  switch (block.is) {
    case 'heading':
      return { ...NONE, headings: 1, words: wordsIn(inlineWords(block.of)) };
    case 'paragraph':
      return prose(inlineWords(block.of));
    case 'code':
      return {
        ...NONE,
        code: 1,
        codeLines: block.text.split('\n').filter((line) => line.trim() !== '').length,
      };
    case 'quote':
      return counted(block.of);
    case 'list':
      return block.items.map(counted).reduce(sum, NONE);
    case 'table': {
      const cells = [block.head, ...block.rows].flat();
      return {
        ...NONE,
        tables: 1,
        words: cells.reduce((words, cell) => words + wordsIn(inlineWords(cell)), 0),
      };
    }
    case 'rule':
      return NONE;
  }
}

function prose(text: string): Counted {
  const words = wordsIn(text);
  const ends = text.match(/[.!?](?=\s|$)/g)?.length ?? 0;
  return { ...NONE, words, proseWords: words, sentences: words === 0 ? 0 : Math.max(1, ends) };
}

function wordsIn(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** Words read in a minute, seconds for a line of code and for a picture. */
export const READING = { words: 200, codeLine: 2, picture: 10 } as const;

/** Whole minutes, one at least. */
export function readingMinutes(figures: Counted, pictures: number): number {
  const seconds = figures.codeLines * READING.codeLine + pictures * READING.picture;
  return Math.max(1, Math.ceil(figures.words / READING.words + seconds / 60));
}

/** Every text of a note, for searching and for likeness. */
export function textOf({ title, fields, body }: Pick<Note, 'title' | 'fields' | 'body'>): string {
  const { topic, summary, outline, stack, tools, tags, entities, notes } = fields;
  return [
    ...[title, title, topic, summary, ...Object.values(outline)],
    ...[...stack, ...tools, ...tags, ...tags, ...entities, ...notes],
    ...body.map(wordsOf),
  ]
    .filter((part) => part !== null)
    .join('\n');
}

function wordsOf(block: Block): string {
  switch (block.is) {
    case 'heading':
    case 'paragraph':
      return inlineWords(block.of);
    case 'code':
      return block.text;
    case 'quote':
      return block.of.map(wordsOf).join('\n');
    case 'list':
      return block.items.flatMap((item) => item.map(wordsOf)).join('\n');
    case 'table':
      return [block.head, ...block.rows].map((row) => row.map(inlineWords).join(' ')).join('\n');
    case 'rule':
      return '';
  }
}
