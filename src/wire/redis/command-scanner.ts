/**
 * Commands in the bytes a client sends (RESP, redis.io/docs/latest/develop/reference/protocol-spec): arrays of bulk
 * strings, and inline commands. Sans-I/O: chunks in, one call of the handler per command.
 *
 * A command that lies wholly in the chunk is only measured: the handler sees offsets into the chunk. Any other goes
 * through a state machine that may stop after any byte, and copies argument bytes up to the caps. Both give the
 * handler the same view. Bytes that are not the protocol are reported once, and then the scanner is stopped.
 */
import { splitInline } from './inline.ts';
import {
  DEFAULT_BODY_CAP,
  DEFAULT_COMMAND_CAP,
  KEPT_BUFFER,
  MAX_ARGUMENTS,
  MAX_ARGUMENTS_RECORDED,
  MAX_BODY,
  MAX_INLINE,
  SHORT_ARGUMENT,
  SHORT_RESERVE_SHARE,
} from './limits.ts';
import type { NameTable } from './name-table.ts';
import { LINE_DAMAGED, LINE_MORE, NumberLine } from './number-line.ts';
import { Spill } from './spill.ts';
import { measureWhole } from './whole-command.ts';

export interface CommandHandler {
  /** A command is complete. Its view on the scanner is valid during the call only. */
  command(scanner: CommandScanner): void;
  /** The bytes are not the protocol; called at most once, and nothing follows. */
  unknown(reason: string): void;
}

export interface CommandScannerOptions {
  /** Numbers command names; `name` is 0 for a name it does not know, and for every command when absent. */
  readonly names?: NameTable;
  /** Bytes kept of one argument. */
  readonly bodyCap?: number;
  /** Bytes kept of all arguments of a command. */
  readonly commandCap?: number;
}

const START = 0;
const COUNT = 1;
const MARK = 2;
const LENGTH = 3;
const BODY = 4;
const BODY_CR = 5;
const BODY_LF = 6;
const INLINE = 7;

const FIRST_CAPACITY = 64;

export class CommandScanner {
  /** Number of the command's name. */
  name = 0;
  /** Arguments of the command, its name included. */
  argc = 0;
  /** Arguments whose place is known: the first `recorded` of `argc`. */
  recorded = 0;
  /** Holds the arguments: argument i lies from `starts[i]` to `ends[i]`. */
  bytes: Uint8Array = new Uint8Array(0);
  starts: Int32Array = new Int32Array(FIRST_CAPACITY);
  ends: Int32Array = new Int32Array(FIRST_CAPACITY);
  /** True lengths; greater than `ends[i] - starts[i]` when a cap cut the argument. */
  lengths: Float64Array = new Float64Array(FIRST_CAPACITY);
  /** Where the command ended in the chunk being fed. */
  position = 0;
  readonly bodyCap: number;
  readonly #commandCap: number;
  readonly #longCap: number;
  readonly #handler: CommandHandler;
  readonly #names: NameTable | null;
  readonly #number = new NumberLine();
  readonly #spill = new Spill();
  #state = START;
  #missing = 0;
  #capture = 0;
  #bodyLeft = 0;
  #stopped = false;

  constructor(handler: CommandHandler, options: CommandScannerOptions = {}) {
    this.#handler = handler;
    this.#names = options.names ?? null;
    this.bodyCap = options.bodyCap ?? DEFAULT_BODY_CAP;
    this.#commandCap = options.commandCap ?? DEFAULT_COMMAND_CAP;
    this.#longCap = this.#commandCap - Math.floor(this.#commandCap * SHORT_RESERVE_SHARE);
  }

  /** Whether the scanner gave up or was told to stop. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Ignores everything from here on. */
  stop(): void {
    this.#stopped = true;
    this.#spill.bytes = new Uint8Array(0);
  }

  /** Takes the next bytes of the stream. Never throws on what they hold; a handler that throws is the caller's matter. */
  feed(chunk: Uint8Array): void {
    const end = chunk.length;
    let at = 0;
    while (at < end && !this.#stopped) {
      if (this.#state === START && chunk[at] === 0x2a) {
        const next = this.#whole(chunk, at, end);
        if (next >= 0) {
          at = next;
          continue;
        }
      }
      at = this.#step(chunk, at, end);
    }
  }

  /** Takes a command that lies wholly in the chunk; -1 leaves it to the state machine. */
  #whole(chunk: Uint8Array, from: number, end: number): number {
    const at = measureWhole(chunk, from, end, this, this.bodyCap);
    if (at < 0 || at - from > this.#longCap) return -1;
    this.bytes = chunk;
    this.recorded = this.argc;
    this.#emit(at);
    return at;
  }

