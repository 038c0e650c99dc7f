/** Discrete events in virtual time: processes are generators that wait for a time or for a gate. */

/** Nanoseconds to sleep, or a gate to wait at. */
export type Wait = number | Gate;
export type Process<T = void> = Generator<Wait, T, void>;

/** Nanoseconds in a millisecond. */
export const MS = 1e6;

/** Processes wait here until it opens; it closes behind them. */
export class Gate {
  #waiting: (() => void)[] = [];

  wait(resume: () => void): void {
    this.#waiting.push(resume);
  }

  open(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

function isEarlier(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

export class Engine {
  now = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  spawn(process: Process): void {
    const { done, value } = process.next();
    if (done) return;
    const resume = () => this.spawn(process);
    if (typeof value === 'number') this.#schedule(this.now + Math.max(1, Math.round(value)), resume);
    else value.wait(() => this.#schedule(this.now, resume));
  }

  /** Runs until nothing is left to do. */
  run(): void {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      this.now = event.at;
      event.run();
    }
  }

  #schedule(at: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#order++, run });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isEarlier(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && isEarlier(heap[child]!, heap[least]!)) least = child;
      if (least === i) return first;
      [heap[i], heap[least]] = [heap[least]!, heap[i]!];
      i = least;
    }
  }
}

/** A fixed number of connections, taken and given back. */
export class Pool {
  readonly #free: string[];
  readonly #gate = new Gate();

  constructor(name: string, size: number) {
    this.#free = Array.from({ length: size }, (_, i) => `${name}:${i + 1}`).reverse();
  }

  *take(): Process<string> {
    while (this.#free.length === 0) yield this.#gate;
    return this.#free.pop()!;
  }

  give(connection: string): void {
    this.#free.push(connection);
    this.#gate.open();
  }
}
