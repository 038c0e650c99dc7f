/** CLIENT REPLY ON | OFF | SKIP, obeyed on behalf of the server (redis.io/docs/latest/commands/client-reply). */
import type { Command } from './command.ts';

/** What becomes of a command's reply. `changed`: the command was the switch itself. */
export type ReplyWish = 'deliver' | 'swallow' | 'changed';

export class ReplySwitch {
  #off = false;
  #skip = false;

  /** Whether the switch, as it was set last, is itself answered. */
  get answers(): boolean {
    return !this.#off && !this.#skip;
  }

  takes(command: Command): ReplyWish {
    if (command.command === 'RESET') {
      this.#off = false;
      this.#skip = false;
      return 'deliver';
    }
    if (command.command === 'CLIENT' && command.word(1) === 'REPLY' && command.argument === 2) {
      if (this.#turn(command.word(2))) return 'changed';
    }
    const swallow = this.#off || this.#skip;
    this.#skip = false;
    return swallow ? 'swallow' : 'deliver';
  }

  /** False: no such position; the server says so. */
  #turn(position: string): boolean {
    if (position === 'SKIP') this.#skip = !this.#off;
    else if (position === 'ON' || position === 'OFF') {
      this.#off = position === 'OFF';
      this.#skip = false;
    } else return false;
    return true;
  }
}
