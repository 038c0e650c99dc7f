/** The code that the service runs from: the commit, what it holds, and what was changed since. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { caseFolders, isByProduct, TOOL_FOLDERS } from './by-products.ts';
import { contentOf } from './files.ts';
import { askGit, type Repository } from './git.ts';
import { COMMIT, CONTENT, UNKNOWN_PARTS } from './names.ts';
import { byText, type Sheet } from './sheet.ts';

/** Changed files that are named one by one. */
const MAX_DIRTY = 500;
/** Files of a folder outside any repository that are read. */
const MAX_FILES = 20_000;

export interface CodeParts {
  /** Files of other kinds, relative to the top: dependencies, variables. */
  readonly elsewhere: ReadonlySet<string>;
  /** What of dependency files is code. */
  readonly manifests: ReadonlyMap<string, string>;
}

/** Notes `commit`, `content` and `dirty:FILE` of a repository. */
export async function noteRepository(
  sheet: Sheet,
  { root, commit }: Repository,
  parts: CodeParts,
): Promise<void> {
  sheet.shown('code', COMMIT, commit ?? 'none yet');
  const committed =
    commit === null ? [] : split(await askGit(root, ['ls-tree', '-r', '-z', '--full-tree', commit]));
  // `MODE TYPE OBJECT\tPATH`, as git-ls-tree(1) says.
  const lines = committed.map((line) => [line.slice(line.indexOf('\t') + 1), line] as const);
  const changed = changedPaths(
    await askGit(root, ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all']),
  );
  const cases = caseFolders([...lines.map(([path]) => path), ...changed]);
  const isCode = (path: string): boolean => !parts.elsewhere.has(path) && !isByProduct(path, cases);
  const hash = createHash('sha256');
  for (const [path, line] of lines) if (isCode(path)) hash.update(line).update('\0');
  addManifests(hash, parts.manifests);
  sheet.hashed('code', CONTENT, hash.digest());
  await noteDirty(sheet, root, changed.filter(isCode));
}

function addManifests(hash: ReturnType<typeof createHash>, manifests: ReadonlyMap<string, string>): void {
  for (const [path, text] of [...manifests].sort(([a], [b]) => byText(a, b))) {
    hash.update(`${path}\0${text}\0`);
  }
}

/** `XY PATH` each; without renames every entry has one path (git-status(1), porcelain format, -z). */
function changedPaths(status: string): readonly string[] {
  return split(status)
    .map((entry) => entry.slice(3))
    .sort(byText);
}

function split(text: string): readonly string[] {
  return text.split('\0').filter((part) => part !== '');
}

async function noteDirty(sheet: Sheet, root: string, paths: readonly string[]): Promise<void> {
  for (const path of paths.slice(0, MAX_DIRTY)) {
    const name = `dirty:${path}`;
    try {
      sheet.hashed('code', name, await contentOf(join(root, path)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') sheet.shown('code', name, 'removed');
      else sheet.unknown('code', name, error);
    }
  }
  if (paths.length > MAX_DIRTY) {
    sheet.unknown('code', 'more changed files', `${paths.length - MAX_DIRTY} more were not read`);
  }
}

/** Notes the `content` of a folder that is in no repository. */
export async function noteFolder(sheet: Sheet, folder: string, parts: CodeParts): Promise<void> {
  const paths = await pathsBelow(folder);
  if (paths === null) {
    sheet.unknown('code', UNKNOWN_PARTS.files, `not in a git repository, and more than ${MAX_FILES} files`);
    return;
  }
  const cases = caseFolders(paths);
  const hash = createHash('sha256');
  for (const path of paths) {
    if (parts.elsewhere.has(path) || isByProduct(path, cases)) continue;
    hash.update(`${path}\0${await contentOf(join(folder, path)).catch(() => 'unreadable')}\0`);
  }
  addManifests(hash, parts.manifests);
  sheet.hashed('code', CONTENT, hash.digest());
}

/** Paths of all files, sorted; null when there are too many. */
async function pathsBelow(top: string): Promise<readonly string[] | null> {
  const paths: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(join(top, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) paths.push(path);
      else if (!TOOL_FOLDERS.has(entry.name)) folders.push(path);
    }
    if (paths.length > MAX_FILES) return null;
  }
  return paths.sort(byText);
}
