/**
 * Replies in the bytes a server sends: RESP2 and RESP3, nested, streamed, with attributes and pushes. Sans-I/O: chunks
 * in; the handler sees a scalar as one node, an aggregate as a node, its elements' nodes and a close. Nothing is built.
 *
 * A top-level reply is over with a scalar node of depth 0 or a close of depth 0. Attributes are read and not shown: they
 * say something about a reply and are none. A node that lies wholly in the chunk is only measured; any other goes
 * through a {@link NodeReader}.
 */
import { AggregateStack } from './aggregate-stack.ts';
import { DEFAULT_BODY_CAP, MAX_LINE } from './limits.ts';
import { NodeReader, READ } from './node-reader.ts';
import { MARK, REPLY } from './reply-types.ts';

export interface ReplyHandler {
  /** A scalar is complete or an aggregate opens: `type`, `depth` and the fields of its kind are valid during the call. */
  node(scanner: ReplyScanner): void;
  /** The aggregate of this `depth` is complete. An empty aggregate opens and closes. */
  close(scanner: ReplyScanner): void;
  /** The bytes are not the protocol; called at most once, and nothing follows. */
  unknown(reason: string): void;
}

export interface ReplyScannerOptions {
  /** Bytes kept of one body. */
  readonly bodyCap?: number;
}

/** Numbers longer than this leave the fast path. */
const FAST_DIGITS = 9;
const CR = 13;
const LF = 10;

export class ReplyScanner {
  /** Kind of the node, one of REPLY; for a close the kind of the aggregate. */
  type = 0;
  /** 0 for a top-level reply, 1 for its elements, and so on. */
  depth = 0;
  /** Elements of an aggregate (a map's keys and values count one each), or -1 when that is not known beforehand. */
  count = 0;
  /** Value of an integer (beyond 2^53 rounded), and 1 or 0 for a boolean. */
  integer = 0;
  /** Text of a scalar other than an integer: from `start` to `end` in `bytes`. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** True length of the text; greater than `end - start` when the cap cut it. */
  length = 0;
  /** True for everything that belongs to a push. */
  push = false;
  /** Where the node ended in the chunk being fed. */
  position = 0;
  /** Bytes kept of one body; may be changed at any time. */
  bodyCap: number;
  readonly #handler: ReplyHandler;
  readonly #reader = new NodeReader();
  readonly #open = new AggregateStack();
  #stopped = false;

  constructor(handler: ReplyHandler, options: ReplyScannerOptions = {}) {
    this.#handler = handler;
    this.bodyCap = options.bodyCap ?? DEFAULT_BODY_CAP;
  }

  /** Whether the scanner gave up or was told to stop. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Ignores everything from here on. */
  stop(): void {
    this.#stopped = true;
    this.#reader.release();
  }

  /** Takes the next bytes of the stream. Never throws on what they hold; a handler that throws is the caller's matter. */
  feed(chunk: Uint8Array): void {
    const end = chunk.length;
    let at = 0;
    if (!this.#reader.idle) at = this.#read(chunk, 0, end);
    while (at < end && !this.#stopped) {
      const next = this.#whole(chunk, at, end);
      at = next >= 0 ? next : this.#read(chunk, at, end);
    }
  }

  /** Reads a node that lies wholly in the chunk; -1 leaves it to the reader. */
  #whole(chunk: Uint8Array, from: number, end: number): number {
    const mark = chunk[from]!;
    if (mark === REPLY.simple || mark === REPLY.error) return this.#wholeLine(mark, chunk, from + 1, end);
    let at = from + 1;
    let value = 0;
    const stop = Math.min(end, at + FAST_DIGITS);
    for (; at < stop; at++) {
      const digit = chunk[at]! - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === from + 1) return this.#wholeNull(mark, chunk, from, end);
    if (at + 1 >= end || chunk[at] !== CR || chunk[at + 1] !== LF) return -1;
    at += 2;
    if (mark === REPLY.bulk) return this.#wholeBody(value, chunk, at, end);
    this.position = at;
    if (mark === REPLY.integer) {
      this.integer = value;
      this.#scalar(REPLY.integer);
      return at;
    }
    if (mark === REPLY.map) return this.#aggregate(mark, 2 * value, at);
    if (mark === REPLY.array || mark === REPLY.set || mark === REPLY.push)
      return this.#aggregate(mark, value, at);
    return -1;
  }

