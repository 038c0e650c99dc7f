/**
 * Files that are written whole or not at all: beside their place, then renamed, so that whoever reads one never sees half of
 * it. What is no regular file (a pipe, a terminal) is written to directly.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const PERMISSIONS = 0o777;

/** Where links lead to, so that a rename replaces the file and not the link. */
export function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Tries whether a file could be written, and leaves nothing behind. Throws the system's error. */
export function tryWhole(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new Error('it is a folder');
  if (found !== undefined) accessSync(path, constants.W_OK);
  if (found !== undefined && !found.isFile()) return;
  const beside = besideOf(path);
  closeSync(openSync(beside, 'wx'));
  rmSync(beside);
}

/** Writes a file; one that stood there keeps its permissions, a new one gets `mode`. Throws the system's error. */
export function writeWhole(path: string, text: string, mode?: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) writeFileSync(path, text);
  else replace(path, text, found, mode);
}

function replace(path: string, text: string, found: Stats | undefined, mode: number | undefined): void {
  const beside = besideOf(path);
  try {
    writeFileSync(beside, text, { flag: 'wx', ...(mode === undefined ? {} : { mode }) });
    if (found !== undefined) chmodSync(beside, found.mode & PERMISSIONS);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw cause;
  }
}

function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}
