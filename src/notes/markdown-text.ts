/** Blocks as Markdown: what is parsed again gives the same blocks. */
import { plainText } from './html.ts';
import { imagePath, safeLink, withinSite } from './links.ts';
import { absentImage, type Block, type Inline } from './markdown-contract.ts';

export function blocksText(blocks: readonly Block[]): string {
  return blocks.map((block) => blockText(block)).join('\n\n');
}

function blockText(block: Block): string {
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
      return listText(block);
    case 'table':
      return tableText(block);
    case 'rule':
      return '* * *';
  }
}

function fenced(text: string, language: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${plainText(text)}\n${fence}`;
}

function listText({ start, tight, items }: Extract<Block, { is: 'list' }>): string {
  const texts = items.map((blocks, i) => {
    const mark = start === null ? '- ' : `${start + i}. `;
    const inner = blocks.map((block) => blockText(block)).join(tight ? '\n' : '\n\n');
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

function inlinesText(of: readonly Inline[]): string {
  return of.map(inlineText).join('');
}

function inlineText(one: Inline): string {
  switch (one.is) {
    case 'text':
      return escapedText(one.text);
    case 'code':
      return codeSpan(one.text);
    case 'break':
      return '\\\n';
    case 'emphasis':
      return `*${inlinesText(one.of)}*`;
    case 'strong':
      return `**${inlinesText(one.of)}**`;
    case 'link':
      return safeLink(one.to) === null ? inlinesText(one.of) : `[${inlinesText(one.of)}](<${one.to}>)`;
    case 'image':
      return imagePath(withinSite(one.from)) === null
        ? escapedText(absentImage(one.alt))
        : `![${escapedText(one.alt)}](<${one.from}>)`;
  }
}

/** Every sign that could begin markup, and every one that could begin a block where it begins a line. */
function escapedText(text: string): string {
  return plainText(text)
    .replace(/[\\`*_[\]<>#|~&]/g, '\\$&')
    .replace(
      /(^|\n)([ ]*)([-+=](?=[\s=+-]|$)|\d{1,9}[.)](?=\s|$))/g,
      (_, line: string, space: string, mark: string) => `${line}${space}${mark.slice(0, -1)}\\${mark.at(-1)}`,
    )
    .replace(/(https?):(?=\/\/)/gi, '$1\\:');
}

function codeSpan(text: string): string {
  const shown = plainText(text).replaceAll('\n', ' ');
  const runs = new Set((shown.match(/`+/g) ?? []).map((run) => run.length));
  let width = 1;
  while (runs.has(width)) width++;
  const pad = /^[` ]|[` ]$/.test(shown) ? ' ' : '';
  return `${'`'.repeat(width)}${pad}${shown}${pad}${'`'.repeat(width)}`;
}
