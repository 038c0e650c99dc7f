/**
 * One request at a time: a queue that HTTP proxies share, in order of arrival. A request leaves when its response has
 * arrived; one that takes longer than the bound keeps going, but no longer keeps the others waiting.
 */

/** Longest time that one request keeps the others waiting, ms. Streams without an end and requests that a service makes to
 * itself through the proxy run into it. */
export const MAX_TURN_MS = 30_000;

interface Waiting {
  readonly run: (leave: () => void) => void;
}

interface Turn {
  /** The bound has passed and nobody was waiting. */
  overdue: boolean;
  readonly timer: NodeJS.Timeout;
}

export interface RequestQueueOptions {
  /** Says a degradation, once. */
  readonly degrade: (code: string, text: string) => void;
  readonly turnMs?: number;
}

export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #waiting = new Set<Waiting>();
  #turn: Turn | null = null;
  #advancing = false;
  #told = false;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Calls `run` when it is the caller's turn, perhaps at once; its argument ends the turn and may be called again and
   * again. The result takes the caller out of the queue; false when it was no longer in it. */
  enter(run: (leave: () => void) => void): () => boolean {
    const waiting: Waiting = { run };
    this.#waiting.add(waiting);
    if (this.#turn?.overdue) this.#giveUp(this.#turn);
    this.#advance();
    return () => this.#waiting.delete(waiting);
  }

  #advance(): void {
    // A turn may end while it begins: the loop takes the next, so that the stack does not grow with the queue.
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      while (this.#turn === null) {
        const [next] = this.#waiting;
        if (next === undefined) return;
        this.#waiting.delete(next);
        const turn = this.#begin();
        next.run(() => this.#leave(turn));
      }
    } finally {
      this.#advancing = false;
    }
  }

  #begin(): Turn {
    const timer = setTimeout(() => this.#bound(turn), this.#options.turnMs ?? MAX_TURN_MS);
    timer.unref();
    const turn: Turn = { overdue: false, timer };
    this.#turn = turn;
    return turn;
  }

  #leave(turn: Turn): void {
    clearTimeout(turn.timer);
    if (this.#turn !== turn) return;
    this.#turn = null;
    this.#advance();
  }

  #bound(turn: Turn): void {
    if (this.#turn !== turn) return;
    turn.overdue = true;
    if (this.#waiting.size === 0) return;
    this.#giveUp(turn);
    this.#advance();
  }

  #giveUp(turn: Turn): void {
    if (this.#turn === turn) this.#turn = null;
    if (this.#told) return;
    this.#told = true;
    const seconds = (this.#options.turnMs ?? MAX_TURN_MS) / 1000;
    this.#options.degrade(
      'serialize-bound',
      `A request took longer than ${seconds} s (a stream?); --serialize let the next one through beside it, and what overlaps is not attributed.`,
    );
  }
}
