/**
 * Subscriptions of a connection. RESP2 confirms each channel with one array in the place of a reply, and from then on
 * sends messages as arrays that answer nothing; RESP3 sends both as pushes. Only how many channels there are matters:
 * an UNSUBSCRIBE without names is answered once for each.
 */
import { REPLY, type ReplyScanner } from '../../wire/redis/index.ts';
import { nameText } from './key-names.ts';

const MESSAGES = new Set(['message', 'pmessage', 'smessage']);
const CONFIRMATIONS = new Map([
  ['subscribe', 'channel'],
  ['unsubscribe', 'channel'],
  ['psubscribe', 'pattern'],
  ['punsubscribe', 'pattern'],
  ['ssubscribe', 'shard'],
  ['sunsubscribe', 'shard'],
] as const);
type Kind = 'channel' | 'pattern' | 'shard';

/** A command that waits for its answer. */
export interface Asked {
  /** Name in upper case. */
  readonly command: string;
  /** Channels it names. */
  readonly argument: number;
}

/** The longest first word that matters. */
const LONGEST_WORD = 16;

export class Subscriptions {
  readonly #counts: Record<Kind, number> = { channel: 0, pattern: 0, shard: 0 };
  #word = '';
  #total = 0;
  /** The subscription at the head, and the confirmations it misses. */
  #awaited: { readonly head: Asked; missing: number } | null = null;

  /** Whether messages may arrive. */
  get any(): boolean {
    return this.#counts.channel + this.#counts.pattern + this.#counts.shard > 0;
  }

  /** All gone (RESET). */
  clear(): void {
    this.#counts.channel = 0;
    this.#counts.pattern = 0;
    this.#counts.shard = 0;
  }

  /** Starts on an array or push. */
  begin(): void {
    this.#word = '';
    this.#total = 0;
  }

  /** Takes the next node of the array or push. */
  node(s: ReplyScanner): void {
    if (s.depth !== 1) return;
    if (this.#word === '') {
      const text = s.type === REPLY.bulk || s.type === REPLY.simple;
      this.#word = text && s.length <= LONGEST_WORD ? nameText(s.bytes, s.start, s.end) : '?';
    }
    if (s.type === REPLY.integer) this.#total = s.integer;
  }

  /** Whether the array or push that just ended confirms the command, in whole or in part. */
  confirms(head: Asked | undefined): boolean {
    return CONFIRMATIONS.has(this.#word as 'subscribe') && head?.command.toLowerCase() === this.#word;
  }

  /** Whether the array that just ended is a message. */
  get isMessage(): boolean {
    return MESSAGES.has(this.#word);
  }

  /** Takes in the array or push that just ended. Answers whether the command at the head of the queue has its whole answer
   * now: a subscription its last confirmation, or, when an array was `inPlace` of a reply, any other command its reply. */
  completes(head: Asked | undefined, inPlace: boolean): boolean {
    const expected = head === undefined ? 0 : head.argument || this.#allOf(head.command);
    const word = this.#confirm();
    if (head === undefined) return false;
    if (word === '') return inPlace;
    if (head.command.toLowerCase() !== word) return false;
    if (this.#awaited?.head !== head) this.#awaited = { head, missing: expected };
    return --this.#awaited.missing === 0;
  }

  /** Confirmations that an unsubscription of everything of this kind gives. */
  #allOf(command: string): number {
    return Math.max(1, this.#counts[CONFIRMATIONS.get(command.toLowerCase() as 'subscribe') ?? 'channel']);
  }

  #confirm(): string {
    const kind = CONFIRMATIONS.get(this.#word as 'subscribe');
    if (kind === undefined) return '';
    // The total of a confirmation counts channels and patterns together, and shard channels on their own.
    const others = kind === 'channel' ? this.#counts.pattern : kind === 'pattern' ? this.#counts.channel : 0;
    this.#counts[kind] = Math.max(0, this.#total - others);
    return this.#word;
  }
}
