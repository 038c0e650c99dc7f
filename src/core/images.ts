/** The last seen committed image of rows: what a commit is compared with. */
import { addTo } from './multimap.ts';
import type { Digest, WriteEffect } from './operation.ts';
import { type Interval, type RowId, tableOf } from './source.ts';

/** Rows whose last image is kept; the oldest go first. */
export const MAX_ROWS = 200_000;
/** Rows of a table that are looked through for a predicate that names no primary key. */
export const MAX_SCAN = 5_000;

export class RowImages {
  readonly #images = new Map<RowId, Map<string, Digest>>();
  /** The commit of the last seen change of a row. */
  readonly #changedAt = new Map<RowId, Interval>();
  readonly #rowsOfTable = new Map<string, Set<RowId>>();

  get(id: RowId): Map<string, Digest> | undefined {
    return this.#images.get(id);
  }

  /** Notes the commit that changed the row. */
  changed(id: RowId, commit: Interval): void {
    this.#changedAt.set(id, commit);
  }

  /** The commit that changed the row last, of those seen. */
  lastChange(id: RowId): Interval | undefined {
    return this.#changedAt.get(id);
  }

  deleted(id: RowId): void {
    this.#images.delete(id);
    this.#rowsOfTable.get(tableOf(id))?.delete(id);
  }

  /** Rows known from earlier reads that certainly meet the predicate; null unless each known row is decided. */
  scan(effect: WriteEffect): ReadonlySet<RowId> | null {
    const known = this.#rowsOfTable.get(effect.table);
    if (known === undefined || known.size > MAX_SCAN || effect.where.equal.length === 0) return null;
    const touched = new Set<RowId>();
    for (const id of known) {
      const cells = this.#images.get(id);
      if (cells === undefined) continue;
      const mismatch = effect.where.equal.some(
        (e) => e.table === effect.table && cells.has(e.column) && !e.values.includes(cells.get(e.column)!),
      );
      if (mismatch) continue;
      const decided = effect.where.complete && effect.where.equal.every((e) => cells.has(e.column));
      if (!decided) return null;
      touched.add(id);
    }
    return touched.size > 0 ? touched : null;
  }

  /** `at`: the values were current at this time or later; a change seen since then is not overwritten. */
  remember(id: RowId | null, cells: ReadonlyMap<string, Digest>, at: number): void {
    if (id === null || at < (this.#changedAt.get(id)?.return ?? 0)) return;
    let image = this.#images.get(id);
    if (image === undefined) {
      image = new Map();
      if (this.#images.size >= MAX_ROWS) this.#forget(this.#images.keys().next().value!);
      this.#images.set(id, image);
      const table = tableOf(id);
      addTo(this.#rowsOfTable, table, id);
    }
    for (const [column, value] of cells) image.set(column, value);
  }

  #forget(id: RowId): void {
    this.#changedAt.delete(id);
    this.#images.delete(id);
    this.#rowsOfTable.get(tableOf(id))?.delete(id);
  }
}
