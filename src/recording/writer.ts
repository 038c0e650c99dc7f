/**
 * Writes a recording: `manifest.json`, `history.jsonl` and, when values are recorded in the clear, `values.jsonl`.
 * The manifest is written first and replaced by renaming, so that at any moment, also after a kill -9, the folder
 * is a recording that opens.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Digest, Operation } from '../core/operation.ts';
import type { StoreProtection } from '../core/safety/unprotected-store.ts';
import { beingWritten, cannotWrite, folderNotOurs } from './errors.ts';
import { LineFile } from './line-file.ts';
import {
  HISTORY_FILE,
  MANIFEST_FILE,
  type Manifest,
  RECORDING_FORMAT,
  readManifest,
  VALUES_FILE,
} from './manifest.ts';
import { createMask, type Mask } from './mask.ts';

/** Values in the clear that are kept at most; later ones stay hashes. */
export const MAX_PLAIN_VALUES = 1_000_000;

/** What is known when recording begins. */
export interface RecordingStart {
  /** Version of whystale. */
  readonly version: string;
  /** Argument vector of the watched command, in the clear: it is masked here. null when attached. */
  readonly command: readonly string[] | null;
  readonly engines: Manifest['engines'];
  readonly stores?: readonly StoreProtection[];
  /** Wall-clock time of the recording's zero. */
  readonly startedAt: Date;
  readonly values: 'hashed' | 'plain';
  /** Credentials known in the clear, to be masked wherever they appear. */
  readonly secrets?: readonly string[];
  /** Called once when the disk refuses: recording stops, watching goes on. */
  readonly onFailure?: (error: Error) => void;
}

/** What becomes known while recording or at its end. */
export type RecordingFacts = Partial<Pick<Manifest, 'engines' | 'degradations' | 'child'>>;

export interface RecordingWriter {
  /** Absolute path of the folder. */
  readonly folder: string;
  /** Operations appended so far. */
  readonly operations: number;
  /** The error of the first write that failed; nothing is recorded from then on. */
  readonly failure: Error | null;
  /** Appends an operation. Log lines, paths and error replies are masked. Never throws, never waits unless the disk is
   * behind by more than `MAX_PENDING_CHARS`. */
  append(operation: Operation): void;
  /** Keeps a value in the clear; ignored unless values are recorded `plain`. */
  reveal(digest: Digest, text: string): void;
  /** Rewrites the manifest with facts that became known. */
  describe(facts: RecordingFacts): Promise<void>;
  /** Resolves once everything so far was handed to the operating system. */
  flush(): Promise<void>;
  /** Ends the recording and says so in the manifest. Throws a coded error when writing failed. */
  close(facts?: RecordingFacts): Promise<Manifest>;
}

/**
 * Starts a recording in `folder`. A former recording there is replaced; a folder with other content is refused (WSE201),
 * so is one that a running process writes to (WSE208) and one that cannot be written (WSE202).
 */
export async function createRecording(folder: string, start: RecordingStart): Promise<RecordingWriter> {
  const path = resolve(folder);
  await claim(path);
  const mask = createMask(start.secrets);
  const manifest: Manifest = {
    format: RECORDING_FORMAT,
    whystale: start.version,
    command: start.command === null ? null : mask.argv(start.command),
    engines: start.engines,
    startedAt: start.startedAt.toISOString(),
    clock: { unit: 'ns' },
    redaction: { values: start.values },
    operations: null,
    closed: false,
    degradations: [],
    stores: (start.stores ?? []).map(entryOf),
    child: null,
    writer: { pid: process.pid, host: hostname() },
  };
  const onFailure = start.onFailure ?? (() => {});
  await writeManifest(path, manifest);
  const history = await LineFile.create(join(path, HISTORY_FILE), onFailure);
  const values = start.values === 'plain' ? await LineFile.create(join(path, VALUES_FILE), onFailure) : null;
  return new FolderWriter(path, manifest, mask, history, values);
}

class FolderWriter implements RecordingWriter {
  readonly folder: string;
  operations = 0;
  readonly #mask: Mask;
  readonly #history: LineFile;
  readonly #values: LineFile | null;
  readonly #revealed = new Set<Digest>();
  #manifest: Manifest;
  #manifestWritten: Promise<void> = Promise.resolve();

  constructor(folder: string, manifest: Manifest, mask: Mask, history: LineFile, values: LineFile | null) {
    this.folder = folder;
    this.#manifest = manifest;
    this.#mask = mask;
    this.#history = history;
    this.#values = values;
  }

  get failure(): Error | null {
    return this.#history.failure ?? this.#values?.failure ?? null;
  }

  append(operation: Operation): void {
    if (this.#history.failure !== null) return;
    this.operations += 1;
    this.#history.append(JSON.stringify(masked(operation, this.#mask)));
  }

  reveal(digest: Digest, text: string): void {
    if (this.#values === null || this.#revealed.has(digest) || this.#revealed.size >= MAX_PLAIN_VALUES)
      return;
    this.#revealed.add(digest);
    this.#values.append(JSON.stringify([digest, this.#mask(text)]));
  }

  async describe(facts: RecordingFacts): Promise<void> {
    this.#manifest = { ...this.#manifest, ...facts };
    const manifest = this.#manifest;
    // One rewrite after the other: two at once would rename each other's temporary file.
    this.#manifestWritten = this.#manifestWritten.then(() => writeManifest(this.folder, manifest));
    await this.#manifestWritten;
  }

  async flush(): Promise<void> {
    await Promise.all([this.#history.flush(), this.#values?.flush()]);
  }

  async close(facts: RecordingFacts = {}): Promise<Manifest> {
    await Promise.all([this.#history.close(), this.#values?.close()]);
    if (this.failure !== null) throw this.failure;
    const { writer: _, ...rest } = this.#manifest;
    this.#manifest = { ...rest, operations: this.operations, closed: true };
    await this.describe(facts);
    return this.#manifest;
  }
}

function entryOf(store: StoreProtection): Manifest['stores'][number] {
  return { ...store, dangerous: store.dangerous === null ? null : [...store.dangerous] };
}

/** Free text of the watched service may hold credentials; keys and values never arrive here in the clear. */
function masked(operation: Operation, mask: Mask): Operation {
  if (operation.kind === 'log') return { ...operation, text: mask(operation.text) };
  if (operation.kind === 'request') return { ...operation, path: mask(operation.path) };
  return operation.error === undefined ? operation : { ...operation, error: mask(operation.error) };
}

async function claim(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const entries = await readdir(folder);
    if (entries.length === 0) return;
    await refuseForeign(folder, entries);
    for (const file of [HISTORY_FILE, VALUES_FILE]) await rm(join(folder, file), { force: true });
  } catch (cause) {
    if (cause instanceof Error && 'facts' in cause) throw cause;
    throw cannotWrite(folder, cause);
  }
}

async function refuseForeign(folder: string, entries: readonly string[]): Promise<void> {
  const shown = entries[0] ?? '';
  if (!existsSync(join(folder, MANIFEST_FILE))) throw folderNotOurs(folder, shown);
  const reading = readManifest(await readFile(join(folder, MANIFEST_FILE), 'utf8'));
  if (reading.is !== 'manifest') throw folderNotOurs(folder, MANIFEST_FILE);
  const { closed, writer } = reading.manifest;
  if (!closed && writer !== undefined && writer.host === hostname() && isAlive(writer.pid))
    throw beingWritten(folder, writer.pid);
}

/** Whether a process of that id runs; one that may not be signalled (EPERM) runs too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST_FILE);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cannotWrite(path, cause);
  }
}
