/**
 * Reads a file line by line with bounded memory, synchronously: the analysis takes an ordinary iterable, and one
 * process reads one file from start to end.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { cannotRead, damagedLine } from './errors.ts';

const CHUNK_BYTES = 1 << 20;

/** A line longer than this is no operation; whystale writes far shorter ones. */
export const MAX_LINE_BYTES = 64 << 20;

const NEWLINE = 0x0a;

export interface Line {
  /** Counts from 1. */
  readonly number: number;
  readonly text: string;
  /** False for a last line that no newline ends: the writer may have been killed within it. */
  readonly ended: boolean;
  /** Offset of the first byte after the line. */
  readonly until: number;
}

/**
 * The lines of a file that are not blank, in order. `limit`: bytes to read at most, so that a second pass sees no more
 * than the first.
 */
export function* readLines(path: string, limit = Number.POSITIVE_INFINITY): Generator<Line> {
  const file = open(path);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest: Buffer[] = [];
  let restBytes = 0;
  let number = 0;
  let offset = 0;
  try {
    for (;;) {
      const length = read(file, path, chunk, Math.min(CHUNK_BYTES, limit - offset));
      if (length === 0) break;
      let from = 0;
      for (;;) {
        const at = chunk.indexOf(NEWLINE, from);
        // Beyond `length` the chunk holds bytes of the read before.
        if (at < 0 || at >= length) break;
        number += 1;
        const text = rest.length === 0 ? textOf(chunk, from, at) : joined(rest, chunk.subarray(from, at));
        if (rest.length > 0) rest = [];
        restBytes = 0;
        from = at + 1;
        if (text !== '') yield { number, text, ended: true, until: offset + from };
      }
      if (from < length) {
        rest.push(Buffer.from(chunk.subarray(from, length)));
        restBytes += length - from;
        if (restBytes > MAX_LINE_BYTES)
          throw damagedLine(path, number + 1, `the line is longer than ${MAX_LINE_BYTES >> 20} MiB`);
      }
      offset += length;
    }
    const text = joined(rest);
    if (text !== '') yield { number: number + 1, text, ended: false, until: offset };
  } finally {
    closeSync(file);
  }
}

/** The line's text. A byte order mark and the carriage return of CRLF files belong to the file, not to the line. */
function textOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('utf8', from, to).trim();
}

function joined(parts: readonly Buffer[], last: Buffer = Buffer.alloc(0)): string {
  const whole = Buffer.concat([...parts, last]);
  return textOf(whole, 0, whole.length);
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function read(file: number, path: string, chunk: Buffer, length: number): number {
  try {
    return readSync(file, chunk, 0, length, null);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}
