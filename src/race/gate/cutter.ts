/** Cuts a stream into the bytes of its messages: what lies between two borders, which may be many chunks apart. */

export class Cutter {
  #parts: Uint8Array[] = [];
  #carried = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #from = 0;

  /** Bytes since the last border that came in earlier chunks. */
  get carried(): number {
    return this.#carried;
  }

  /** Begins on a chunk; the caller leaves its memory alone from here on. */
  begin(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#from = 0;
  }

  /** Everything from the last border to `position` of the chunk, which becomes the last border. */
  cut(position: number): Uint8Array[] {
    const parts = this.#parts;
    if (position > this.#from) parts.push(this.#chunk.subarray(this.#from, position));
    this.#parts = [];
    this.#carried = 0;
    this.#from = position;
    return parts;
  }

  /** Keeps what is left of the chunk for the next message. */
  end(): void {
    const rest = this.#chunk.subarray(this.#from);
    if (rest.length > 0) this.#parts.push(rest);
    this.#carried += rest.length;
    this.begin(new Uint8Array(0));
  }

  /** Everything since the last border. */
  rest(): Uint8Array[] {
    return this.cut(this.#chunk.length);
  }
}
