/**
 * What standbys showed of rows, and since when. A standby lags, so this is no image of the row as it stands; but what it
 * showed before a commit was invoked had been committed by then, so a later read that shows the same again, after the
 * commit returned, did not see it.
 */
import type { Digest } from './operation.ts';
import type { ResultRow, RowId } from './source.ts';

/** Rows kept; the oldest go first. */
const MAX_ROWS = 50_000;

interface Shown {
  readonly value: Digest;
  /** When it was first shown, of those times since it last changed; ns. */
  readonly at: number;
}

export class StandbyImages {
  readonly #rows = new Map<RowId, Map<string, Shown>>();

  /** Takes what a read showed; `at`: when it returned, ns. */
  see(rows: readonly ResultRow[], at: number): void {
    for (const row of rows) for (const image of row.images) this.#remember(image.id, image.cells, at);
  }

  #remember(id: RowId | null, cells: ReadonlyMap<string, Digest>, at: number): void {
    if (id === null) return;
    let row = this.#rows.get(id);
    if (row === undefined) {
      if (this.#rows.size >= MAX_ROWS) this.#rows.delete(this.#rows.keys().next().value!);
      row = new Map();
      this.#rows.set(id, row);
    }
    for (const [column, value] of cells) {
      if (row.get(column)?.value !== value) row.set(column, { value, at });
    }
  }

  /** By row, what was shown before the moment. */
  before(ids: Iterable<RowId>, moment: number): ReadonlyMap<RowId, ReadonlyMap<string, Digest>> {
    const rows = new Map<RowId, ReadonlyMap<string, Digest>>();
    for (const id of this.#rows.size === 0 ? [] : ids) {
      const shown = [...(this.#rows.get(id) ?? [])].filter(([, { at }]) => at < moment);
      if (shown.length > 0) rows.set(id, new Map(shown.map(([column, { value }]) => [column, value])));
    }
    return rows;
  }
}
