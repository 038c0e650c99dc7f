/**
 * What a Redis server says, cut at its borders. A reply is handed on as it comes; what may be something else (a push of RESP3,
 * an array on a connection of RESP2 that has subscriptions, anything behind an attribute) is gathered until it is whole.
 */
import { Subscriptions } from '../../../observe/redis/subscriptions.ts';
import { isAggregate, REPLY, ReplyScanner } from '../../../wire/redis/index.ts';
import { Cutter } from '../cutter.ts';
import { MESSAGE_BYTES } from '../limits.ts';

const ATTRIBUTE = 0x7c;

export interface ReplyTaker {
  /** Whether an array that begins now may be something other than a reply. */
  ambiguous(): boolean;
  /** A part of a reply. */
  piece(bytes: Uint8Array): void;
  /** The reply of the last pieces is whole. */
  ended(): void;
  /** Something else, or an array in the place of a reply, whole. */
  whole(bytes: Uint8Array, push: boolean): void;
  /** What follows cannot be framed; see {@link ReplyFramer.rest}. */
  lost(code: string, why: string): void;
}

/** `none`: a border. */
type Mode = 'none' | 'reply' | 'gathered';

export class ReplyFramer {
  readonly subscriptions = new Subscriptions();
  readonly #taker: ReplyTaker;
  readonly #scanner: ReplyScanner;
  readonly #cutter = new Cutter();
  #chunk: Uint8Array = new Uint8Array(0);
  #mode: Mode = 'none';
  #push = false;

  constructor(taker: ReplyTaker) {
    this.#taker = taker;
    this.#scanner = new ReplyScanner(
      {
        node: (scanner) => this.#node(scanner),
        close: (scanner) => scanner.depth === 0 && this.#end(scanner.position),
        unknown: (why) => taker.lost('gate-redis-protocol', `The server speaks no Redis protocol (${why})`),
      },
      { bodyCap: 64 },
    );
  }

  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#cutter.begin(chunk);
    this.#begin(0);
    this.#scanner.feed(chunk);
    if (this.#scanner.stopped) return;
    if (this.#mode === 'reply') this.#pieces(chunk.length);
    else this.#cutter.end();
    if (this.#cutter.carried > MESSAGE_BYTES)
      this.#taker.lost('gate-long-message', 'The server pushes too much at once');
  }

  /** Bytes that were not handed on; nothing is scanned afterwards. */
  rest(): readonly Uint8Array[] {
    this.#scanner.stop();
    return this.#cutter.rest();
  }

  /** At a border the next byte tells what comes. */
  #begin(position: number): void {
    const first = this.#chunk[position];
    if (this.#mode !== 'none' || first === undefined) return;
    const other =
      first === REPLY.push || first === ATTRIBUTE || (first === REPLY.array && this.#taker.ambiguous());
    this.#mode = other ? 'gathered' : 'reply';
  }

  #node(scanner: ReplyScanner): void {
    if (scanner.depth === 0) {
      this.#push = scanner.push;
      this.subscriptions.begin();
    }
    if (this.#mode === 'gathered') this.subscriptions.node(scanner);
    if (scanner.depth === 0 && !isAggregate(scanner.type)) this.#end(scanner.position);
  }

  #end(position: number): void {
    const mode = this.#mode;
    this.#mode = 'none';
    if (mode === 'reply') {
      this.#pieces(position);
      this.#taker.ended();
    } else {
      this.#taker.whole(Buffer.concat(this.#cutter.cut(position)), this.#push);
    }
    if (!this.#scanner.stopped) this.#begin(position);
  }

  #pieces(position: number): void {
    for (const piece of this.#cutter.cut(position)) this.#taker.piece(piece);
  }
}
