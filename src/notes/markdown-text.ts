/** Blocks as Markdown: what is parsed again gives the same blocks. */
import { plainText } from './html.ts';
import { imagePath, safeLink, withinSite } from './links.ts';
import { absentImage, type Block, type Inline } from './markdown-contract.ts';

export function blocksText(blocks: readonly Block[], between = '\n\n'): string {
  let other = false;
  return blocks
    .map((block, i) => {
      // Two lists in a row would be one, were their marks the same.
      other = block.is === 'list' && blocks[i - 1]?.is === 'list' && !other;
      return blockText(block, other);
    })
    .join(between);
}

function blockText(block: Block, other: boolean): string {
  switch (block.is) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${inlinesText(block.of).replaceAll('\n', ' ')}`;
    case 'paragraph':
      return inlinesText(block.of);
    case 'code':
      return fenced(block.text, block.language);
    case 'quote':
      return prefixed(blocksText(block.of), '> ', '> ');
    case 'list':
      return listText(block, other);
    case 'table':
      return tableText(block);
    case 'rule':
      return '___';
  }
}

function fenced(text: string, language: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${plainText(text)}\n${fence}`;
}

/** Larger numbers begin no item. */
const MOST = 999_999_999;

function listText({ start, tight, items }: Extract<Block, { is: 'list' }>, other: boolean): string {
  // A dash by itself would underline what stands above it, and three in a line be a rule.
  const bare = items.some(([first]) => first === undefined || first.is === 'list');
  const bullet = other ? '*' : bare ? '+' : '-';
  const texts = items.map((blocks, i) => {
    const mark = start === null ? `${bullet} ` : `${Math.min(MOST, start + i)}${other ? ')' : '.'} `;
    const inner = blocksText(blocks, tight ? '\n' : '\n\n');
    return prefixed(inner, mark, ' '.repeat(mark.length));
  });
  return texts.join(tight ? '\n' : '\n\n');
}

function prefixed(text: string, first: string, rest: string): string {
  return text
    .split('\n')
    .map((line, i) => (i === 0 ? first + line : line === '' ? rest.trimEnd() : rest + line))
    .join('\n');
}

function tableText({ head, rows }: Extract<Block, { is: 'table' }>): string {
  const row = (cells: readonly (readonly Inline[])[]) =>
    `| ${cells.map((cell) => inlinesText(cell).replaceAll('\n', ' ').replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n');
}

/** @param beside the signs that stand before it and after it */
function inlinesText(of: readonly Inline[], beside: Beside = { before: '', after: '' }): string {
  const out: string[] = [];
  let { before } = beside;
  of.forEach((one, i) => {
    const next = of[i + 1];
    const after = next === undefined ? beside.after : next.is === 'text' ? next.text.slice(0, 1) : '[';
    const written = inlineText(one, { before, after });
    before = written.at(-1) ?? before;
    out.push(written);
  });
  return out.join('');
}

interface Beside {
  readonly before: string;
  readonly after: string;
}

const WORD = /^[^\s\p{P}\p{S}]/u;
const SIGNS = { emphasis: '*', strong: '**', struck: '~~' } as const;

/**
 * A sign beside one of the same kind would be read as one with it: another takes its place where there is one. Where none would be read
 * as a mark, the text stands alone.
 *
 * @see CommonMark 0.31.2, 6.2: left- and right-flanking
 */
function marked(is: keyof typeof SIGNS, of: readonly Inline[], beside: Beside): string {
  const { before, after } = beside;
  const own = SIGNS[is];
  const touches = before === own[0] || after === own[0];
  const sign = touches ? own.replaceAll('*', '_') : own;
  const inner = inlinesText(of, { before: sign[0]!, after: sign[0]! });
  const opens = !/^\s/.test(inner) && (WORD.test(inner) || !WORD.test(before));
  const closes = !/\s$/.test(inner) && (WORD.test(inner.at(-1) ?? '') || !WORD.test(after));
  const apart = !touches || (sign !== own && !WORD.test(before) && !WORD.test(after));
  return opens && closes && apart ? sign + inner + sign : inlinesText(of, beside);
}

function inlineText(one: Inline, beside: Beside): string {
  switch (one.is) {
    case 'text':
      return escapedText(one.text);
    case 'code':
      return codeSpan(one.text);
    case 'break':
      return '\\\n';
    case 'emphasis':
    case 'strong':
    case 'struck':
      return marked(one.is, one.of, beside);
    case 'link':
      return safeLink(one.to) === null ? inlinesText(one.of) : `[${inlinesText(one.of)}](<${one.to}>)`;
    case 'image':
      return imagePath(withinSite(one.from)) === null
        ? escapedText(absentImage(one.alt))
        : `![${escapedText(one.alt)}](<${one.from}>)`;
  }
}

/** Spaces that are none in a source: beside them marks would be read in another way. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/** Every sign that could begin markup, and every one that could begin a block where it begins a line. */
function escapedText(text: string): string {
  return PLAIN.test(text) ? text : escaped(plainText(text));
}

/** Texts in which no sign could mean anything: most of them. */
const PLAIN = /^[\p{L},;()'"/%?][\p{L}\p{N} ,;.()'"/%?-]*$/u;

function escaped(text: string): string {
  return text
    .replace(/[\\`*_[\]<>#|~&]/g, '\\$&')
    .replace(/!$/, '\\!')
    .replace(
      /(^|\n)([ ]*)([-+=](?=[\s=+-]|$)|:(?=-)|\d{1,9}[.)](?=\s|$))/g,
      (_, line: string, space: string, mark: string) => `${line}${space}${mark.slice(0, -1)}\\${mark.at(-1)}`,
    )
    .replace(/(https?):(?=\/\/)/gi, '$1\\:')
    .replace(/(mailto):/gi, '$1\\:')
    .replace(SPACES, (space) => `&#${space.codePointAt(0)};`);
}

function codeSpan(text: string): string {
  const shown = plainText(text).replaceAll('\n', ' ');
  const runs = new Set((shown.match(/`+/g) ?? []).map((run) => run.length));
  let width = 1;
  while (runs.has(width)) width++;
  // A reader takes a space from both ends, but for a code of spaces alone.
  const spaced = shown.startsWith(' ') && shown.endsWith(' ') && shown.trim() !== '';
  const pad = spaced || shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return `${'`'.repeat(width)}${pad}${shown}${pad}${'`'.repeat(width)}`;
}