  #wholeBody(length: number, chunk: Uint8Array, at: number, end: number): number {
    const close = at + length;
    if (close + 2 > end || chunk[close] !== CR || chunk[close + 1] !== LF) return -1;
    this.position = close + 2;
    this.#text(REPLY.bulk, chunk, at, length > this.bodyCap ? at + this.bodyCap : close, length);
    return close + 2;
  }

  #wholeLine(mark: number, chunk: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && chunk[at] !== CR) at++;
    if (at + 1 >= end || chunk[at + 1] !== LF || at - from > MAX_LINE) return -1;
    this.position = at + 2;
    this.#text(mark, chunk, from, at, at - from);
    return at + 2;
  }

  /** `$-1`, `*-1` and `_`: the miss is as frequent as the hit. */
  #wholeNull(mark: number, chunk: Uint8Array, from: number, end: number): number {
    let at = from + 1;
    if (mark === REPLY.bulk || mark === REPLY.array) {
      if (at + 1 >= end || chunk[at] !== 0x2d || chunk[at + 1] !== 0x31) return -1;
      at += 2;
    } else if (mark !== REPLY.null) return -1;
    if (at + 1 >= end || chunk[at] !== CR || chunk[at + 1] !== LF) return -1;
    this.position = at + 2;
    this.#scalar(REPLY.null);
    return at + 2;
  }

  /** Reads a node, or a part of one, the slow way. */
  #read(chunk: Uint8Array, from: number, end: number): number {
    const reader = this.#reader;
    const status = reader.read(chunk, from, end, this.bodyCap);
    const at = reader.position;
    this.position = at;
    switch (status) {
      case READ.text:
        if (reader.type === REPLY.boolean) this.integer = reader.value;
        this.#text(reader.type, reader.bytes, reader.start, reader.end, reader.length);
        break;
      case READ.integer:
        this.integer = reader.value;
        this.#scalar(REPLY.integer);
        break;
      case READ.nothing:
        this.#scalar(REPLY.null);
        break;
      case READ.aggregate:
        return this.#aggregate(reader.type, reader.value, at);
      case READ.end:
        if (this.#open.depth > 0 && this.#open.left < 0) this.#close();
        else this.#damaged('an end mark without a streamed aggregate');
        break;
      case READ.damaged:
        this.#damaged(reader.reason);
    }
    return at;
  }

  #text(type: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.length = length;
    this.#scalar(type);
  }

  #scalar(type: number): void {
    const open = this.#open;
    this.type = type;
    this.depth = open.depth;
    if (open.depth === 0) {
      this.push = false;
      this.#handler.node(this);
      return;
    }
    this.push = open.inPush;
    if (!open.muted) this.#handler.node(this);
    if (open.left > 0 && --open.left === 0) this.#close();
  }

  #aggregate(type: number, count: number, at: number): number {
    const open = this.#open;
    this.type = type;
    this.count = count;
    this.depth = open.depth;
    this.push = open.depth === 0 ? type === REPLY.push : open.inPush;
    if (type !== MARK.attribute && !open.muted) this.#handler.node(this);
    if (this.#stopped) return at;
    if (!open.open(type, count)) this.#damaged('a reply is nested too deep');
    else if (count === 0) this.#close();
    return at;
  }

  /** Closes the innermost aggregate, and those around it that it completes. */
  #close(): void {
    const open = this.#open;
    for (;;) {
      this.type = open.type;
      this.push = open.inPush;
      const shown = !open.muted;
      const counts = open.close();
      this.depth = open.depth;
      if (shown) this.#handler.close(this);
      if (this.#stopped || !counts || open.depth === 0 || open.left < 0 || --open.left > 0) return;
    }
  }

  #damaged(reason: string): void {
    this.stop();
    this.#handler.unknown(reason);
  }
}
