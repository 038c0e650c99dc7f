/**
 * What kinds of write normally remove. Which removal is whose is not on the wire, and small numbers coincide: the page 2 that a write of
 * an item removes seems to be of the user 2 who is written at that moment. What other kinds of write remove too, and this one was seen
 * to do but once or twice, says nothing about it.
 */
import { addTo } from './multimap.ts';
import type { KeyState, Removal } from './versions.ts';
import { isNamed, isOfOneRequest, type WriteRecord } from './writes.ts';

/** Writes of a kind that make a habit. */
const HABIT = 3;

type TemplateOf = (key: KeyState) => string;

export class RemovalHabits {
  readonly #templateOf: TemplateOf;
  /** Of each template, the kinds of write that removed a key of it, with the writes that did. */
  readonly #removing = new Map<string, Map<string, Set<WriteRecord>>>();

  /** @param writes with the removals that are held to be theirs */
  constructor(writes: readonly WriteRecord[], templateOf: TemplateOf) {
    this.#templateOf = templateOf;
    for (const write of writes) {
      for (const { key } of write.removals) {
        const template = templateOf(key);
        const kinds = this.#removing.get(template) ?? new Map<string, Set<WriteRecord>>();
        this.#removing.set(template, kinds);
        addTo(kinds, write.commit.shape, write);
      }
    }
  }

  /** Whether the removal says something of what this kind of write does. */
  isOf(removal: Removal, write: WriteRecord): boolean {
    if (isOfOneRequest(removal, write) || isBesideItsRow(removal, write)) return true;
    const kinds = this.#removing.get(this.#templateOf(removal.key));
    return kinds === undefined || kinds.size < 2 || (kinds.get(write.commit.shape)?.size ?? 0) >= HABIT;
  }
}

/** Whether the same command removes a key that names a row of the write. */
function isBesideItsRow({ key, op }: Removal, write: WriteRecord): boolean {
  return write.removals.some(
    (other) =>
      other.key !== key &&
      (other.op === op || (op.group !== undefined && other.op.group === op.group)) &&
      isNamed(other.key, write),
  );
}
