/** A set of accesses in the making: each once, a write in place of a read of the same. */
import { type Access, type Footprint, reads, writes } from '../explore/footprint.ts';

/** More accesses than this are given as the whole store: comparing them costs more than it tells. */
export const MAX_ACCESSES = 400;

export class Accesses {
  readonly #modes = new Map<string, Access['mode']>();

  get size(): number {
    return this.#modes.size;
  }

  read(...resources: readonly string[]): this {
    for (const resource of resources) if (!this.#modes.has(resource)) this.#modes.set(resource, 'read');
    return this;
  }

  write(...resources: readonly string[]): this {
    for (const resource of resources) this.#modes.set(resource, 'write');
    return this;
  }

  add(footprint: Footprint): this {
    for (const { mode, resource } of footprint) {
      if (mode === 'write') this.write(resource);
      else this.read(resource);
    }
    return this;
  }

  /** Sorted, so that equal sets are equal lists. `whole` stands for too many. */
  footprint(whole: Footprint): Footprint {
    if (this.#modes.size > MAX_ACCESSES) return whole;
    const sorted = [...this.#modes].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([resource, mode]) => (mode === 'write' ? writes(resource) : reads(resource)));
  }
}
