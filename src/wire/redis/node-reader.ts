/**
 * Reads one node of a reply (a scalar, the head of an aggregate, an end mark) that does not lie wholly in a chunk: a
 * state machine that may stop after any byte, and copies text up to the cap.
 */
import { MAX_BODY, MAX_LINE } from './limits.ts';
import { LINE_DAMAGED, LINE_MORE, NumberLine } from './number-line.ts';
import { MARK, REPLY } from './reply-types.ts';
import { Spill } from './spill.ts';

/** What reading came to. */
export const READ = { more: 0, text: 1, integer: 2, nothing: 3, aggregate: 4, end: 5, damaged: 6 } as const;
export type ReadStatus = (typeof READ)[keyof typeof READ];

/** Elements of an aggregate whose length is not announced. */
export const STREAMED = -1;

const IDLE = 0;
const LINE = 1;
const NUMBER = 2;
const BODY = 3;
const BODY_CR = 4;
const BODY_LF = 5;
const PART_MARK = 6;
const PART_LENGTH = 7;

const CR = 13;
const LF = 10;
const CR_ALONE = Uint8Array.of(CR);
/** A verbatim string begins with three letters and a colon. */
const VERBATIM_PREFIX = 4;
const LINE_MARKS: ReadonlySet<number> = new Set([
  REPLY.simple,
  REPLY.error,
  REPLY.double,
  REPLY.bigNumber,
  REPLY.boolean,
  REPLY.null,
  MARK.streamEnd,
]);
const NUMBER_MARKS: ReadonlySet<number> = new Set([
  REPLY.integer,
  REPLY.bulk,
  REPLY.array,
  REPLY.map,
  REPLY.set,
  REPLY.push,
  MARK.bulkError,
  MARK.verbatim,
  MARK.attribute,
]);

export class NodeReader {
  /** Where reading stopped in the chunk. */
  position = 0;
  /** Kind of the node, or MARK.attribute. */
  type = 0;
  /** Value of an integer or boolean; elements of an aggregate. */
  value = 0;
  /** Text, from `start` to `end`, of `length` bytes in truth. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  length = 0;
  /** What is wrong, after READ.damaged. */
  reason = '';
  readonly #number = new NumberLine();
  readonly #spill = new Spill();
  #state = IDLE;
  #mark = 0;
  #left = 0;
  #lineCr = false;
  #parts = false;

  /** True between nodes. */
  get idle(): boolean {
    return this.#state === IDLE;
  }

  /** Gives all memory back. */
  release(): void {
    this.#spill.bytes = new Uint8Array(0);
  }

  /** Reads on from `from`, keeping at most `cap` bytes of a body. */
  read(chunk: Uint8Array, from: number, end: number, cap: number): ReadStatus {
    this.position = from;
    let status: ReadStatus = READ.more;
    while (status === READ.more && this.position < end) status = this.#step(chunk, this.position, end, cap);
    if (status !== READ.more) this.#state = IDLE;
    return status;
  }

