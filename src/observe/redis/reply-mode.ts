/** CLIENT REPLY ON | OFF | SKIP: which commands the server will not answer (redis.io/docs/latest/commands/client-reply). */
import type { Arguments } from './arguments.ts';
import type { KnownCommand } from './planning.ts';

export class ReplyMode {
  #off = false;
  #skipNext = false;

  /** Takes the next command; answers whether it stays without a reply. */
  silences(command: KnownCommand, args: Arguments): boolean {
    const { control } = command.semantics;
    if (control === 'client' && args.option(1) === 'REPLY') return this.#change(args);
    if (control === 'reset') {
      this.#off = false;
      this.#skipNext = false;
      return false;
    }
    const silent = this.#off || this.#skipNext;
    this.#skipNext = false;
    return silent;
  }

  #change(args: Arguments): boolean {
    const word = args.option(2);
    if (word === 'ON') {
      this.#off = false;
      this.#skipNext = false;
      return false;
    }
    if (word === 'OFF') {
      this.#off = true;
      return true;
    }
    const silent = this.#off || this.#skipNext;
    this.#skipNext = word === 'SKIP' && !this.#off;
    return silent || word === 'SKIP';
  }
}
