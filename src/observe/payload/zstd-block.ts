/** Compressed blocks of Zstandard (RFC 8878, 3.1.1.3): literals, and the sequences that copy from what was written before. */
import { BackwardBits, Broken } from './zstd-bits.ts';
import {
  decodeHuffman,
  type HuffmanTable,
  readHuffman,
  readStateTable,
  type StateTable,
  singleState,
  stateTable,
} from './zstd-tables.ts';

/** Largest block, 3.1.1.2.3. */
export const MAX_BLOCK = 131_072;

/** What is written, up to its bound. */
export interface Output {
  readonly bytes: Uint8Array;
  length: number;
}

/** What one block leaves for the next of its frame. */
export interface FrameState {
  huffman: HuffmanTable | null;
  literalLengths: StateTable | null;
  offsets: StateTable | null;
  matchLengths: StateTable | null;
  /** The last three offsets, latest first. */
  readonly recent: [number, number, number];
}

export function newFrame(): FrameState {
  return { huffman: null, literalLengths: null, offsets: null, matchLengths: null, recent: [1, 4, 8] };
}

/** One kind of code in the sequences section (3.1.1.3.2.1): its limits, its default table, its values. */
interface Kind {
  readonly log: number;
  readonly symbols: number;
  readonly standard: StateTable;
}

const counts = (text: string): number[] => text.split(' ').map(Number);
const LITERAL_LENGTHS: Kind = {
  log: 9,
  symbols: 36,
  standard: stateTable(
    counts('4 3 2 2 2 2 2 2 2 2 2 2 2 1 1 1 2 2 2 2 2 2 2 2 2 3 2 1 1 1 1 1 -1 -1 -1 -1'),
    6,
  ),
};
const MATCH_LENGTHS: Kind = {
  log: 9,
  symbols: 53,
  standard: stateTable(
    [...counts('1 4 3 2 2 2 2 2 2'), ...new Array<number>(37).fill(1), ...new Array<number>(7).fill(-1)],
    6,
  ),
};
const OFFSETS: Kind = {
  log: 8,
  symbols: 32,
  standard: stateTable(counts('1 1 1 1 1 1 2 2 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 -1 -1 -1 -1 -1'), 5),
};

/** Extra bits of the codes, and from them the least value of each. */
const LITERAL_BITS = [
  ...new Array<number>(16).fill(0),
  ...counts('1 1 1 1 2 2 3 3 4 6 7 8 9 10 11 12 13 14 15 16'),
];
const MATCH_BITS = [
  ...new Array<number>(32).fill(0),
  ...counts('1 1 1 1 2 2 3 3 4 4 5 7 8 9 10 11 12 13 14 15 16'),
];
const LITERAL_BASE = basesOf(LITERAL_BITS, 0);
const MATCH_BASE = basesOf(MATCH_BITS, 3);

function basesOf(bits: readonly number[], first: number): number[] {
  let base = first;
  return bits.map((count) => {
    const own = base;
    base += 2 ** count;
    return own;
  });
}

/** Decodes a block; false when the output is full. Throws {@link Broken}. */
export function decodeBlock(block: Uint8Array, frame: FrameState, output: Output): boolean {
  const literals = readLiterals(block, frame);
  return runSequences(block, literals.next, literals.bytes, frame, output);
}

interface Literals {
  readonly bytes: Uint8Array;
  readonly next: number;
}

/** 3.1.1.3.1. */
function readLiterals(block: Uint8Array, frame: FrameState): Literals {
  const first = byteAt(block, 0);
  const kind = first & 3;
  const format = (first >> 2) & 3;
  if (kind < 2) return plainLiterals(block, kind === 1, format);
  const width = format < 2 ? 10 : format === 2 ? 14 : 18;
  const head = format < 2 ? 3 : format + 2;
  let header = 0;
  for (let i = head - 1; i >= 0; i--) header = header * 256 + byteAt(block, i);
  const sizes = Math.floor(header / 16);
  const size = sizes % 2 ** width;
  const packed = Math.floor(sizes / 2 ** width);
  const next = head + packed;
  if (size > MAX_BLOCK || next > block.length) throw new Broken('literals are cut');
  let at = head;
  if (kind === 2) {
    const { table, next: begins } = readHuffman(block.subarray(0, next), head);
    frame.huffman = table;
    at = begins;
  }
  if (frame.huffman === null) throw new Broken('no code for literals');
  const bytes = new Uint8Array(size);
  if (format === 0) decodeHuffman(frame.huffman, block.subarray(at, next), bytes);
  else decodeFour(frame.huffman, block.subarray(at, next), bytes);
  return { bytes, next };
}

function plainLiterals(block: Uint8Array, repeated: boolean, format: number): Literals {
  const head = format === 1 ? 2 : format === 3 ? 3 : 1;
  let header = 0;
  for (let i = head - 1; i >= 0; i--) header = header * 256 + byteAt(block, i);
  const size = head === 1 ? header >> 3 : header >> 4;
  if (size > MAX_BLOCK) throw new Broken('too many literals');
  if (repeated) return { bytes: new Uint8Array(size).fill(byteAt(block, head)), next: head + 1 };
  if (head + size > block.length) throw new Broken('literals are cut');
  return { bytes: block.subarray(head, head + size), next: head + size };
}

