/** The arguments of the command that was just scanned, read as what a plan expects of them. */
import type { CommandScanner } from '../../wire/redis/index.ts';
import { NameTable } from '../../wire/redis/index.ts';
import { nameText } from './key-names.ts';

/** Option words of all commands that have a plan. */
const OPTIONS = [
  'EX',
  'PX',
  'EXAT',
  'PXAT',
  'KEEPTTL',
  'NX',
  'XX',
  'GET',
  'PERSIST',
  'IFEQ',
  'IFNE',
  'IFDEQ',
  'IFDNE',
  'FNX',
  'FXX',
  'FIELDS',
  'DB',
  'REPLACE',
  'ABSTTL',
  'STORE',
  'STOREDIST',
  'ON',
  'OFF',
  'SKIP',
  'REPLY',
  'HELP',
  'IDLETIME',
  'FREQ',
  'INDENT',
  'NEWLINE',
  'SPACE',
  'NOESCAPE',
  'FORMAT',
] as const;
export type Option = (typeof OPTIONS)[number];
const TABLE = new NameTable(OPTIONS);

export class Arguments {
  readonly #scanner: CommandScanner;

  constructor(scanner: CommandScanner) {
    this.#scanner = scanner;
  }

  /** Arguments, the name included; those beyond the scanner's record are left out. */
  get count(): number {
    return this.#scanner.recorded;
  }

  get bytes(): Uint8Array {
    return this.#scanner.bytes;
  }

  start(i: number): number {
    return this.#scanner.starts[i]!;
  }

  end(i: number): number {
    return this.#scanner.ends[i]!;
  }

  /** True length. */
  size(i: number): number {
    return this.#scanner.lengths[i]!;
  }

  /** Whether all bytes of the argument are there. */
  whole(i: number): boolean {
    return i < this.count && this.end(i) - this.start(i) === this.size(i);
  }

  /** Whether all bytes of the argument are there, or all that the cap for one value allows. */
  usable(i: number): boolean {
    return i < this.count && this.end(i) - this.start(i) === Math.min(this.size(i), this.#scanner.bodyCap);
  }

  /** The argument as a name; empty when it is not there. */
  text(i: number): string {
    return i < this.count ? nameText(this.bytes, this.start(i), this.end(i)) : '';
  }

  /** The argument as a whole number, NaN when it is none. */
  integer(i: number): number {
    if (i >= this.count || this.size(i) === 0 || this.size(i) > 20) return Number.NaN;
    let at = this.start(i);
    const negative = this.bytes[at] === 0x2d;
    if (negative) at++;
    let value = at === this.end(i) ? Number.NaN : 0;
    for (; at < this.end(i); at++) {
      const digit = this.bytes[at]! - 48;
      value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
    }
    return negative ? -value : value;
  }

  /** The argument as an option word, or '' when it is none of them. */
  option(i: number): Option | '' {
    if (i >= this.count) return '';
    return TABLE.names[TABLE.find(this.bytes, this.start(i), this.end(i))] as Option | '';
  }

  /** Index of an option word at or after `from`, or -1. */
  find(option: Option, from: number): number {
    for (let i = from; i < this.count; i++) if (this.option(i) === option) return i;
    return -1;
  }
}
