/**
 * Inline commands: words on a line, as typed into a terminal. Quoting follows the server (`sdssplitargs`): double
 * quotes know `\n \r \t \b \a`, `\xHH` and an escaped character, single quotes know `\'` only, and a closing quote
 * ends its word.
 */

/** Writes the words of the line into `out`, one after the other. Answers how the words lie there as [start, end) pairs,
 * or null when quotes do not balance: the server then answers with a protocol error. */
export function splitInline(line: Uint8Array, end: number, out: Uint8Array): number[] | null {
  const words: number[] = [];
  let written = 0;
  let at = 0;
  for (;;) {
    while (at < end && isSpace(line[at]!)) at++;
    if (at >= end) return words;
    const start = written;
    const word = readWord(line, at, end, out, written);
    if (word === null) return null;
    [at, written] = word;
    words.push(start, written);
  }
}

type Place = readonly [at: number, written: number];

function readWord(line: Uint8Array, from: number, end: number, out: Uint8Array, into: number): Place | null {
  let at = from;
  let written = into;
  while (at < end && !isSpace(line[at]!)) {
    const byte = line[at]!;
    if (byte === 0x22) return readQuoted(line, at + 1, end, out, written);
    if (byte === 0x27) return readSingleQuoted(line, at + 1, end, out, written);
    out[written++] = byte;
    at++;
  }
  return [at, written];
}

function readQuoted(
  line: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  into: number,
): Place | null {
  let at = from;
  let written = into;
  while (at < end) {
    const byte = line[at]!;
    if (byte === 0x22) return closed(line, at + 1, end) ? [at + 1, written] : null;
    if (byte !== 0x5c || at + 1 >= end) {
      out[written++] = byte;
      at++;
      continue;
    }
    const high = at + 3 < end && line[at + 1] === 0x78 ? hex(line[at + 2]!) : -1;
    const low = high >= 0 ? hex(line[at + 3]!) : -1;
    out[written++] = low >= 0 ? high * 16 + low : escaped(line[at + 1]!);
    at += low >= 0 ? 4 : 2;
  }
  return null;
}

function readSingleQuoted(
  line: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  into: number,
): Place | null {
  let at = from;
  let written = into;
  while (at < end) {
    const byte = line[at]!;
    if (byte === 0x27) return closed(line, at + 1, end) ? [at + 1, written] : null;
    const quote = byte === 0x5c && line[at + 1] === 0x27 && at + 1 < end;
    out[written++] = quote ? 0x27 : byte;
    at += quote ? 2 : 1;
  }
  return null;
}

/** A closing quote must be followed by space or the end. */
function closed(line: Uint8Array, at: number, end: number): boolean {
  return at >= end || isSpace(line[at]!);
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13) || byte === 0;
}

function hex(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function escaped(byte: number): number {
  if (byte === 0x6e) return 10;
  if (byte === 0x72) return 13;
  if (byte === 0x74) return 9;
  if (byte === 0x62) return 8;
  return byte === 0x61 ? 7 : byte;
}