/** Four streams, of which a jump table tells where each begins. */
function decodeFour(table: HuffmanTable, bytes: Uint8Array, target: Uint8Array): void {
  const quarter = (target.length + 3) >> 2;
  if (quarter * 3 > target.length) throw new Broken('too few literals for four streams');
  let at = 6;
  for (let i = 0; i < 4; i++) {
    const end = i === 3 ? bytes.length : at + byteAt(bytes, 2 * i) + byteAt(bytes, 2 * i + 1) * 256;
    if (end > bytes.length) throw new Broken('a stream is cut');
    const part = target.subarray(quarter * i, i === 3 ? target.length : quarter * (i + 1));
    decodeHuffman(table, bytes.subarray(at, end), part);
    at = end;
  }
}

/** 3.1.1.3.2. */
function runSequences(
  block: Uint8Array,
  start: number,
  literals: Uint8Array,
  frame: FrameState,
  output: Output,
): boolean {
  const { count, next } = readCount(block, start);
  if (count === 0) return append(literals, output);
  const modes = byteAt(block, next);
  let at = next + 1;
  const tableFor = (shift: number, kind: Kind, before: StateTable | null): StateTable => {
    const read = readTable(block, at, (modes >> shift) & 3, kind, before);
    at = read.next;
    return read.table;
  };
  frame.literalLengths = tableFor(6, LITERAL_LENGTHS, frame.literalLengths);
  frame.offsets = tableFor(4, OFFSETS, frame.offsets);
  frame.matchLengths = tableFor(2, MATCH_LENGTHS, frame.matchLengths);
  const used = execute(new BackwardBits(block.subarray(at)), count, literals, frame, output);
  return used !== null && append(literals.subarray(used), output);
}

function readCount(block: Uint8Array, at: number): { readonly count: number; readonly next: number } {
  const first = byteAt(block, at);
  if (first < 128) return { count: first, next: at + 1 };
  const second = byteAt(block, at + 1);
  if (first < 255) return { count: (first - 128) * 256 + second, next: at + 2 };
  return { count: second + byteAt(block, at + 2) * 256 + 0x7f00, next: at + 3 };
}

function readTable(
  block: Uint8Array,
  at: number,
  mode: number,
  kind: Kind,
  before: StateTable | null,
): { readonly table: StateTable; readonly next: number } {
  if (mode === 0) return { table: kind.standard, next: at };
  if (mode === 1) {
    const symbol = byteAt(block, at);
    if (symbol >= kind.symbols) throw new Broken('no such code');
    return { table: singleState(symbol), next: at + 1 };
  }
  if (mode === 2) return readStateTable(block, at, kind);
  if (before === null) throw new Broken('no table to repeat');
  return { table: before, next: at };
}

/** Runs all sequences; gives how many literals they used, null when the output is full. */
function execute(
  stream: BackwardBits,
  count: number,
  literals: Uint8Array,
  frame: FrameState,
  output: Output,
): number | null {
  const lengths = frame.literalLengths as StateTable;
  const offsets = frame.offsets as StateTable;
  const matches = frame.matchLengths as StateTable;
  let length = stream.take(lengths.log);
  let offset = stream.take(offsets.log);
  let match = stream.take(matches.log);
  let used = 0;
  for (let i = 0; i < count; i++) {
    const offsetCode = offsets.symbols[offset] as number;
    const matchCode = matches.symbols[match] as number;
    const lengthCode = lengths.symbols[length] as number;
    const raw = 2 ** offsetCode + stream.take(offsetCode);
    const matchLength = (MATCH_BASE[matchCode] as number) + stream.take(MATCH_BITS[matchCode] as number);
    const literalLength =
      (LITERAL_BASE[lengthCode] as number) + stream.take(LITERAL_BITS[lengthCode] as number);
    if (i < count - 1) {
      length = (lengths.base[length] as number) + stream.take(lengths.bits[length] as number);
      match = (matches.base[match] as number) + stream.take(matches.bits[match] as number);
      offset = (offsets.base[offset] as number) + stream.take(offsets.bits[offset] as number);
    }
    if (stream.left < 0 || used + literalLength > literals.length) throw new Broken('sequences are cut');
    const distance = distanceOf(raw, literalLength, frame.recent);
    if (!append(literals.subarray(used, used + literalLength), output)) return null;
    used += literalLength;
    if (!copy(distance, matchLength, output)) return null;
  }
  if (stream.left !== 0) throw new Broken('sequences are too long');
  return used;
}

/** 3.1.1.5: small values stand for offsets that were used lately. */
function distanceOf(raw: number, literalLength: number, recent: FrameState['recent']): number {
  const [first, second, third] = recent;
  if (raw > 3) {
    recent.splice(0, 3, raw - 3, first, second);
    return raw - 3;
  }
  const which = literalLength === 0 ? raw + 1 : raw;
  if (which === 1) return first;
  const distance = which === 2 ? second : which === 3 ? third : first - 1;
  recent.splice(0, 3, distance, first, which === 2 ? third : second);
  return distance;
}

/** Appends bytes; false when not all fit. */
export function append(bytes: Uint8Array, output: Output): boolean {
  const room = output.bytes.length - output.length;
  output.bytes.set(bytes.length <= room ? bytes : bytes.subarray(0, room), output.length);
  output.length += Math.min(room, bytes.length);
  return bytes.length <= room;
}

function copy(distance: number, length: number, output: Output): boolean {
  if (distance <= 0 || distance > output.length) throw new Broken('a match reaches before the beginning');
  const end = Math.min(output.bytes.length, output.length + length);
  const whole = output.length + length <= output.bytes.length;
  // Byte by byte: a match may reach into what it is just writing.
  for (; output.length < end; output.length++)
    output.bytes[output.length] = output.bytes[output.length - distance] as number;
  return whole;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Broken('a block is cut');
  return byte;
}
