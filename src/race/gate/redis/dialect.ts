/**
 * Redis on a gated connection: one command at a time, its replies told apart from what the server says by itself.
 *
 * CLIENT REPLY is not passed on: without replies nobody could tell when a command took effect. The server answers every
 * command, and what the client asked not to hear is swallowed here (redis.io/docs/latest/commands/client-reply).
 */
import type { Meaning, RedisReader } from '../contract.ts';
import type { Dialect, Line } from '../dialect.ts';
import { SHOWN_REPLY_BYTES } from '../limits.ts';
import { DISCONNECT } from '../message.ts';
import { UNREAD } from '../yard.ts';
import { Command, CommandFramer } from './command.ts';
import { ReplyFramer } from './reply-framer.ts';
import { ReplySwitch } from './reply-switch.ts';

const SUBSCRIPTION = /^[PS]?(?:UN)?SUBSCRIBE$/;
/** Commands that turn a connection into something else. */
const FEEDS: ReadonlyMap<string, string> = new Map([
  ['MONITOR', 'A client monitors Redis'],
  ['PSYNC', 'A replica is fed through the gate'],
  ['SYNC', 'A replica is fed through the gate'],
  ['REPLCONF', 'A replica is fed through the gate'],
]);
const ERROR = 0x2d;
const BULK_ERROR = 0x21;
const OK = Buffer.from('+OK\r\n');
const DISCARD = Buffer.from('*1\r\n$7\r\nDISCARD\r\n');

export interface RedisManners {
  /** Text of the reply that the fault `error` gives, without its dash: code and message. */
  readonly errorText: string;
}

export class RedisDialect implements Dialect<Command> {
  readonly ready = true;
  readonly endsAtOnce = true;
  readonly #line: Line<Command>;
  readonly #reader: RedisReader;
  readonly #manners: RedisManners;
  readonly #commands: CommandFramer;
  readonly #replies: ReplyFramer;
  readonly #switch = new ReplySwitch();
  #resp3 = false;
  /** Beginning of the reply under way. */
  #shown: Uint8Array[] = [];
  #shownBytes = 0;

  constructor(line: Line<Command>, reader: RedisReader, manners: RedisManners) {
    this.#line = line;
    this.#reader = reader;
    this.#manners = manners;
    this.#commands = new CommandFramer({
      command: (parts, args, argc) => line.ask(new Command(line.nextId(), parts, args, argc)),
      lost: (code, why) => line.unframed(code, why),
    });
    this.#replies = new ReplyFramer({
      ambiguous: () => this.#ambiguous(),
      piece: (bytes) => this.#piece(bytes),
      ended: () => this.#ended(),
      whole: (bytes, push) => this.#whole(bytes, push),
      lost: (code, why) => this.#lost(code, why),
    });
  }

  client(chunk: Uint8Array): void {
    this.#commands.feed(chunk);
  }

  server(chunk: Uint8Array): void {
    this.#replies.feed(chunk);
  }

  meaningOf(command: Command): Meaning {
    const feed = FEEDS.get(command.command);
    if (feed !== undefined) this.#lost('gate-redis-feed', feed);
    return this.#line.reading(() => this.#reader.command(command.args)) ?? UNREAD;
  }

  closing(): Meaning {
    return DISCONNECT;
  }

  send(command: Command, fails: boolean): void {
    const change = this.#switch.takes(command);
    command.swallowed = change === 'swallow';
    this.#shown = [];
    this.#shownBytes = 0;
    if (change === 'changed') this.#changed(command);
    else if (!fails) this.#line.toStore(command.bytes);
    // The server would wait for EXEC for ever.
    else if (command.command === 'EXEC') this.#line.toStore(DISCARD, command.bytes);
    else {
      this.#line.show(command.bytes);
      this.#fail(command);
    }
  }

  rest(): readonly Uint8Array[] {
    return this.#commands.rest();
  }

  /** A CLIENT REPLY, which is obeyed here. */
  #changed(command: Command): void {
    this.#line.show(command.bytes);
    if (this.#switch.answers) this.#line.toClient(OK);
    this.#line.answered(null);
  }

  #fail(command: Command): void {
    const { errorText } = this.#manners;
    if (!command.swallowed) this.#line.toClient(Buffer.from(`-${errorText}\r\n`));
    this.#line.answered(`error ${errorText}`);
  }

  // Replies.

  #ambiguous(): boolean {
    const { underWay } = this.#line;
    if (underWay !== null && SUBSCRIPTION.test(underWay.command)) return true;
    return !this.#resp3 && this.#replies.subscriptions.any;
  }

  #piece(bytes: Uint8Array): void {
    const { underWay } = this.#line;
    if (underWay === null) {
      // A server may refuse a connection with an error that answers no command.
      if (this.#shownBytes > 0 || bytes[0] === ERROR) this.#line.toClient(bytes);
      else this.#unpaired(bytes);
    } else if (underWay.fate !== 'error') {
      if (!underWay.swallowed) this.#line.toClient(bytes);
    }
    this.#show(bytes);
  }

  #show(bytes: Uint8Array): void {
    const room = SHOWN_REPLY_BYTES - this.#shownBytes;
    if (room <= 0) return;
    this.#shown.push(bytes.subarray(0, room));
    this.#shownBytes += Math.min(room, bytes.length);
  }

  #ended(): void {
    const { underWay } = this.#line;
    const reply = Buffer.concat(this.#shown);
    this.#shown = [];
    this.#shownBytes = 0;
    if (underWay === null) return;
    if (underWay.fate === 'error') {
      this.#fail(underWay);
      return;
    }
    if (reply[0] !== ERROR && reply[0] !== BULK_ERROR) this.#settle(underWay);
    this.#line.answered(this.#line.reading(() => this.#reader.replied(reply)) ?? null);
  }

  /** Brings the connection's state up to date with a command that succeeded. */
  #settle(command: Command): void {
    if (command.command === 'HELLO' && command.argument > 0) this.#resp3 = command.word(1) === '3';
    if (command.command !== 'RESET') return;
    this.#resp3 = false;
    this.#replies.subscriptions.clear();
  }

  /** An array or push that was gathered: a confirmation, another reply, or something that the server says by itself. */
  #whole(bytes: Uint8Array, push: boolean): void {
    if (push) this.#resp3 = true;
    const head = this.#line.underWay ?? undefined;
    const { subscriptions } = this.#replies;
    if (!push && subscriptions.isMessage) {
      this.#push(bytes);
      return;
    }
    const reply = head !== undefined && (!push || subscriptions.confirms(head));
    const whole = subscriptions.completes(head, !push);
    if (!reply) {
      this.#push(bytes);
      return;
    }
    this.#piece(bytes);
    if (whole) this.#ended();
  }

  #push(bytes: Uint8Array): void {
    this.#line.push(bytes, this.#line.reading(() => this.#reader.push(bytes)) ?? UNREAD);
  }

  #unpaired(bytes: Uint8Array): void {
    this.#line.toClient(bytes);
    this.#lost('gate-redis-unpaired', 'A reply came that answers no command');
  }

  /** The bytes of the server that were gathered pass first. */
  #lost(code: string, why: string): void {
    this.#line.unframed(code, why);
    for (const bytes of this.#replies.rest()) this.#line.toClient(bytes);
  }
}
