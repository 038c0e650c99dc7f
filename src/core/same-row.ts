/**
 * Which row of a result a change touched, where the result does not show primary keys (`select no, title, fee … where tenant = $1`).
 * What is known of the changed row besides what the change set (from the change stream, from earlier reads) tells: a row of the
 * result that differs there is another one; and where the changed row was in the result, and only one row of it can be the
 * changed one, that one is.
 */
import type { Source } from './lineage.ts';
import type { Digest } from './operation.ts';
import { type Change, meets, type RowId, type RowImage } from './source.ts';

/** The changed row that an image shows; `none`: certainly none of them; null: not known. */
export function changedRowIn(source: Source, image: RowImage, change: Change): RowId | 'none' | null {
  if (change.table !== image.table) return 'none';
  const { rows } = change;
  if (rows === null || image.id !== null || change.action !== 'update') return null;
  const { op } = source.read;
  let possible = false;
  for (const id of rows) {
    const kept = keptCells(change, id);
    if (!agree(image.cells, kept)) continue;
    const within = op.kind === 'read' ? meets(op.where, change.table, kept) : 'unknown';
    if (within === 'no') continue;
    possible = true;
    if (within === 'yes' && alike(source, change.table, kept) === 1) return id;
  }
  return possible ? null : 'none';
}

/** Whether two results may show the same row: something that a change left alone is the same in both; other writes may have changed
 * the rest. */
export function isSameRow(image: RowImage, as: RowImage, change: Change): boolean {
  if (image.table !== as.table) return false;
  if (image.id !== null && as.id !== null) return image.id === as.id;
  const kept = [...as.cells].filter(([column]) => !change.set.has(column));
  return kept.length === 0 || kept.some(([column, value]) => image.cells.get(column) === value);
}

/** What is known of a changed row that the change left alone. */
function keptCells(change: Change, id: RowId): ReadonlyMap<string, Digest> {
  const cells = new Map<string, Digest>();
  for (const known of [change.before.get(id), change.full?.get(id), change.after.get(id)])
    for (const [column, value] of known ?? []) if (!change.set.has(column)) cells.set(column, value);
  return cells;
}

/** Whether no cell that both know differs. */
function agree(cells: ReadonlyMap<string, Digest>, kept: ReadonlyMap<string, Digest>): boolean {
  for (const [column, value] of kept) if ((cells.get(column) ?? value) !== value) return false;
  return true;
}

function alike({ read }: Source, table: string, kept: ReadonlyMap<string, Digest>): number {
  let found = 0;
  for (const { images } of read.rows)
    for (const image of images) if (image.table === table && agree(image.cells, kept)) found++;
  return found;
}
