/** Dependency files beside the service and above it, up to the top of the repository. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { DEPENDENCY_FOLDERS, isDependencyFile } from './dependency-files.ts';
import { digestOf, textOf } from './files.ts';
import { manifestParts } from './manifest-parts.ts';
import { byText, type Sheet } from './sheet.ts';

/** Folders above the service that are looked into. */
const MAX_FOLDERS = 32;
/** Dependency files that are read. */
const MAX_FILES = 200;

/** One dependency file. */
export interface DependencyFile {
  /** Relative to the top, with `/`. */
  readonly path: string;
  readonly file: string;
}

/**
 * The dependency files that bear on a service: those of its folder and of the folders above it.
 *
 * @param top the repository's top, or the folder itself where there is none
 */
export async function dependencyFiles(cwd: string, top: string): Promise<readonly DependencyFile[]> {
  const found: string[] = [];
  for (const folder of foldersUp(cwd, top)) {
    found.push(...(await filesIn(folder, isDependencyFile)));
    for (const [name, files] of DEPENDENCY_FOLDERS) {
      found.push(...(await filesIn(join(folder, name), (file) => files.test(file))));
    }
  }
  return found.map((file) => ({ file, path: relative(top, file).split(sep).join('/') })).slice(0, MAX_FILES);
}

function foldersUp(cwd: string, top: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = cwd; folders.length < MAX_FOLDERS; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === top || folder === dirname(folder)) break;
  }
  return folders.at(-1) === top ? folders : [cwd];
}

async function filesIn(folder: string, wanted: (name: string) => boolean): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory() && wanted(entry.name))
    .map(({ name }) => join(folder, name))
    .sort(byText);
}

/**
 * Notes the dependency files.
 *
 * @returns what of them is code (the scripts of package.json), by path
 */
export async function noteDependencies(
  sheet: Sheet,
  files: readonly DependencyFile[],
): Promise<ReadonlyMap<string, string>> {
  const code = new Map<string, string>();
  for (const { path, file } of files) {
    try {
      const text = await textOf(file);
      const parts = text === null ? null : manifestParts(basename(file), text);
      sheet.hashed('dependency', path, parts?.dependencies ?? (await digestOf(file)));
      if (parts?.code != null) code.set(path, parts.code);
    } catch (error) {
      sheet.unknown('dependency', path, error);
    }
  }
  if (files.length === 0) sheet.unknown('dependency', 'lock files', 'none in the folder or above it');
  return code;
}
