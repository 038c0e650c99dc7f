/** What must be said besides the figures, each thing once. */
import type { Side } from './contract.ts';

interface Said {
  readonly side: Side | null;
  readonly text: string;
}

export class Notices {
  readonly #said: Said[] = [];
  readonly #known = new Set<string>();
  readonly #tell: (text: string) => void;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** Notes it, and tells it unless the same was told before with other numbers: every turn may say how late it was. */
  add(text: string, side: Side | null = null): void {
    const key = `${side ?? ''} ${text.replaceAll(/[\d.]+/g, '#')}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#said.push({ side, text });
    this.#tell(sentence(side, text));
  }

  /** What was said of both sides in the same words is one sentence. */
  list(): readonly string[] {
    const sentences = this.#said.map(({ side, text }) => {
      const both =
        side !== null &&
        this.#said.some((one) => one.side !== null && one.side !== side && one.text === text);
      return both ? `Both sides: ${text}` : sentence(side, text);
    });
    return [...new Set(sentences)];
  }
}

function sentence(side: Side | null, text: string): string {
  return side === null ? text : `Side ${side}: ${text}`;
}
