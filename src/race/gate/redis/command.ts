/** Commands of a client, whole, with the bytes they came in. */
import { CommandScanner } from '../../../wire/redis/index.ts';
import { Cutter } from '../cutter.ts';
import { MESSAGE_BYTES } from '../limits.ts';
import { Message } from '../message.ts';

/** Longest name of a command. */
const LONGEST_NAME = 64;

export class Command extends Message {
  readonly args: readonly Uint8Array[];
  /** Name in upper case. */
  readonly command: string;
  /** Arguments behind the name: the channels of a subscription. */
  readonly argument: number;
  /** The client asked for no reply; the server's is swallowed. */
  swallowed = false;

  constructor(id: number, parts: readonly Uint8Array[], args: readonly Uint8Array[], argc: number) {
    super(id, parts);
    this.args = args;
    this.command = this.word(0);
    this.argument = argc - 1;
  }

  /** An argument in upper case; empty when it is absent or no word. */
  word(index: number): string {
    const argument = this.args[index];
    if (argument === undefined || argument.length > LONGEST_NAME) return '';
    return Buffer.from(argument).toString('latin1').toUpperCase();
  }
}

export interface CommandTaker {
  command(parts: readonly Uint8Array[], args: readonly Uint8Array[], argc: number): void;
  /** What follows cannot be framed; see {@link CommandFramer.rest}. */
  lost(code: string, why: string): void;
}

export class CommandFramer {
  readonly #taker: CommandTaker;
  readonly #scanner: CommandScanner;
  readonly #cutter = new Cutter();
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(taker: CommandTaker) {
    this.#taker = taker;
    this.#scanner = new CommandScanner({
      command: (scanner) => this.#command(scanner),
      unknown: (why) => taker.lost('gate-redis-protocol', `The client speaks no Redis protocol (${why})`),
    });
  }

  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#cutter.begin(chunk);
    this.#scanner.feed(chunk);
    if (this.#scanner.stopped) return;
    this.#cutter.end();
    if (this.#cutter.carried > MESSAGE_BYTES) this.#taker.lost('gate-long-message', 'A command is too long');
  }

  /** Bytes of which no whole command was made; nothing is scanned afterwards. */
  rest(): readonly Uint8Array[] {
    this.#scanner.stop();
    return this.#cutter.rest();
  }

  #command({ bytes, starts, ends, recorded, argc, position }: CommandScanner): void {
    const args: Uint8Array[] = [];
    for (let i = 0; i < recorded; i++) {
      // Bytes that lie in the chunk are ours already, others the scanner uses again.
      const from = starts[i]!;
      const to = ends[i]!;
      args.push(bytes === this.#chunk ? bytes.subarray(from, to) : bytes.slice(from, to));
    }
    this.#taker.command(this.#cutter.cut(position), args, argc);
  }
}
