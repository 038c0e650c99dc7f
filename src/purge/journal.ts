/**
 * The journal of a purge: what every key was before it was removed, and what became of it. Entries are on the disk before the
 * removal of their batch is sent; what became of the batch follows. An entry without such a note was under way when the
 * process ended, and may have been removed.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { damagedSnapshot, snapshotUnusable } from './errors.ts';
import { encodeFrame, frameAt, MAGIC, readFrames } from './frames.ts';
import { type JournalState, type Place, stateOf } from './journal-state.ts';
import { decodeEntry, type Entry, encodeEntry, KIND, type Outcome } from './records.ts';

/** Permissions of everything that holds values. */
export const PRIVATE = 0o600;

/** A journal that is only read. What is damaged in it is passed over. Throws WSE790 when it cannot be read at all. */
export class OldJournal {
  readonly #file: number;
  readonly state: JournalState;
  /** Frames that were passed over. */
  damaged = 0;

  constructor(path: string) {
    this.#file = open(path, constants.O_RDONLY);
    try {
      this.state = stateOf(path, this.#file, () => this.damaged++);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  /** Gives an entry back; null: its checksum is wrong. */
  entry({ at }: Place): Entry | null {
    return entryAt(this.#file, at);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** A journal that is open for more. Throws WSE790 where the disk does not take it. */
export class Journal {
  readonly #path: string;
  readonly #file: number;
  #size: number;
  /** What it said when it was opened. */
  readonly before: JournalState;

  private constructor(path: string, file: number, before: JournalState, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.before = before;
  }

  /** Opens it, or begins it. What was cut off at its end is put aside: nothing was removed on its ground. */
  static open(path: string, plan: string): Journal {
    const file = open(path, constants.O_RDWR | constants.O_CREAT);
    try {
      const state = stateOf(path, file);
      if (state.plan !== null && state.plan !== plan) throw damagedSnapshot(path, 0);
      cutOff(path, file, state.plan === null ? 0 : state.whole);
      const journal = new Journal(path, file, { ...state, plan }, state.plan === null ? 0 : state.whole);
      if (state.plan === null)
        journal.#append(Buffer.concat([MAGIC, encodeFrame(KIND.plan, Buffer.from(plan, 'latin1'))]));
      journal.sync();
      syncFolder(dirname(path));
      return journal;
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  entries(entries: readonly Entry[]): void {
    for (const entry of entries) this.#append(encodeEntry(entry));
  }

  outcome(outcome: Outcome): void {
    this.#append(encodeFrame(KIND.outcome, Buffer.from(JSON.stringify(outcome))));
  }

  restored(ordinals: readonly number[]): void {
    const body = Buffer.alloc(ordinals.length * 4);
    for (const [i, ordinal] of ordinals.entries()) body.writeUInt32BE(ordinal, i * 4);
    this.#append(encodeFrame(KIND.restored, body));
  }

  /** Gives an entry back; null: its checksum is wrong. */
  entry({ at }: Place): Entry | null {
    return entryAt(this.#file, at);
  }

  /** Waits until the disk has what was written. */
  sync(): void {
    try {
      fdatasyncSync(this.#file);
    } catch (cause) {
      throw snapshotUnusable(this.#path, cause, 'writing');
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(bytes: Buffer): void {
    try {
      let written = 0;
      while (written < bytes.length)
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.#size + written);
      this.#size += bytes.length;
    } catch (cause) {
      throw snapshotUnusable(this.#path, cause, 'writing');
    }
  }
}

/** Shortens a file; what it held is kept beside it. */
function cutOff(path: string, file: number, whole: number): void {
  try {
    const { size } = fstatSync(file);
    if (size === whole) return;
    copyFileSync(path, `${path}.cut-${size}`);
    ftruncateSync(file, whole);
  } catch (cause) {
    throw snapshotUnusable(path, cause, 'writing');
  }
}

function entryAt(file: number, at: number): Entry | null {
  const frame = frameAt(file, at, fstatSync(file).size);
  if (frame === 'cut' || frame === 'damaged' || frame.kind !== KIND.entry) return null;
  try {
    return decodeEntry(frame.body);
  } catch {
    return null;
  }
}

/** All whole entries, in the order of the file, with their values. For those who look at a snapshot by hand. */
export function* readEntries(path: string): Generator<Entry> {
  const file = open(path, constants.O_RDONLY);
  try {
    for (const frame of readFrames(file, fstatSync(file).size).frames)
      if (frame.kind === KIND.entry) yield decodeEntry(frame.body);
  } finally {
    closeSync(file);
  }
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags, PRIVATE);
  } catch (cause) {
    throw snapshotUnusable(path, cause, 'reading');
  }
}

/** A new file is there after a power failure only once its folder is on the disk. Not all systems can do this. */
function syncFolder(folder: string): void {
  try {
    const file = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch {
    // Windows opens no folders.
  }
}
