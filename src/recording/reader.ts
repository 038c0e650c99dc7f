/**
 * Opens a recording. The first pass checks every line, so that an analysis never meets damage half way; the second
 * yields operations in order of return, from memory when the recording is small and from the file when it is not.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Digest, Operation } from '../core/operation.ts';
import { cannotRead, damagedLine, damagedManifest, newerFormat, notARecording } from './errors.ts';
import { readLines } from './lines.ts';
import { HISTORY_FILE, MANIFEST_FILE, type Manifest, readManifest, VALUES_FILE } from './manifest.ts';
import { readAcceptedOperation, readOperation } from './operation-line.ts';
import { MAX_PLAIN_VALUES } from './writer.ts';

/** History bytes up to which the first pass keeps its operations; a larger history is read from disk again. */
const KEEP_BYTES = 64 << 20;

export interface Recording {
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Operations of the kinds this version knows. */
  readonly count: number;
  /** What the reader should know before trusting conclusions: cut short, not closed, operations left out. */
  readonly notices: readonly string[];
  /** In order of return; unknown outcomes last, by invocation. May be iterated more than once. */
  readonly operations: Iterable<Operation>;
  /** The value behind a digest, when the recording holds values in the clear. */
  readonly reveal: (digest: Digest) => string | undefined;
}

/** Opens the recording in `path` (the folder, or its manifest.json or history.jsonl). Throws coded errors. */
export function openRecording(path: string): Recording {
  const folder = folderOf(resolve(path));
  const manifest = manifestOf(folder);
  const history = join(folder, HISTORY_FILE);
  if (!existsSync(history)) throw notARecording(folder, `${HISTORY_FILE} is missing`);
  const scan = scanHistory(history);
  return {
    folder,
    manifest,
    count: scan.count,
    notices: noticesOf(manifest, scan),
    operations: { [Symbol.iterator]: () => inOrderOfReturn(history, scan) },
    reveal: plainValues(folder, manifest),
  };
}

interface Scan {
  readonly count: number;
  /** Bytes of whole lines; a second pass reads no further. */
  readonly bytes: number;
  readonly sorted: boolean;
  /** Line that was cut off in the middle, or null. */
  readonly cutLine: number | null;
  /** Kinds that this version does not know, with their number. */
  readonly unknown: ReadonlyMap<string, number>;
  /** All operations, when there are few. */
  readonly kept: readonly Operation[] | null;
}

function scanHistory(path: string): Scan {
  const unknown = new Map<string, number>();
  let kept: Operation[] | null = [];
  let count = 0;
  let bytes = 0;
  let last = 0;
  let sorted = true;
  let cutLine: number | null = null;
  for (const line of readLines(path)) {
    const reading = readOperation(line.text);
    if (reading.is === 'damaged' && !line.ended) {
      cutLine = line.number;
      break;
    }
    if (reading.is === 'damaged') throw damagedLine(path, line.number, reading.problem);
    bytes = line.until;
    if (reading.is === 'unknown') {
      unknown.set(reading.kind, (unknown.get(reading.kind) ?? 0) + 1);
      continue;
    }
    count += 1;
    const returned = reading.operation.return;
    if (returned !== null) {
      if (returned < last) sorted = false;
      last = returned;
    }
    if (bytes > KEEP_BYTES) kept = null;
    kept?.push(reading.operation);
  }
  return { count, bytes, sorted, cutLine, unknown, kept };
}

function* inOrderOfReturn(path: string, scan: Scan): Generator<Operation> {
  const source = scan.kept ?? operationsOf(path, scan.bytes);
  if (!scan.sorted) {
    yield* [...source].sort(byReturn);
    return;
  }
  const open: Operation[] = [];
  for (const operation of source) {
    if (operation.return === null) open.push(operation);
    else yield operation;
  }
  yield* open.sort(byReturn);
}

function* operationsOf(path: string, bytes: number): Generator<Operation> {
  for (const line of readLines(path, bytes)) {
    const operation = readAcceptedOperation(line.text);
    if (operation !== null) yield operation;
  }
}

function byReturn(a: Operation, b: Operation): number {
  if (a.return === null || b.return === null)
    return a.return === b.return ? a.invoke - b.invoke : a.return === null ? 1 : -1;
  return a.return - b.return;
}

function noticesOf(manifest: Manifest, scan: Scan): string[] {
  const notices: string[] = [];
  if (!manifest.closed)
    notices.push(
      'The recording was not closed: the watch still runs, or it was killed. The last moments are missing.',
    );
  if (scan.cutLine !== null)
    notices.push(`Line ${scan.cutLine} of ${HISTORY_FILE} is cut off; the history ends before it.`);
  const lines = scan.count + [...scan.unknown.values()].reduce((sum, number) => sum + number, 0);
  if (manifest.operations !== null && manifest.operations !== lines)
    notices.push(`The manifest names ${manifest.operations} operations, ${HISTORY_FILE} holds ${lines}.`);
  for (const [kind, number] of scan.unknown)
    notices.push(`${number} operations of the kind "${kind}", unknown to this version, were left out.`);
  if (lines === 0) notices.push('The recording holds no operation.');
  for (const { code, text } of manifest.degradations) notices.push(`Not all was seen (${code}): ${text}`);
  return notices;
}

function folderOf(path: string): string {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (cause) {
    throw cannotRead(path, cause);
  }
  if (isFolder) return path;
  if (basename(path) === MANIFEST_FILE || basename(path) === HISTORY_FILE) return dirname(path);
  throw notARecording(path, 'it is a file, not a folder');
}

function manifestOf(folder: string): Manifest {
  const path = join(folder, MANIFEST_FILE);
  if (!existsSync(path)) throw notARecording(folder, `${MANIFEST_FILE} is missing`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw cannotRead(path, cause);
  }
  const reading = readManifest(text);
  if (reading.is === 'manifest') return reading.manifest;
  if (reading.is === 'foreign') throw notARecording(folder, `${MANIFEST_FILE} belongs to another program`);
  if (reading.is === 'newer') throw newerFormat(folder, reading.format, reading.writtenBy);
  throw damagedManifest(path, reading.problem);
}

function plainValues(folder: string, manifest: Manifest): (digest: Digest) => string | undefined {
  const path = join(folder, VALUES_FILE);
  if (manifest.redaction.values !== 'plain' || !existsSync(path)) return () => undefined;
  const values = new Map<Digest, string>();
  for (const line of readLines(path)) {
    if (values.size >= MAX_PLAIN_VALUES) break;
    const pair = pairOf(line.text);
    if (pair !== null) values.set(pair[0], pair[1]);
    else if (line.ended) throw damagedLine(path, line.number, 'it is no pair of a digest and a value');
  }
  return (digest) => values.get(digest);
}

function pairOf(text: string): readonly [string, string] | null {
  try {
    const pair: unknown = JSON.parse(text);
    if (!Array.isArray(pair)) return null;
    const [digest, value]: unknown[] = pair;
    return typeof digest === 'string' && typeof value === 'string' ? [digest, value] : null;
  } catch {
    return null;
  }
}