  #step(chunk: Uint8Array, at: number, end: number, cap: number): ReadStatus {
    switch (this.#state) {
      case IDLE:
        return this.#begin(chunk[at]!);
      case LINE:
        return this.#readLine(chunk, at, end);
      case NUMBER:
      case PART_LENGTH:
        return this.#readNumber(chunk, at, end);
      case BODY:
        return this.#readBody(chunk, at, end, cap);
      case BODY_CR:
        return this.#expect(chunk[at]!, CR, BODY_LF, 'a body does not end where its length says');
      case BODY_LF:
        return this.#closeBody(chunk[at]!);
      default:
        this.#number.reset();
        return this.#expect(chunk[at]!, MARK.streamPart, PART_LENGTH, 'a streamed string lacks a part');
    }
  }

  #expect(byte: number, expected: number, next: number, reason: string): ReadStatus {
    if (byte !== expected) return this.#damaged(reason);
    this.position++;
    this.#state = next;
    return READ.more;
  }

  #begin(mark: number): ReadStatus {
    this.#mark = mark;
    this.#parts = false;
    this.#lineCr = false;
    this.length = 0;
    this.#spill.clear();
    this.#number.reset();
    this.position++;
    if (LINE_MARKS.has(mark)) this.#state = LINE;
    else if (NUMBER_MARKS.has(mark)) this.#state = NUMBER;
    else return this.#damaged('a reply begins with an unknown type');
    return READ.more;
  }

  /** A line ends with CR LF; a CR without LF belongs to it. */
  #readLine(chunk: Uint8Array, from: number, end: number): ReadStatus {
    let at = from;
    while (at < end) {
      const byte = chunk[at++]!;
      if (byte === LF && this.#lineCr) {
        this.position = at;
        return this.#closeLine();
      }
      if (this.#lineCr) this.#keepLine(CR_ALONE, 0);
      this.#lineCr = byte === CR;
      if (!this.#lineCr) this.#keepLine(chunk, at - 1);
    }
    this.position = at;
    return READ.more;
  }

  #keepLine(source: Uint8Array, at: number): void {
    this.length++;
    if (this.#spill.length < MAX_LINE) this.#spill.append(source, at, at + 1);
  }

  #closeLine(): ReadStatus {
    const empty = this.length === 0;
    switch (this.#mark) {
      case REPLY.null:
        return empty ? READ.nothing : this.#damaged('a null carries text');
      case MARK.streamEnd:
        return empty ? READ.end : this.#damaged('an end mark carries text');
      case REPLY.boolean:
        return this.#boolean();
      case REPLY.simple:
      case REPLY.error:
        return this.#text(this.#mark, 0);
      default:
        return empty ? this.#damaged('a number without digits') : this.#text(this.#mark, 0);
    }
  }

  #boolean(): ReadStatus {
    const letter = this.#spill.bytes[0];
    if (this.length !== 1 || (letter !== 0x74 && letter !== 0x66)) {
      return this.#damaged('a boolean is neither t nor f');
    }
    this.value = letter === 0x74 ? 1 : 0;
    return this.#text(REPLY.boolean, 0);
  }

  #text(type: number, skip: number): ReadStatus {
    this.type = type;
    this.bytes = this.#spill.bytes;
    this.start = Math.min(skip, this.#spill.length);
    this.end = this.#spill.length;
    this.length -= skip;
    return READ.text;
  }

  #readNumber(chunk: Uint8Array, from: number, end: number): ReadStatus {
    const status = this.#number.read(chunk, from, end);
    this.position = this.#number.position;
    if (status === LINE_MORE) return READ.more;
    if (status === LINE_DAMAGED) return this.#damaged('a length is not a number');
    const { value, streamed } = this.#number;
    if (this.#state === PART_LENGTH) return this.#part(value, streamed);
    switch (this.#mark) {
      case REPLY.integer:
        this.value = value;
        return streamed ? this.#damaged('an integer is not a number') : READ.integer;
      case REPLY.bulk:
        return streamed ? this.#stream() : this.#body(value, 0);
      case MARK.bulkError:
        return streamed ? this.#damaged('only strings are streamed') : this.#body(value, 0);
      case MARK.verbatim:
        return streamed ? this.#damaged('only strings are streamed') : this.#body(value, VERBATIM_PREFIX);
      default:
        return this.#aggregate(streamed ? STREAMED : value, streamed);
    }
  }

  #aggregate(count: number, streamed: boolean): ReadStatus {
    if (count === -1 && !streamed && this.#mark === REPLY.array) return READ.nothing;
    if ((count < 0 && !streamed) || count > MAX_BODY)
      return this.#damaged('an aggregate announces a bad length');
    const pairs = this.#mark === REPLY.map || this.#mark === MARK.attribute;
    this.type = this.#mark;
    this.value = pairs && !streamed ? 2 * count : count;
    return READ.aggregate;
  }

  #body(length: number, least: number): ReadStatus {
    if (length === -1 && this.#mark === REPLY.bulk) return READ.nothing;
    if (length < least || length > MAX_BODY) return this.#damaged('a body announces a bad length');
    this.length = length;
    this.#left = length;
    this.#state = length === 0 ? BODY_CR : BODY;
    return READ.more;
  }

  #stream(): ReadStatus {
    this.#parts = true;
    this.#state = PART_MARK;
    return READ.more;
  }

  #part(length: number, streamed: boolean): ReadStatus {
    if (streamed || length < 0 || length > MAX_BODY) return this.#damaged('a part announces a bad length');
    if (length === 0) return this.#text(REPLY.bulk, 0);
    this.length += length;
    this.#left = length;
    this.#state = BODY;
    return READ.more;
  }

  #readBody(chunk: Uint8Array, at: number, end: number, cap: number): ReadStatus {
    const available = Math.min(end - at, this.#left);
    const limit = this.#mark === MARK.verbatim ? cap + VERBATIM_PREFIX : cap;
    const kept = Math.min(available, Math.max(0, limit - this.#spill.length));
    if (kept > 0) this.#spill.append(chunk, at, at + kept);
    this.#left -= available;
    if (this.#left === 0) this.#state = BODY_CR;
    this.position = at + available;
    return READ.more;
  }

  #closeBody(byte: number): ReadStatus {
    if (byte !== LF) return this.#damaged('a body does not end where its length says');
    this.position++;
    if (this.#parts) {
      this.#state = PART_MARK;
      return READ.more;
    }
    if (this.#mark === MARK.verbatim) return this.#text(REPLY.bulk, VERBATIM_PREFIX);
    return this.#text(this.#mark === MARK.bulkError ? REPLY.error : REPLY.bulk, 0);
  }

  #damaged(reason: string): ReadStatus {
    this.reason = reason;
    return READ.damaged;
  }
}
