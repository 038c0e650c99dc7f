/** A Markdown file with front matter as a note. */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileFailure } from '../files/failure.ts';
import { type Draft, NOTE_LIMITS, type NoteFields } from './contract.ts';
import { readFields } from './fields.ts';
import { hasFrontMatter, readFrontMatter } from './front-matter.ts';
import { type Block, inlineWords } from './markdown-contract.ts';
import { parseMarkdown } from './markdown-parse.ts';
import type { Found } from './scan.ts';

/** Null: it has no front matter, so that it is no note. `problem`: it cannot be used, and why. */
export type Read = { readonly draft: Draft } | { readonly problem: string } | null;

export function readMarkdownNote({ file, source }: Found, told: (says: string) => void): Read {
  const found = textAt(file);
  if (found.text === null) return { problem: found.problem };
  if (!hasFrontMatter(found.text)) return null;
  const { fields: written, body: all, problem } = readFrontMatter(found.text);
  if (problem !== null) return { problem };
  const fields = readFields(written, told);
  const body = bounded(all, told);
  const blocks = parseMarkdown(body);
  const { title, rest } = titled(fields, blocks, basename(file).replace(/\.\w+$/, ''));
  const { reviewed, by } = fields.revision;
  const draft: Draft = {
    kind: 'markdown',
    source,
    folder: dirname(file),
    title,
    fields,
    verdict: null,
    body: rest,
    facts: {
      commands: rest.some(isCommands),
      measured: false,
      compared: false,
      replay: mentions(rest, /^\s*(?:\$ )?whystale (?:race|replay) /m),
      rollback: false,
      confirmed: false,
      assumptions: false,
    },
    needsReview:
      reviewed === null ||
      by === null ||
      fields.checklist.some(({ command, signed }) => command === null && signed === null),
  };
  return { draft };
}

export function textAt(
  file: string,
): { readonly text: string } | { readonly text: null; readonly problem: string } {
  try {
    if (statSync(file).size > NOTE_LIMITS.file)
      return { text: null, problem: `it is larger than ${NOTE_LIMITS.file >> 20} MiB` };
    return { text: readFileSync(file, 'utf8') };
  } catch (cause) {
    return { text: null, problem: `it cannot be read: ${fileFailure(cause, 'reading')}` };
  }
}

export function bounded(body: string, told: (says: string) => void): string {
  if (body.length <= NOTE_LIMITS.body) return body;
  told(`its text is longer than ${NOTE_LIMITS.body} characters; it was cut`);
  return `${body.slice(0, NOTE_LIMITS.body)}…`;
}

/** The title that is given, else the first heading, else the name of the file. A heading that repeats it is left out. */
function titled(
  fields: NoteFields,
  blocks: readonly Block[],
  name: string,
): { readonly title: string; readonly rest: readonly Block[] } {
  const [first, ...others] = blocks;
  const heading = first?.is === 'heading' && first.level === 1 ? inlineWords(first.of).trim() : '';
  const title = fields.title ?? (heading || name);
  return { title, rest: heading !== '' && heading === title ? others : blocks };
}

const SHELLS = ['sh', 'bash', 'zsh', 'shell', 'console', 'shell-session', 'powershell', 'fish'];

function isCommands(block: Block): boolean {
  if (block.is === 'quote') return block.of.some(isCommands);
  if (block.is === 'list') return block.items.some((item) => item.some(isCommands));
  return (
    block.is === 'code' && (SHELLS.includes(block.language.toLowerCase()) || /^\s*\$ \S/m.test(block.text))
  );
}

function mentions(blocks: readonly Block[], pattern: RegExp): boolean {
  return blocks.some((block) => block.is === 'code' && pattern.test(block.text));
}
