/**
 * Markdown → blocks: headings, paragraphs, lists, quotes, code, tables, rules. HTML is text. Depth is bounded, and each level looks at
 * a line once.
 *
 * @see CommonMark 0.31.2, chapters 4 and 5; tables as in GitHub Flavored Markdown 0.29, 4.10
 */
import type { Block, Inline } from './markdown-contract.ts';
import { inlines } from './markdown-inline.ts';

/** Lists and quotes within each other; deeper ones are text. */
const DEEPEST = 10;
const MAX_COLUMNS = 50;

const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([^`\s]{0,40})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|$)/;
const INDENTED = /^(?: {4}|\t)/;

export function parseMarkdown(source: string): readonly Block[] {
  const lines = source
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => (line.includes('\t') ? line.replace(/^[ \t]+/, expanded) : line));
  return new Blocks(lines, 0).run();
}

function expanded(indent: string): string {
  return indent.replaceAll('\t', '    ');
}

class Blocks {
  readonly #lines: readonly string[];
  readonly #depth: number;
  readonly #out: Block[] = [];
  #at = 0;

  constructor(lines: readonly string[], depth: number) {
    this.#lines = lines;
    this.#depth = depth;
  }

  run(): readonly Block[] {
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at]!;
      if (line.trim() === '') this.#at++;
      else this.#block(line);
    }
    return this.#out;
  }

  #block(line: string): void {
    const heading = HEADING.exec(line);
    const mayNest = this.#depth < DEEPEST;
    if (FENCE.test(line)) this.#fence(line);
    else if (heading !== null) this.#heading(heading);
    else if (isRule(line)) this.#rule();
    else if (INDENTED.test(line)) this.#indented();
    else if (mayNest && QUOTE.test(line)) this.#quote();
    else if (mayNest && ITEM.test(line)) this.#list(line);
    else if (isTable(line, this.#lines[this.#at + 1])) this.#table(line);
    else this.#paragraph();
  }

  #rule(): void {
    this.#out.push({ is: 'rule' });
    this.#at++;
  }

  #fence(line: string): void {
    const [, fence = '', language = ''] = FENCE.exec(line)!;
    const indent = line.length - line.trimStart().length;
    const body: string[] = [];
    for (this.#at++; this.#at < this.#lines.length; this.#at++) {
      const inner = this.#lines[this.#at]!;
      if (closesFence(inner, fence)) {
        this.#at++;
        break;
      }
      body.push(withoutIndent(inner, indent));
    }
    this.#out.push({ is: 'code', language, text: body.join('\n') });
  }

  #heading([, marks = '', words = '']: RegExpExecArray): void {
    const end = words.trimEnd();
    const bare = end.slice(0, end.length - trailing(end, '#'));
    const closed = bare === '' || bare.endsWith(' ') ? bare : end;
    this.#out.push({ is: 'heading', level: marks.length, of: inlines(closed.trim()) });
    this.#at++;
  }

  #indented(): void {
    const body: string[] = [];
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      if (line.trim() !== '' && !INDENTED.test(line)) break;
      body.push(withoutIndent(line, 4));
    }
    while (body.at(-1)?.trim() === '') body.pop();
    this.#out.push({ is: 'code', language: '', text: body.join('\n') });
  }

  #quote(): void {
    const inner: string[] = [];
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      if (QUOTE.test(line)) inner.push(line.replace(QUOTE, ''));
      else if (line.trim() === '' || beginsBlock(line)) break;
      else inner.push(line);
    }
    this.#out.push({ is: 'quote', of: new Blocks(inner, this.#depth + 1).run() });
  }

  #list(first: string): void {
    const kind = kindOf(first);
    const start = /\d/.test(kind) ? Number.parseInt(first.trim(), 10) : null;
    const items: string[][] = [];
    let loose = false;
    let blank = false;
    let indent = 0;
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      const item = isRule(line) ? null : ITEM.exec(line);
      const inside = line.startsWith(' '.repeat(indent)) && items.length > 0;
      if (line.trim() === '') {
        blank = true;
        items.at(-1)?.push('');
        continue;
      }
      if (item !== null && kindOf(line) === kind && !(inside && indent > 0)) {
        loose ||= blank && items.length > 0;
        indent = item[0].length + (item[3] === '' ? 1 : 0);
        items.push([line.slice(item[0].length)]);
      } else if (inside) {
        loose ||= blank;
        items.at(-1)!.push(line.slice(indent));
      } else if (blank || beginsBlock(line)) break;
      else items.at(-1)!.push(line.trimStart());
      blank = false;
    }
    const parsed = items.map((lines) => new Blocks(lines, this.#depth + 1).run());
    this.#out.push({ is: 'list', start, tight: !loose, items: parsed });
  }

  #table(line: string): void {
    const head = cellsOf(line).map((cell) => inlines(cell));
    const rows: (readonly Inline[])[][] = [];
    for (this.#at += 2; this.#at < this.#lines.length; this.#at++) {
      const row = this.#lines[this.#at]!;
      if (row.trim() === '' || beginsBlock(row)) break;
      const cells = cellsOf(row);
      rows.push(head.map((_, i) => inlines(cells[i] ?? '')));
    }
    this.#out.push({ is: 'table', head, rows });
  }

  #paragraph(): void {
    const lines = [this.#lines[this.#at++]!.trimStart()];
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at]!;
      const underline = /^ {0,3}(=+|-+) *$/.exec(line)?.[1];
      if (underline !== undefined) {
        this.#at++;
        const level = underline.startsWith('=') ? 1 : 2;
        this.#out.push({ is: 'heading', level, of: inlines(lines.join('\n').trim()) });
        return;
      }
      if (line.trim() === '' || beginsBlock(line)) break;
      lines.push(line.trimStart());
    }
    this.#out.push({ is: 'paragraph', of: inlines(lines.join('\n').trimEnd()) });
  }
}

/** What ends a paragraph without an empty line. */
function beginsBlock(line: string): boolean {
  if (FENCE.test(line) || HEADING.test(line) || QUOTE.test(line) || isRule(line)) return true;
  const item = ITEM.exec(line);
  return item !== null && item[3] !== '' && (!/\d/.test(item[2]!) || Number.parseInt(item[2]!, 10) === 1);
}

function isRule(line: string): boolean {
  if (INDENTED.test(line)) return false;
  const signs = line.replaceAll(' ', '');
  return signs.length >= 3 && '-*_'.includes(signs[0]!) && trailing(signs, signs[0]!) === signs.length;
}

function kindOf(line: string): string {
  const marker = ITEM.exec(line)?.[2] ?? '';
  return /\d/.test(marker) ? `1${marker.at(-1)}` : marker;
}

function closesFence(line: string, fence: string): boolean {
  const trimmed = line.trim();
  return (
    trimmed.length >= fence.length &&
    !INDENTED.test(line) &&
    trimmed[0] === fence[0] &&
    trailing(trimmed, fence[0]!) === trimmed.length
  );
}

function trailing(text: string, sign: string): number {
  let end = text.length;
  while (end > 0 && text[end - 1] === sign) end--;
  return text.length - end;
}

function withoutIndent(line: string, most: number): string {
  let start = 0;
  while (start < most && line[start] === ' ') start++;
  return line.slice(start);
}

function isTable(head: string, rule: string | undefined): boolean {
  if (rule === undefined || !head.includes('|') || !rule.includes('-')) return false;
  const columns = cellsOf(rule);
  return columns.every((cell) => /^:?-+:?$/.test(cell)) && columns.length === cellsOf(head).length;
}

/** The cells of a row. A bar within backslash and bar is text. */
function cellsOf(row: string): readonly string[] {
  const trimmed = row.trim().replace(/^\|/, '');
  const cells = trimmed.split(/(?<!\\)\|/);
  if (cells.at(-1)?.trim() === '' && cells.length > 1) cells.pop();
  return cells.slice(0, MAX_COLUMNS).map((cell) => cell.trim().replaceAll('\\|', '|'));
}
