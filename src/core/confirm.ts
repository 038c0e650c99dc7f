/**
 * What confirms that a cached value is older than its source where the commit's effect on it was not sure: a later read of the row, or
 * the next fill of the key.
 */
import type { ChangedColumn, Effect } from './effects.ts';
import type { Digest } from './operation.ts';
import { isSameRow } from './same-row.ts';
import { asOf, type ReadFact, type RowId } from './source.ts';
import type { Version, Window } from './versions.ts';
import type { WriteRecord } from './writes.ts';

/** True when the window needs to wait no longer. */
export function decide(
  window: Window,
  id: RowId,
  cells: ReadonlyMap<string, Digest>,
  read: ReadFact,
): boolean {
  if (asOf(read).invoke <= window.write.commit.interval.return) return false;
  const columns = window.effects.filter((effect) => effect.rowId === id).flatMap((effect) => effect.columns);
  const known = columns.filter((column) => cells.has(column.column));
  if (known.length === 0) return false;
  if (known.some((column) => cells.get(column.column) !== column.old)) window.confirmed = 'yes';
  else if (known.length === columns.length) window.confirmed = 'no';
  return window.confirmed !== 'open';
}

/** Whether a later fill says something else: not only at which moment it was made, as a cache may note beside the value. */
export function isAnotherValue(previous: Version, next: Version): boolean {
  if (next.digest === previous.digest) return false;
  const before = shownValues(previous);
  const now = shownValues(next);
  if (before === null || now === null || before.length !== now.length) return true;
  return now.some((value, i) => value !== before[i]);
}

/** What the reads behind a value show in it, by place; null where that cannot be told. */
function shownValues({ sources, payload }: Version): readonly string[] | null {
  if (payload === null || payload.truncated === true) return null;
  const shown = sources.flatMap((source) =>
    source.kind === 'values' ? source.rows.flatMap(({ columns }) => columns) : [],
  );
  return shown.length === 0 ? null : shown.map(({ place, value }) => `${place}\u0000${value}`).sort();
}

/** Whether a later fill shows what a change has set, in the row that the value before it showed. */
export function carries(next: Version, { row: before, change }: Effect, changed: ChangedColumn): boolean {
  return next.sources.some((source) =>
    source.rows.some(
      (row) =>
        row.columns.some((fed) => fed.column === changed.column && fed.value === changed.now) &&
        (before === null || row.images.some((image) => isSameRow(image, before, change))),
    ),
  );
}

/** Whether another write, of another row perhaps, set the same column to the same value. */
export function isSetElsewhere(
  writes: readonly WriteRecord[],
  { table, column, now }: ChangedColumn,
  write: WriteRecord,
): boolean {
  return writes.some(
    (other) =>
      other !== write &&
      other.commit.changes.some(
        (change) =>
          change.table === table &&
          (change.set.get(column) === now ||
            [...change.after.values()].some((cells) => cells.get(column) === now)),
      ),
  );
}
