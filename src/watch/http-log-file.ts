/**
 * A file of lines that others may read and write too: opened for appending, written in whole lines, in the background. The
 * watched service never waits for it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';

export const LOG_FILE_LIMITS = {
  /** Characters that start a write. */
  flushChars: 64 << 10,
  /** Longest time a line waits for others, ms. */
  flushAfterMs: 100,
  /** Characters that wait for a slow disk; what comes then is left out, and that is said. */
  pendingChars: 16 << 20,
} as const;

/** Owner only, if it is made here: paths are nobody else's business. */
const FILE_MODE = 0o600;
const NEWLINE = 10;

export class LogFile {
  readonly #handle: FileHandle;
  readonly #onFailure: (text: string) => void;
  readonly #path: string;
  #pending: string[] = [];
  #pendingChars = 0;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failed = false;
  #behind = false;

  private constructor(path: string, handle: FileHandle, onFailure: (text: string) => void) {
    this.#path = path;
    this.#handle = handle;
    this.#onFailure = onFailure;
  }

  /** Opens the file, which is made when it is not there. `onFailure` is told, once each, when a write fails (nothing is
   * written from then on) and when the disk cannot keep up.
   *
   * @throws WhystaleError WSE473 */
  static async open(path: string, onFailure: (text: string) => void): Promise<LogFile> {
    let handle: FileHandle;
    let whole: boolean;
    try {
      handle = await open(path, 'a', FILE_MODE);
      whole = await endsWhole(path);
    } catch (cause) {
      throw cannotOpen(path, cause);
    }
    const file = new LogFile(path, handle, onFailure);
    // A line that was cut off stays one line.
    if (!whole) file.append('');
    return file;
  }

  /** Takes a line without its newline. Never throws. */
  append(line: string): void {
    if (this.#failed) return;
    if (this.#pendingChars + line.length > LOG_FILE_LIMITS.pendingChars) {
      if (!this.#behind) this.#onFailure(`Lines were left out of ${this.#path}: the disk is too slow.`);
      this.#behind = true;
      return;
    }
    this.#pending.push(line);
    this.#pendingChars += line.length + 1;
    if (this.#writing !== null) return;
    if (this.#pendingChars >= LOG_FILE_LIMITS.flushChars) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), LOG_FILE_LIMITS.flushAfterMs);
  }

  /** Writes what is left and closes the file. Never throws. */
  async close(): Promise<void> {
    while (!this.#failed && (this.#writing !== null || this.#pending.length > 0)) {
      if (this.#writing === null) this.#write();
      await this.#writing;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#handle.close().catch((cause: unknown) => this.#fail(cause));
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const bytes = Buffer.from(`${this.#pending.join('\n')}\n`, 'utf8');
    this.#pending = [];
    this.#pendingChars = 0;
    this.#writing = this.#writeAll(bytes)
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => {
        this.#writing = null;
        if (this.#pending.length > 0 && !this.#failed) this.#write();
      });
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#handle.write(bytes, done, bytes.length - done)).bytesWritten;
    }
  }

  #fail(cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#pending = [];
    this.#pendingChars = 0;
    this.#onFailure(`The request log ${this.#path} is no longer written: ${fileFailure(cause, 'writing')}.`);
  }
}

/** Whether the file is empty, ends with a newline, or is no regular file. */
async function endsWhole(path: string): Promise<boolean> {
  let reader: FileHandle;
  try {
    reader = await open(path, 'r');
  } catch {
    // It may be written but not read.
    return true;
  }
  try {
    const stat = await reader.stat();
    if (!stat.isFile() || stat.size === 0) return true;
    const { buffer } = await reader.read(Buffer.alloc(1), 0, 1, stat.size - 1);
    return buffer[0] === NEWLINE;
  } finally {
    await reader.close();
  }
}

function cannotOpen(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE473',
    what: `The request log ${path} cannot be opened: ${fileFailure(cause, 'writing')}.`,
    expected: 'A file in a folder that exists, to which this user may append.',
    retry: 'after-fix',
    next: 'Make the folder, mend the permissions, or name another file with --log FILE.',
    exitCode: 2,
    cause,
  });
}
