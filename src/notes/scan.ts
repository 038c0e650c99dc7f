/** What there is in a folder of notes: cases, and Markdown files. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CASE_FILE } from '../case/index.ts';
import { cannotReadFolder } from './errors.ts';
import { MANIFEST_FILE } from './site-folder.ts';

export interface Found {
  readonly kind: 'case' | 'markdown';
  /** Relative to the folder, with slashes. */
  readonly source: string;
  /** Absolute. */
  readonly file: string;
}

/** Folders within folders that are looked into. */
const DEEPEST = 12;
/** Folders that hold no notes of their own. */
const PASSED = new Set(['node_modules', 'dist', 'build']);

/**
 * In the order of their names. A folder with a case.yaml is a case, and is not looked into; hidden folders, links to folders and
 * sites that were built before are passed by. Throws WSE830.
 */
export function scan(folder: string): readonly Found[] {
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is no folder');
    const found: Found[] = [];
    visit(folder, '', 0, found);
    return found;
  } catch (cause) {
    throw cannotReadFolder(folder, cause);
  }
}

function visit(folder: string, path: string, depth: number, found: Found[]): void {
  if (existsSync(join(folder, MANIFEST_FILE))) return;
  if (isFile(join(folder, CASE_FILE))) {
    found.push({ kind: 'case', source: path === '' ? CASE_FILE : path, file: join(folder, CASE_FILE) });
    return;
  }
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const [file, source] = [join(folder, entry.name), path === '' ? entry.name : `${path}/${entry.name}`];
    if (entry.isDirectory() && depth < DEEPEST && !PASSED.has(entry.name))
      visit(file, source, depth + 1, found);
    else if (entry.isFile() && /\.(?:md|markdown)$/i.test(entry.name))
      found.push({ kind: 'markdown', source, file });
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
