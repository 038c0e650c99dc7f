/** What a person presses: single keys of a terminal, else the first character of each line. */
import { createInterface } from 'node:readline';
import type { Typed } from './frame.ts';

export interface Keys {
  /** The next key, `''` for Enter; null once there are no more. */
  next(): Promise<string | null>;
  /** Gives the terminal back as it was. */
  close(): void;
}

/** Keys of a terminal that ask to stop: Ctrl-C and Ctrl-D send no signal while single keys are read. */
const STOPS = new Set(['\u0003', '\u0004']);

/** The key that {@link STOPS} are told as. */
export const STOP_KEY = 'q';

export function readKeys(stdin: Typed): Keys {
  const queue = new Queue();
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) {
    const lines = createInterface({ input: stdin, terminal: false });
    lines.on('line', (line) => queue.put(line.trim().charAt(0)));
    lines.on('close', () => queue.end());
    return { next: () => queue.take(), close: () => lines.close() };
  }
  const onData = (data: Buffer | string) => {
    for (const char of String(data)) {
      if (STOPS.has(char)) queue.put(STOP_KEY);
      else queue.put(char === '\r' || char === '\n' ? '' : char);
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return {
    next: () => queue.take(),
    close: () => {
      stdin.off('data', onData);
      stdin.setRawMode?.(false);
      stdin.pause();
      queue.end();
    },
  };
}

/** What was pressed before it was asked for waits here. */
class Queue {
  readonly #keys: string[] = [];
  #waiting: ((key: string | null) => void) | null = null;
  #ended = false;

  put(key: string): void {
    if (this.#waiting === null) this.#keys.push(key);
    else this.#give(key);
  }

  end(): void {
    this.#ended = true;
    if (this.#waiting !== null) this.#give(null);
  }

  take(): Promise<string | null> {
    const key = this.#keys.shift();
    if (key !== undefined) return Promise.resolve(key);
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #give(key: string | null): void {
    const resolve = this.#waiting;
    this.#waiting = null;
    resolve?.(key);
  }
}
