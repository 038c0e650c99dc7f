/** One line of progress on stderr: redrawn in place on a terminal, written now and then elsewhere. */
import { cut, visible } from '../report/width.ts';
import type { Frame } from './frame.ts';

/** Plain lines are written at most this often, ms. */
const PLAIN_EVERY_MS = 5_000;
/** A terminal is redrawn at most this often, ms. */
const REDRAW_EVERY_MS = 100;

const CLEAR = '\r\u001b[2K';

export class StatusLine {
  readonly #frame: Frame;
  #text = '';
  #at = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  set(text: string): void {
    this.#text = text;
    const every = this.#frame.terminal ? REDRAW_EVERY_MS : PLAIN_EVERY_MS;
    if (performance.now() - this.#at < every) return;
    this.#at = performance.now();
    if (this.#frame.terminal) this.#draw();
    else this.#frame.err(`whystale: ${text}\n`);
  }

  /** A line that stays, above the progress. */
  say(text: string): void {
    this.#clear();
    this.#frame.err(`${text}\n`);
    if (this.#frame.terminal && this.#text !== '') this.#draw();
  }

  /** Takes the line away. */
  close(): void {
    this.#clear();
    this.#text = '';
  }

  #draw(): void {
    this.#frame.err(`${CLEAR}${cut(visible(this.#text), this.#frame.errDrawing.width - 1)}`);
    this.#shown = true;
  }

  #clear(): void {
    if (this.#shown) this.#frame.err(CLEAR);
    this.#shown = false;
  }
}
