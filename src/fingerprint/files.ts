/** Hashing files within bounds. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile, readlink, stat } from 'node:fs/promises';

/** Largest file that is hashed; larger ones are told by their size. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** Largest file that is read as a text. */
const MAX_TEXT_BYTES = 32 * 1024 * 1024;

/** What stands for a file's content: a digest (not keyed: not to be shown), a link's target, or what else it is. */
export async function contentOf(file: string): Promise<string> {
  const facts = await lstat(file);
  if (facts.isSymbolicLink()) return `link ${await readlink(file)}`;
  if (facts.isDirectory()) return 'a folder';
  if (!facts.isFile()) return 'no file';
  const executable = (facts.mode & 0o111) === 0 ? '' : 'x ';
  if (facts.size > MAX_FILE_BYTES) return `${executable}${facts.size} bytes`;
  return executable + (await digestOf(file));
}

/** SHA-256 of a file's bytes, hex. Symbolic links are followed. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw new Error(`${file} is larger than ${MAX_FILE_BYTES} bytes`);
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** A file's text; null when it is not there, no file, or too large. */
export async function textOf(file: string): Promise<string | null> {
  try {
    const facts = await stat(file);
    return facts.isFile() && facts.size <= MAX_TEXT_BYTES ? await readFile(file, 'utf8') : null;
  } catch {
    return null;
  }
}
