/**
 * Appends lines to a file without making the caller wait: lines are buffered, written in the background, and held
 * within a bound. When the disk cannot keep up, the caller is slowed down by a synchronous write; no line is dropped,
 * because a history with a missing removal would accuse the innocent.
 *
 * Writes carry their position, so that a synchronous write may overtake one that is under way.
 */

import { writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { cannotWrite } from './errors.ts';

/** Characters that start a write. */
export const FLUSH_CHARS = 256 << 10;

/** Characters that may wait while a write is under way; beyond, the caller writes itself. */
export const MAX_PENDING_CHARS = 16 << 20;

/** Longest time a line waits in memory, in milliseconds: what a kill -9 can cost. */
export const FLUSH_AFTER_MS = 200;

/** Owner only: log lines and key names are nobody else's business. */
const FILE_MODE = 0o600;

export class LineFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #onFailure: (error: Error) => void;
  #pending: string[] = [];
  #pendingChars = 0;
  #offset = 0;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failure: Error | null = null;

  private constructor(path: string, handle: FileHandle, onFailure: (error: Error) => void) {
    this.path = path;
    this.#handle = handle;
    this.#onFailure = onFailure;
  }

  /** Creates or empties the file. `onFailure` is called once, when the first write fails; lines are then discarded. */
  static async create(path: string, onFailure: (error: Error) => void): Promise<LineFile> {
    try {
      return new LineFile(path, await open(path, 'w', FILE_MODE), onFailure);
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  /** The error of the first write that failed. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Takes a line without its newline. Never throws. */
  append(line: string): void {
    if (this.#failure !== null) return;
    this.#pending.push(line);
    this.#pendingChars += line.length + 1;
    if (this.#pendingChars < FLUSH_CHARS) this.#arm();
    else if (this.#writing === null) this.#start();
    else if (this.#pendingChars >= MAX_PENDING_CHARS) this.#writeNow();
  }

  /** Resolves once everything appended so far was handed to the operating system, or a write failed. */
  async flush(): Promise<void> {
    while (this.#failure === null && (this.#writing !== null || this.#pending.length > 0)) {
      if (this.#writing === null) this.#start();
      await this.#writing;
    }
  }

  /** Flushes and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      await this.#handle.close();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #arm(): void {
    if (this.#timer !== null || this.#writing !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#writing === null && this.#pending.length > 0) this.#start();
    }, FLUSH_AFTER_MS);
    // The owner closes the file; a forgotten timer must not keep the process alive.
    this.#timer.unref();
  }

  #take(): { bytes: Buffer; position: number } {
    const bytes = Buffer.from(`${this.#pending.join('\n')}\n`, 'utf8');
    const position = this.#offset;
    this.#pending = [];
    this.#pendingChars = 0;
    this.#offset += bytes.length;
    return { bytes, position };
  }

  #start(): void {
    const { bytes, position } = this.#take();
    this.#writing = this.#writeAll(bytes, position)
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => {
        this.#writing = null;
        if (this.#pendingChars >= FLUSH_CHARS && this.#failure === null) this.#start();
        else if (this.#pending.length > 0) this.#arm();
      });
  }

  async #writeAll(bytes: Buffer, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  #writeNow(): void {
    const { bytes, position } = this.#take();
    try {
      let done = 0;
      while (done < bytes.length)
        done += writeSync(this.#handle.fd, bytes, done, bytes.length - done, position + done);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #fail(cause: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = cannotWrite(this.path, cause);
    this.#pending = [];
    this.#pendingChars = 0;
    this.#onFailure(this.#failure);
  }
}
