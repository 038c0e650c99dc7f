/** What is counted in a note: words, code, tables, headings. */
import type { Note } from './contract.ts';
import { type Block, inlineWords } from './markdown-contract.ts';

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

type Tally = { -readonly [Figure in keyof Counted]: number };

/** By the blocks that were counted: a note is for its page and for its Markdown. */
const KNOWN = new WeakMap<readonly Block[], Counted>();

export function counted(blocks: readonly Block[]): Counted {
  let figures = KNOWN.get(blocks);
  if (figures === undefined) {
    const tally = { words: 0, sentences: 0, proseWords: 0, codeLines: 0, tables: 0, headings: 0, code: 0 };
    for (const block of blocks) countBlock(block, tally);
    figures = tally;
    KNOWN.set(blocks, figures);
  }
  return figures;
}

function countBlock(block: Block, tally: Tally): void {
  switch (block.is) {
    case 'heading':
      tally.headings++;
      tally.words += wordsIn(inlineWords(block.of));
      break;
    case 'paragraph':
      countProse(inlineWords(block.of), tally);
      break;
    case 'code':
      tally.code++;
      tally.codeLines += block.text.match(/^.*\S/gm)?.length ?? 0;
      break;
    case 'quote':
      for (const inner of block.of) countBlock(inner, tally);
      break;
    case 'list':
      for (const item of block.items) for (const inner of item) countBlock(inner, tally);
      break;
    case 'table':
      tally.tables++;
      for (const row of [block.head, ...block.rows])
        for (const cell of row) tally.words += wordsIn(inlineWords(cell));
      break;
    case 'rule':
  }
}

function countProse(text: string, tally: Tally): void {
  const words = wordsIn(text);
  if (words === 0) return;
  const ends = text.match(/[.!?](?=\s|$)/g)?.length ?? 0;
  tally.words += words;
  tally.proseWords += words;
  tally.sentences += Math.max(1, ends);
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
