/** What a person wrote of a case for its page: the `note:` section of its file, and note.md beside it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readYaml } from '../yamlfile/index.ts';
import type { NoteFields } from './contract.ts';
import { readFields } from './fields.ts';
import { readFrontMatter } from './front-matter.ts';
import type { Block } from './markdown-contract.ts';
import { bounded, textAt } from './markdown-note.ts';
import { parseMarkdown } from './markdown-parse.ts';
import { maskedLines } from './masked.ts';

export const NOTE_FILE = 'note.md';

type Told = (says: string) => void;

export interface WrittenNote {
  readonly fields: NoteFields;
  readonly blocks: readonly Block[];
}

/** The `note:` section, and over it the front matter of note.md; its text is the page's own. */
export function writtenNote(folder: string, file: string, told: Told): WrittenNote {
  const inFile = textAt(file);
  const section = inFile.text === null ? null : noteSection(inFile.text);
  const beside = join(folder, NOTE_FILE);
  if (!existsSync(beside)) return { fields: readFields(section, told), blocks: [] };
  const found = textAt(beside);
  const parts =
    found.text === null ? { fields: null, body: '', problem: found.problem } : readFrontMatter(found.text);
  if (parts.problem !== null) told(`${NOTE_FILE}: ${parts.problem}`);
  const fields = readFields({ ...mapping(section), ...mapping(parts.fields) }, told);
  return { fields, blocks: parseMarkdown(maskedLines(bounded(parts.body, told), told)) };
}

/** The section as it is written, variables included. Its lines alone are read where that can be done: the whole was read before. */
function noteSection(text: string): unknown {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^note[ ]*:/.test(line));
  if (first < 0) return /["']note["']|[{,?]\s*note/.test(text) ? mapping(readYaml(text).value).note : null;
  const after = lines.findIndex((line, i) => i > first && /^[^ #\r]/.test(line));
  const section = lines.slice(first, after < 0 ? undefined : after).join('\n');
  // What it refers to may stand elsewhere.
  const whole = /[&*]/.test(section) ? text : section;
  return mapping(readYaml(whole).value).note ?? null;
}

function mapping(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
