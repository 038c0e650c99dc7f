/**
 * Builds a site. Notes are read one after the other into a spill file; of each only what lists, search and likeness need is kept. Then
 * pages are written as they are drawn. So memory grows with the number of notes, not with what they say.
 */
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { WhystaleError } from '../errors.ts';
import { assetsOf } from './assets.ts';
import { blocksJson, contentHash, refOf } from './canonical.ts';
import { readCaseNote } from './case-note.ts';
import { NOTE_FILE } from './case-words.ts';
import { byDay, type Entry, entryOf, Facets, Slugs } from './catalogue.ts';
import { type Built, type Draft, NOTES_FORMAT, type Note, type Notice } from './contract.ts';
import { feedText, searchScript, searchText } from './data-files.ts';
import { noNotes, overlaps } from './errors.ts';
import { textOf } from './figures.ts';
import { ICON, ICON_FILE } from './icon.ts';
import { facetPages, indexPages } from './list-pages.ts';
import { readMarkdownNote } from './markdown-note.ts';
import { linkFrom, notePage } from './note-page.ts';
import { noteText } from './note-text.ts';
import { type Found, scan } from './scan.ts';
import { SCRIPT } from './script.ts';
import { Similar } from './similar.ts';
import { SiteFolder } from './site-folder.ts';
import { STYLE } from './style.ts';

export interface BuildRequest {
  /** Absolute. */
  readonly folder: string;
  readonly out: string;
  /** Address of the site, with a slash at its end; null: not known. */
  readonly base: string | null;
  /** Paths of commands are relative to it. */
  readonly cwd: string;
  /** `2026-01-31`: what the freshness of notes is counted from. */
  readonly today: string;
}

export interface BuildEvents {
  readonly progress: (doing: 'reading' | 'writing', done: number, of: number) => void;
}

/** Notices that are listed. */
const MAX_NOTICES = 200;

/** Throws WSE830 to WSE835, WSE838. */
export async function buildNotes(request: BuildRequest, events: BuildEvents): Promise<Built> {
  const { folder, out } = request;
  if (`${resolve(folder)}${sep}`.startsWith(`${resolve(out)}${sep}`)) throw overlaps(folder, out);
  const found = scan(folder);
  const spill = new Spill();
  try {
    const gathered = new Gathered();
    for (const [i, one] of found.entries()) {
      events.progress('reading', i, found.length);
      await gathered.read(one, request, spill);
    }
    if (gathered.entries.length === 0 && gathered.problems.length === 0) throw noNotes(folder);
    return written(gathered, spill, request, events);
  } finally {
    spill.close();
  }
}

function written(gathered: Gathered, spill: Spill, request: BuildRequest, events: BuildEvents): Built {
  const site = SiteFolder.open(request.out);
  try {
    writeSite(site, gathered, spill, request, events);
    for (const path of site.finish())
      gathered.tell(
        path,
        'it is no longer a page of the site, but somebody changed it; it was left as it is',
      );
    return gathered.built(site);
  } finally {
    site.close();
  }
}

/** What is known of all notes after reading them. */
class Gathered {
  readonly entries: Entry[] = [];
  readonly similar = new Similar();
  readonly problems: Notice[] = [];
  readonly #notices: Notice[] = [];
  readonly #slugs = new Slugs();
  readonly #refs = new Map<string, string>();
  #told = 0;
  #cases = 0;

  tell(file: string, says: string): void {
    if (this.#told++ < MAX_NOTICES) this.#notices.push({ file, says });
  }

  async read(found: Found, { cwd }: BuildRequest, spill: Spill): Promise<void> {
    const told = (says: string) => this.tell(found.source, says);
    const read = await draftOf(found, cwd, told);
    if (read === null) return;
    if ('problem' in read) {
      this.problems.push({ file: found.source, says: read.problem });
      return;
    }
    const text = blocksJson(read.draft.body);
    const note = this.#placed(read.draft, text, told);
    if (note.kind === 'case') this.#cases++;
    this.entries.push(entryOf(note));
    this.similar.add(textOf(note));
    // Its text is written as JSON once, for the hash and for here.
    spill.add(`{"body":${text},${JSON.stringify({ ...note, body: undefined }).slice(1)}`);
  }

  #placed(draft: Draft, text: string, told: (says: string) => void): Note {
    const { folder, ...rest } = draft;
    const slug = this.#slugs.of(draft);
    const assets = assetsOf(draft, slug, told);
    const ref = refOf(draft);
    const other = this.#refs.get(ref);
    if (other === undefined) this.#refs.set(ref, draft.source);
    else told(`its reference ${ref} is that of ${other} too`);
    return { ...rest, slug, ref, assets, hash: contentHash(draft, assets, text) };
  }

