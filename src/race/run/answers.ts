/** What the gates' messages were answered, while an execution runs. */
import type { Answered } from '../gate/contract.ts';

/** By message; whoever opens the gates feeds it. */
export class Answers {
  readonly #results = new Map<number, string | null>();
  readonly #waiting = new Map<number, () => void>();

  add({ id, result }: Answered): void {
    this.#results.set(id, result);
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }

  resultOf(id: number): string | null {
    return this.#results.get(id) ?? null;
  }

  /** Resolves with the answer, or after the time. */
  async wait(id: number, ms: number): Promise<void> {
    if (this.#results.has(id)) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting.set(id, resolve);
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.#waiting.delete(id);
  }

  clear(): void {
    this.#results.clear();
    this.#waiting.clear();
  }
}
