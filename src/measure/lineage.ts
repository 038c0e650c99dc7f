/** Which tables are behind which keys, as the core finds out while it takes the operations. */
import type { Onlooker } from '../core/analyse.ts';
import type { Version } from '../core/versions.ts';
import { idOf } from './cold-keys.ts';

/** Keys whose tables are remembered; the oldest go first. */
const MAX_KEYS = 100_000;

export class KeyLineage implements Onlooker {
  readonly #tables = new Map<string, readonly string[]>();

  filled({ key, sources }: Version): void {
    const certain = sources.filter((source) => source.certain);
    if (certain.length === 0) return;
    const tables = new Set(
      certain.flatMap(({ read: { op } }) =>
        op.kind === 'read' ? op.tables : op.effects.map(({ table }) => table),
      ),
    );
    const id = idOf({ db: key.db, key: key.name });
    if (!this.#tables.has(id) && this.#tables.size >= MAX_KEYS)
      this.#tables.delete(this.#tables.keys().next().value!);
    this.#tables.set(id, [...tables]);
  }

  committed(): void {}

  /** Null: nothing certain is known. */
  of(db: number, key: string): readonly string[] | null {
    return this.#tables.get(idOf({ db, key })) ?? null;
  }
}