  #emit(at: number): void {
    this.position = at;
    this.name = this.#names === null ? 0 : this.#names.find(this.bytes, this.starts[0]!, this.ends[0]!);
    this.#handler.command(this);
  }

  #step(chunk: Uint8Array, at: number, end: number): number {
    switch (this.#state) {
      case START:
        return this.#start(chunk[at]!, at);
      case COUNT:
      case LENGTH:
        return this.#readNumber(chunk, at, end);
      case MARK:
        return this.#mark(chunk[at]!, at);
      case BODY:
        return this.#readBody(chunk, at, end);
      case BODY_CR:
        return this.#closeBody(chunk[at]!, 13, at);
      case BODY_LF:
        return this.#closeBody(chunk[at]!, 10, at);
      default:
        return this.#readInline(chunk, at, end);
    }
  }

  #start(byte: number, at: number): number {
    this.#spill.clear();
    this.recorded = 0;
    if (byte === 0x2a) {
      this.#number.reset();
      this.#state = COUNT;
      return at + 1;
    }
    // The server would take any other byte for an inline command; control bytes begin no command that anyone sends,
    // but they do begin TLS and other protocols.
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) {
      return this.#damaged('a command begins with a control byte', at);
    }
    this.#state = INLINE;
    return at;
  }

  #readNumber(chunk: Uint8Array, from: number, end: number): number {
    const status = this.#number.read(chunk, from, end);
    const at = this.#number.position;
    if (status === LINE_MORE) return at;
    if (status === LINE_DAMAGED || this.#number.streamed)
      return this.#damaged('a length is not a number', at);
    return this.#state === COUNT ? this.#counted(at) : this.#measured(at);
  }

  #counted(at: number): number {
    const count = this.#number.value;
    if (count > MAX_ARGUMENTS) return this.#damaged('a command announces too many arguments', at);
    // The server takes an empty or negative array for nothing at all, and answers nothing.
    this.#state = count <= 0 ? START : MARK;
    this.argc = Math.max(0, count);
    this.#missing = this.argc;
    return at;
  }

  #mark(byte: number, at: number): number {
    if (byte !== 0x24) return this.#damaged('an argument is not a bulk string', at);
    this.#number.reset();
    this.#state = LENGTH;
    return at + 1;
  }

  #measured(at: number): number {
    const length = this.#number.value;
    if (length < 0 || length > MAX_BODY) return this.#damaged('an argument announces a bad length', at);
    this.#capture = this.#allow(length);
    if (this.recorded < MAX_ARGUMENTS_RECORDED) this.#record(length);
    this.#bodyLeft = length;
    this.#state = length === 0 ? BODY_CR : BODY;
    return at;
  }

  /** Bytes to keep of an argument: within its cap, and within what the command has left. */
  #allow(length: number): number {
    if (this.recorded >= MAX_ARGUMENTS_RECORDED) return 0;
    const wanted = Math.min(length, this.bodyCap);
    const limit = wanted <= SHORT_ARGUMENT ? this.#commandCap : this.#longCap;
    return this.#spill.length + wanted > limit ? 0 : wanted;
  }

  #record(length: number): void {
    const i = this.recorded++;
    if (i >= this.starts.length) this.#growOffsets();
    this.starts[i] = this.#spill.length;
    this.ends[i] = this.#spill.length + this.#capture;
    this.lengths[i] = length;
  }

  #growOffsets(): void {
    const size = this.starts.length * 2;
    this.starts = grown(this.starts, new Int32Array(size));
    this.ends = grown(this.ends, new Int32Array(size));
    this.lengths = grown(this.lengths, new Float64Array(size));
  }

  #readBody(chunk: Uint8Array, at: number, end: number): number {
    const available = Math.min(end - at, this.#bodyLeft);
    const kept = Math.min(available, this.#capture);
    if (kept > 0) this.#spill.append(chunk, at, at + kept);
    this.#capture -= kept;
    this.#bodyLeft -= available;
    if (this.#bodyLeft === 0) this.#state = BODY_CR;
    return at + available;
  }

  #closeBody(byte: number, expected: number, at: number): number {
    if (byte !== expected) return this.#damaged('an argument does not end where its length says', at);
    if (expected === 13) {
      this.#state = BODY_LF;
      return at + 1;
    }
    this.#missing--;
    this.#state = this.#missing > 0 ? MARK : START;
    if (this.#missing === 0) this.#finish(at + 1);
    return at + 1;
  }

  #finish(at: number): void {
    this.bytes = this.#spill.bytes;
    this.#emit(at);
    if (this.starts.length * 4 > KEPT_BUFFER) {
      this.starts = new Int32Array(FIRST_CAPACITY);
      this.ends = new Int32Array(FIRST_CAPACITY);
      this.lengths = new Float64Array(FIRST_CAPACITY);
    }
  }

  #readInline(chunk: Uint8Array, from: number, end: number): number {
    const newline = chunk.indexOf(10, from);
    const to = newline === -1 ? end : newline;
    if (this.#spill.length + to - from > MAX_INLINE)
      return this.#damaged('an inline command is too long', from);
    this.#spill.append(chunk, from, to);
    if (newline === -1) return end;
    this.#state = START;
    const words = splitInline(this.#spill.bytes, this.#spill.length, this.#spill.bytes);
    if (words === null) return this.#damaged('an inline command has unbalanced quotes', from);
    this.#recordWords(words, newline + 1);
    return newline + 1;
  }

  #recordWords(words: readonly number[], at: number): void {
    if (words.length === 0) return;
    this.argc = words.length / 2;
    this.recorded = this.argc;
    while (this.starts.length < this.argc) this.#growOffsets();
    for (let i = 0; i < this.argc; i++) {
      const start = words[2 * i]!;
      const length = words[2 * i + 1]! - start;
      this.starts[i] = start;
      this.ends[i] = start + Math.min(length, this.bodyCap);
      this.lengths[i] = length;
    }
    this.#finish(at);
  }

  #damaged(reason: string, at: number): number {
    this.stop();
    this.position = at;
    this.#handler.unknown(reason);
    return at;
  }
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
