/** Markdown notes from elsewhere → notes of a folder, in the form that `notes build` writes and reads. */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { slugOf } from '../case/index.ts';
import { fileFailure } from '../files/failure.ts';
import { writeWhole } from '../files/whole-file.ts';
import { assetsOf } from './assets.ts';
import { contentHash, refOf } from './canonical.ts';
import { type Asset, type Draft, IMPORT_FORMAT, type Notice } from './contract.ts';
import { cannotImport } from './errors.ts';
import { readMarkdownNote } from './markdown-note.ts';
import { noteText } from './note-text.ts';

export interface ImportedNote {
  readonly from: string;
  /** Absolute. */
  readonly to: string;
  readonly title: string;
  /** False: it stood there already, word for word. */
  readonly written: boolean;
}

export interface Imported {
  readonly format: typeof IMPORT_FORMAT;
  /** Absolute. */
  readonly folder: string;
  readonly notes: readonly ImportedNote[];
  readonly notices: readonly Notice[];
}

interface Planned {
  readonly from: string;
  readonly to: string;
  readonly title: string;
  readonly text: string;
  readonly assets: readonly Asset[];
}

/**
 * All of the files, or none: everything is read before anything is written, and a note of the same name with other words stays.
 *
 * @param files as they were given, and absolute
 * @throws WhystaleError WSE837
 */
export function importNotes(
  files: readonly (readonly [given: string, file: string])[],
  folder: string,
): Imported {
  const notices: Notice[] = [];
  const planned = files.map(([given, file]) =>
    planOf(given, file, folder, (says) => notices.push({ file: given, says })),
  );
  const places = new Set<string>();
  for (const { from, to, text } of planned) {
    if (places.has(to)) throw cannotImport(from, `another of the files would become ${basename(to)} too`);
    places.add(to);
    if (existsSync(to) && readOr(to) !== text)
      throw cannotImport(from, `${to} exists and says something else`);
  }
  return { format: IMPORT_FORMAT, folder, notes: planned.map((one) => written(one, folder)), notices };
}

function planOf(given: string, file: string, folder: string, told: (says: string) => void): Planned {
  const read = readMarkdownNote({ kind: 'markdown', source: basename(file), file }, told);
  if (read === null) throw cannotImport(given, 'it has no front matter');
  if ('problem' in read) throw cannotImport(given, read.problem);
  const slug = slugOf(basename(file).replace(/\.\w+$/, '')) ?? 'note';
  return { ...planned(read.draft, slug, told), from: given, to: join(folder, `${slug}.md`) };
}

function planned(
  draft: Draft,
  slug: string,
  told: (says: string) => void,
): Pick<Planned, 'title' | 'text' | 'assets'> {
  const assets = assetsOf(draft, slug, told);
  const { folder, ...note } = draft;
  const image = (from: string) => assets.find((asset) => asset.from === from)?.to ?? null;
  const text = noteText(
    { ...note, assets, ref: refOf(draft), hash: contentHash(draft, assets) },
    { image, link: (to) => to, today: null },
  );
  return { title: draft.title, text, assets };
}

function readOr(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function written({ from, to, title, text, assets }: Planned, folder: string): ImportedNote {
  const there = readOr(to) === text;
  try {
    for (const { file, to: place } of assets) {
      mkdirSync(dirname(join(folder, place)), { recursive: true });
      copyFileSync(file, join(folder, place));
    }
    mkdirSync(folder, { recursive: true });
    if (!there) writeWhole(to, text);
  } catch (cause) {
    throw cannotImport(from, fileFailure(cause, 'writing'));
  }
  return { from, to, title, written: !there };
}
