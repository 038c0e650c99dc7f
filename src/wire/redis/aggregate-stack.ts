/** The aggregates that are open while a reply is read: how many elements each still misses. */
import { MAX_DEPTH } from './limits.ts';
import { MARK, REPLY } from './reply-types.ts';

export class AggregateStack {
  depth = 0;
  /** True while what is read belongs to an attribute and not to a reply. */
  muted = false;
  /** True while a push is read. */
  inPush = false;
  /** Elements the innermost aggregate misses; negative when it waits for its end mark. */
  left = 0;
  /** Type byte of the innermost aggregate. */
  type = 0;
  /** Depth of the outermost attribute that is open. */
  #attribute = 0;
  /** The aggregates around the innermost. */
  #lefts = new Float64Array(16);
  #types = new Uint8Array(16);

  /** Opens an aggregate of `count` elements; negative: until its end mark. Answers false when it lies too deep. */
  open(type: number, count: number): boolean {
    if (this.depth === MAX_DEPTH) return false;
    if (this.depth === this.#lefts.length) this.#grow();
    if (this.depth === 0) this.inPush = type === REPLY.push;
    if (type === MARK.attribute && !this.muted) {
      this.muted = true;
      this.#attribute = this.depth;
    }
    this.#lefts[this.depth] = this.left;
    this.#types[this.depth] = this.type;
    this.left = count;
    this.type = type;
    this.depth++;
    return true;
  }

  /** Closes the innermost aggregate. Answers whether it counts as an element of the one around it: an attribute does
   * not. */
  close(): boolean {
    const counts = this.type !== MARK.attribute;
    this.depth--;
    this.left = this.#lefts[this.depth]!;
    this.type = this.#types[this.depth]!;
    if (this.depth === 0) this.inPush = false;
    if (!counts && this.#attribute === this.depth) this.muted = false;
    return counts;
  }

  #grow(): void {
    const lefts = new Float64Array(this.depth * 2);
    lefts.set(this.#lefts);
    this.#lefts = lefts;
    const types = new Uint8Array(this.depth * 2);
    types.set(this.#types);
    this.#types = types;
  }
}
