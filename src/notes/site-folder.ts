/**
 * The folder of a site. A manifest names every file that is of the site; what is new is written to a journal before it is written
 * itself, so that after a kill -9 the next build still knows what is its own. Files are written whole, and only when they change.
 */
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { WhystaleError } from '../errors.ts';
import { writeWhole } from '../files/whole-file.ts';
import { sha256 } from './canonical.ts';
import { cannotWrite, damagedManifest, foreignFile, holdsOthers } from './errors.ts';

export const MANIFEST_FILE = '.whystale-notes.json';
const JOURNAL_FILE = '.whystale-notes.journal';
const MANIFEST_FORMAT = 'whystale-notes-site/1';

/** A file of the site: folders and names of our own making, so that no manifest can name anything else. */
const OWN_PATH = /^(?:(?:notes|tags|assets\/[a-z0-9-]{1,80})\/)?[A-Za-z0-9][A-Za-z0-9.-]{0,120}$/;

const Manifest = z.object({
  format: z.literal(MANIFEST_FORMAT),
  files: z.record(z.string().regex(OWN_PATH), z.string().regex(/^[0-9a-f]{64}$/)),
});

export class SiteFolder {
  readonly path: string;
  written = 0;
  unchanged = 0;
  removed = 0;
  /** Digests of the last build; null: it was cut short while the file was written. */
  readonly #before: ReadonlyMap<string, string | null>;
  readonly #now = new Map<string, string>();
  readonly #folders = new Set<string>();
  #journal: number | null = null;

  private constructor(path: string, before: ReadonlyMap<string, string | null>) {
    this.path = path;
    this.#before = before;
  }

  /** Throws WSE833, WSE835 or WSE838. */
  static open(path: string): SiteFolder {
    const manifest = join(path, MANIFEST_FILE);
    if (!isThere(manifest)) {
      const others = attempt(path, () => (existsSync(path) ? readdirSync(path) : []));
      if (others.length > 0) throw holdsOthers(path, others.sort()[0]!);
    }
    const site = new SiteFolder(path, isThere(manifest) ? filesBefore(path) : new Map());
    attempt(path, () => mkdirSync(path, { recursive: true }));
    if (!isThere(manifest)) site.#writeManifest(new Map());
    else attempt(path, () => sweep(path, site.#before.keys()));
    return site;
  }

  /** Writes a file of the site, unless it stands there already as it should. Throws WSE834 or WSE835. */
  write(path: string, content: string | Buffer): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const file = join(this.path, path);
    attempt(file, () => this.#makeFolderOf(path));
    const found = attempt(file, () => regularFile(file));
    const same = found?.equals(bytes) === true;
    if (!this.#before.has(path) && found !== null && !same) throw foreignFile(file);
    if (!this.#before.has(path) && !this.#now.has(path)) attempt(file, () => this.#note(path));
    this.#now.set(path, sha256(bytes));
    if (same) {
      this.unchanged++;
      return;
    }
    attempt(file, () =>
      // What stood there keeps its permissions.
      typeof content === 'string' && found !== null ? writeWhole(file, content) : writeBytes(file, bytes),
    );
    this.written++;
  }

  /** Says in the journal that a file is about to be ours. */
  #note(path: string): void {
    this.#journal ??= openSync(join(this.path, JOURNAL_FILE), 'a');
    writeSync(this.#journal, `${path}\n`);
  }

  /** To be called whatever happened. */
  close(): void {
    if (this.#journal !== null) closeSync(this.#journal);
    this.#journal = null;
  }

  /** The folder of a file, made once. A link in its place would lead out of the site. */
  #makeFolderOf(path: string): void {
    const folder = dirname(join(this.path, path));
    if (this.#folders.has(folder)) return;
    mkdirSync(folder, { recursive: true });
    for (let at = folder; at.length > this.path.length; at = dirname(at))
      if (lstatSync(at).isSymbolicLink()) throw foreignFile(at);
    this.#folders.add(folder);
  }

  /** Removes what the last build wrote and this one did not, unless somebody changed it. Gives what was left. Throws WSE835. */
  finish(): readonly string[] {
    const left: string[] = [];
    for (const [path, digest] of this.#before) {
      if (this.#now.has(path)) continue;
      const file = join(this.path, path);
      attempt(file, () => {
        if (!isThere(file)) return;
        if (throughLink(this.path, path) || (digest !== null && sha256(readFileSync(file)) !== digest))
          left.push(path);
        else {
          rmSync(file);
          this.removed++;
        }
      });
    }
    this.close();
    this.#writeManifest(this.#now);
    attempt(this.path, () => {
      rmSync(join(this.path, JOURNAL_FILE), { force: true });
      removeEmpty(this.path, this.#before.keys());
    });
    return left;
  }

  #writeManifest(files: ReadonlyMap<string, string>): void {
    const sorted = Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
    const file = join(this.path, MANIFEST_FILE);
    attempt(file, () =>
      writeWhole(file, `${JSON.stringify({ format: MANIFEST_FORMAT, files: sorted }, null, 1)}\n`),
    );
  }
}

/** A file that was being written when a build was killed, beside its place. */
const HALF = /^\.(?:[\w.-]+\.)?\d+\.tmp$/;

function sweep(root: string, paths: Iterable<string>): void {
  for (const folder of new Set(['.', ...[...paths].map((path) => dirname(path))])) {
    const at = join(root, folder);
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    for (const name of readdirSync(at)) if (HALF.test(name)) rmSync(join(at, name), { force: true });
  }
}

function attempt<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof WhystaleError) throw cause;
    throw cannotWrite(file, cause);
  }
}

function filesBefore(path: string): ReadonlyMap<string, string | null> {
  const file = join(path, MANIFEST_FILE);
  let parsed: z.ZodSafeParseResult<z.infer<typeof Manifest>>;
  try {
    parsed = Manifest.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw damagedManifest(file);
  }
  if (!parsed.success) throw damagedManifest(file);
  const files = new Map<string, string | null>(Object.entries(parsed.data.files));
  for (const line of journal(path)) if (!files.has(line)) files.set(line, null);
  return files;
}

/** A last line that was cut off names nothing that was written. */
function journal(path: string): readonly string[] {
  const file = join(path, JOURNAL_FILE);
  if (!isThere(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .filter((line) => OWN_PATH.test(line));
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Null: nothing there. Throws where something else than a file is. */
function regularFile(file: string): Buffer | null {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isFile()) throw foreignFile(file);
  return readFileSync(file);
}

function throughLink(root: string, path: string): boolean {
  for (let at = join(root, path); at.length > root.length; at = dirname(at))
    if (lstatSync(at).isSymbolicLink()) return true;
  return false;
}

function writeBytes(file: string, bytes: Buffer): void {
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    writeFileSync(beside, bytes, { flag: 'wx' });
    renameSync(beside, file);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw cause;
  }
}

function removeEmpty(root: string, paths: Iterable<string>): void {
  const folders = new Set([...paths].map((path) => dirname(path)).filter((folder) => folder !== '.'));
  for (const folder of folders)
    try {
      rmdirSync(join(root, folder));
    } catch {
      // It is not empty, or gone.
    }
}