  built({ path, written, unchanged, removed }: SiteFolder): Built {
    return {
      format: NOTES_FORMAT,
      out: path,
      notes: this.entries.length,
      cases: this.#cases,
      markdown: this.entries.length - this.#cases,
      ...{ written, unchanged, removed },
      problems: this.problems,
      notices: this.#notices,
      moreNotices: Math.max(0, this.#told - MAX_NOTICES),
    };
  }
}

async function draftOf(
  found: Found,
  cwd: string,
  told: (says: string) => void,
): Promise<{ readonly draft: Draft } | { readonly problem: string } | null> {
  if (found.kind === 'markdown') return readMarkdownNote(found, told);
  try {
    return { draft: await readCaseNote(found, cwd, told) };
  } catch (error) {
    if (!(error instanceof WhystaleError)) throw error;
    return { problem: error.facts.what.replaceAll(found.file, 'it').replace(/\.$/, '') };
  }
}

function writeSite(
  site: SiteFolder,
  gathered: Gathered,
  spill: Spill,
  { base, today }: BuildRequest,
  events: BuildEvents,
): void {
  const { entries, similar } = gathered;
  const sorted = entries.toSorted(byDay);
  const facets = new Facets(sorted);
  const pages = new Map(entries.flatMap(({ source, slug }) => pagePaths(source).map((path) => [path, slug])));
  const pageOf = (source: string) => {
    const slug = pages.get(source);
    return slug === undefined ? null : `${slug}.html`;
  };
  similar.finish();
  for (const [i, entry] of entries.entries()) {
    events.progress('writing', i, entries.length);
    const note = JSON.parse(spill.at(i)) as Note;
    const likes = similar.of(i).map(({ note: other }) => entries[other]!);
    site.write(`notes/${entry.slug}.html`, notePage(note, { facets, similar: likes, pageOf, today }));
    site.write(
      `notes/${entry.slug}.md`,
      noteText(note, { image: imageOf(note), link: linkOf(note, pageOf), today }),
    );
    copyAssets(site, note, gathered);
  }
  for (const [path, text] of indexPages(sorted, facets)) site.write(path, text);
  for (const [path, text] of facetPages(facets)) site.write(path, text);
  site.write('feed.json', feedText(sorted, base));
  const search = searchText(sorted);
  site.write('search.json', search);
  site.write('search-data.js', searchScript(search));
  site.write('notes.js', SCRIPT);
  site.write('notes.css', STYLE);
  site.write(ICON_FILE, ICON);
}

/** Paths by which a link may mean a note: its file; of a case, its folder and what is in it. */
function pagePaths(source: string): readonly string[] {
  return /\.(?:md|markdown)$/i.test(source)
    ? [source]
    : [source, `${source}/case.yaml`, `${source}/${NOTE_FILE}`];
}

function imageOf({ assets }: Note): (from: string) => string | null {
  return (from) => {
    const asset = assets.find((one) => one.from === from);
    // Beside the page, as Markdown readers look for it; the page's own folder is notes/.
    return asset === undefined ? null : `../${asset.to}`;
  };
}

/** From one Markdown file to another. */
function linkOf({ source }: Note, pageOf: (source: string) => string | null): (to: string) => string | null {
  return (to) => linkFrom(source, to, (path) => pageOf(path)?.replace(/html$/, 'md') ?? null);
}

/** A picture that changed since it was looked at is left out: what it holds now was not looked at. */
function copyAssets(site: SiteFolder, { assets, source }: Note, gathered: Gathered): void {
  for (const { file, to, digest, from } of assets) {
    let bytes: Buffer | null = null;
    try {
      bytes = readFileSync(file);
    } catch {
      // Gone since.
    }
    if (bytes !== null && createHash('sha256').update(bytes).digest('hex') === digest) site.write(to, bytes);
    else gathered.tell(source, `the picture ${from} changed while the site was built; it was left out`);
  }
}

/** Texts on disk, in order; read back by their place. The file loses its name at once where the system allows it, so that not even
 * kill -9 leaves it behind. */
class Spill {
  readonly #folder = mkdtempSync(join(tmpdir(), 'whystale-notes-'));
  readonly #file = openSync(join(this.#folder, 'notes'), 'wx+', 0o600);
  readonly #ends: number[] = [0];

  constructor() {
    try {
      rmSync(this.#folder, { recursive: true });
    } catch {
      // An open file may have to keep its name; it loses it in the end.
    }
  }

  add(text: string): void {
    const bytes = Buffer.from(text);
    const start = this.#ends.at(-1)!;
    for (let at = 0; at < bytes.length; )
      at += writeSync(this.#file, bytes, at, bytes.length - at, start + at);
    this.#ends.push(start + bytes.length);
  }

  at(index: number): string {
    const [start, end] = [this.#ends[index]!, this.#ends[index + 1]!];
    const bytes = Buffer.alloc(end - start);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(this.#file, bytes, at, bytes.length - at, start + at);
      if (read === 0) break;
      at += read;
    }
    return bytes.toString();
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
