/** Entropy tables of Zstandard: finite state entropy (RFC 8878, 4.1) and Huffman codes (4.2). */
import { BackwardBits, Broken, ForwardBits, highBit } from './zstd-bits.ts';

/** A table of finite state entropy: what each state stands for, and how the next one is found. */
export interface StateTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly base: Uint16Array;
}

/** Table of one symbol, for RLE mode. */
export function singleState(symbol: number): StateTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: Uint8Array.of(0), base: Uint16Array.of(0) };
}

/** A table from its normalised counts; -1 is "less than one". */
export function stateTable(counts: readonly number[], log: number): StateTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(counts.length);
  let high = size;
  for (const [symbol, count] of counts.entries()) {
    next[symbol] = count === -1 ? 1 : count;
    if (count === -1) symbols[--high] = symbol;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
  if (at !== 0) throw new Broken('counts do not fill a table');
  const bits = new Uint8Array(size);
  const base = new Uint16Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number;
    const order = next[symbol]!++;
    bits[state] = log - highBit(order);
    base[state] = (order << (bits[state] as number)) - size;
  }
  return { log, symbols, bits, base };
}

/** Reads a table's description; gives the table and where the bytes after it begin. */
export function readStateTable(
  bytes: Uint8Array,
  start: number,
  limits: { readonly log: number; readonly symbols: number },
): { readonly table: StateTable; readonly next: number } {
  const stream = new ForwardBits(bytes, start);
  const log = stream.take(4) + 5;
  if (log > limits.log) throw new Broken('a table is too precise');
  const counts: number[] = [];
  let left = 1 << log;
  while (left > 0) {
    if (counts.length >= limits.symbols) throw new Broken('a table has too many symbols');
    const count = readCount(stream, left);
    left -= Math.abs(count);
    counts.push(count);
    if (count !== 0) continue;
    for (let repeat = 3; repeat === 3; ) {
      repeat = stream.take(2);
      for (let i = 0; i < repeat; i++) counts.push(0);
      if (counts.length > limits.symbols) throw new Broken('a table has too many symbols');
    }
  }
  if (left < 0 || counts.length > limits.symbols) throw new Broken('counts exceed a table');
  return { table: stateTable(counts, log), next: stream.bytesUsed };
}

/** A count takes one bit less where its value is small enough to be told by them. */
function readCount(stream: ForwardBits, left: number): number {
  const width = highBit(left + 1) + 1;
  const mask = (1 << (width - 1)) - 1;
  const threshold = (1 << width) - 2 - left;
  const value = stream.peek(width);
  if ((value & mask) < threshold) {
    stream.take(width - 1);
    return (value & mask) - 1;
  }
  stream.take(width);
  return (value > mask ? value - threshold : value) - 1;
}

/** A Huffman code: the symbol and the length for every value of `log` bits. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly lengths: Uint8Array;
}

const HUFFMAN = { log: 11, weightsLog: 6, symbols: 255 } as const;

/** Reads a code's description (4.2.1). */
export function readHuffman(
  bytes: Uint8Array,
  start: number,
): { readonly table: HuffmanTable; readonly next: number } {
  const header = bytes[start];
  if (header === undefined) throw new Broken('no description of a code');
  if (header >= 128) {
    const count = header - 127;
    const next = start + 1 + ((count + 1) >> 1);
    if (next > bytes.length) throw new Broken('weights are cut');
    const weights = Array.from({ length: count }, (_, i) => {
      const pair = bytes[start + 1 + (i >> 1)] as number;
      return i % 2 === 0 ? pair >> 4 : pair & 15;
    });
    return { table: huffman(weights), next };
  }
  const next = start + 1 + header;
  if (next > bytes.length) throw new Broken('weights are cut');
  return { table: huffman(codedWeights(bytes.subarray(start + 1, next))), next };
}

/** Weights coded by two states that take turns, until the bits are used up. */
function codedWeights(bytes: Uint8Array): number[] {
  const { table, next } = readStateTable(bytes, 0, { log: HUFFMAN.weightsLog, symbols: HUFFMAN.symbols });
  const stream = new BackwardBits(bytes.subarray(next));
  const states = [stream.take(table.log), stream.take(table.log)];
  const weights: number[] = [];
  for (let turn = 0; weights.length < HUFFMAN.symbols; turn ^= 1) {
    const state = states[turn] as number;
    weights.push(table.symbols[state] as number);
    states[turn] = (table.base[state] as number) + stream.take(table.bits[state] as number);
    if (stream.left < 0) {
      weights.push(table.symbols[states[turn ^ 1] as number] as number);
      return weights;
    }
  }
  throw new Broken('too many weights');
}

/** The code that weights stand for; the last symbol's is what is left to a power of two. */
function huffman(weights: readonly number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight === 0 ? 0 : 1 << (weight - 1)), 0);
  const log = sum === 0 ? 0 : highBit(sum) + 1;
  const rest = (1 << log) - sum;
  if (log === 0 || log > HUFFMAN.log || (rest & (rest - 1)) !== 0) throw new Broken('weights are no code');
  const all = [...weights, highBit(rest) + 1];
  const symbols = new Uint8Array(1 << log);
  const lengths = new Uint8Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight++) {
    for (const [symbol, own] of all.entries()) {
      if (own !== weight) continue;
      const end = at + (1 << (weight - 1));
      symbols.fill(symbol, at, end);
      lengths.fill(log + 1 - weight, at, end);
      at = end;
    }
  }
  return { log, symbols, lengths };
}

/** Decodes one stream into `target`, which it must fill exactly. */
export function decodeHuffman(table: HuffmanTable, bytes: Uint8Array, target: Uint8Array): void {
  const stream = new BackwardBits(bytes);
  for (let i = 0; i < target.length; i++) {
    const code = stream.peek(table.log);
    target[i] = table.symbols[code] as number;
    stream.left -= table.lengths[code] as number;
    if (stream.left < 0) throw new Broken('a stream is too short');
  }
  if (stream.left !== 0) throw new Broken('a stream is too long');
}
