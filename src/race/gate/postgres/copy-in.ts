/**
 * COPY FROM STDIN. Its data pass straight on behind the statement that asked for them. In the extended protocol the server
 * ignores the Sync or Flush that it finds among the data, the one of the unit itself included; it is the next one after the
 * end of the data that ends the answer, and so belongs to the same unit.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import { Frontend } from '../../../wire/postgres/index.ts';
import type { Line } from '../dialect.ts';
import { answersTo, terminatorOf, Unit } from './unit.ts';

const DATA = new Set<number>([Frontend.copyData, Frontend.copyDone, Frontend.copyFail]);

export class CopyIn {
  readonly #line: Line<Unit>;
  readonly #expect: (answers: number) => void;
  /** The server takes data. */
  #copying = false;
  /** The unit goes on up to the next Sync or Flush behind the data. */
  #goesOn = false;

  /** @param expect told how many answers more the unit under way asks for. */
  constructor(line: Line<Unit>, expect: (answers: number) => void) {
    this.#line = line;
    this.#expect = expect;
  }

  /** Whether the answer is ended by a Sync that is still to come. */
  get swallowsSync(): boolean {
    return this.#goesOn;
  }

  /** The server asks for data. */
  begin(): void {
    const { underWay } = this.#line;
    if (underWay === null) return;
    // The data may have been sent together with the statement.
    this.#copying = !underWay.ended;
    this.#goesOn = underWay.terminator === 'sync' || underWay.terminator === 'flush';
    const { queue } = this.#line;
    for (let { next } = queue; this.#goesOn && next instanceof Unit; { next } = queue) {
      this.#continue(underWay, next);
    }
  }

  /** The server takes no data any more; in the extended protocol it still awaits a Sync. */
  end(): void {
    this.#copying = false;
  }

  /** The server is ready for something else. */
  over(): void {
    this.#copying = false;
    this.#goesOn = false;
  }

  /** Takes a message that belongs to COPY; false: it is one like any other. */
  takes(type: number, parts: readonly Uint8Array[]): boolean {
    const { queue, underWay } = this.#line;
    const { last } = queue;
    if (DATA.has(type) && last instanceof Unit) {
      for (const part of parts) queue.append(last, part);
      last.ended ||= type !== Frontend.copyData;
      return true;
    }
    if (DATA.has(type)) {
      for (const part of parts) this.#line.toStore(part);
      if (type === Frontend.copyData) return true;
      this.#copying = false;
      if (underWay !== null) underWay.ended = true;
      return true;
    }
    if (!this.#goesOn || underWay === null) return false;
    for (const part of parts) this.#line.toStore(part);
    if (!this.#copying) this.#behind(underWay, type);
    return true;
  }

  /** A message behind the data is a part of the unit. */
  #behind(underWay: Unit, type: number): void {
    this.#expect(answersTo(type));
    const terminator = terminatorOf(type);
    if (terminator === null) return;
    underWay.terminator = terminator;
    this.#goesOn = false;
  }

  /** A unit that was sent too early goes with the one under way. */
  #continue(underWay: Unit, unit: Unit): void {
    this.#line.queue.remove(unit);
    this.#line.toStore(unit.bytes);
    if (unit.ended) this.#copying = false;
    if (!this.#copying) for (const { type } of unit.messages) this.#behind(underWay, type.charCodeAt(0));
  }
}
