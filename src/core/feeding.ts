/** Whether rows that a write changed stand behind a key. */
import { CACHE_LIMITS } from './key-state.ts';
import type { Change, RowId } from './source.ts';
import type { KeyState } from './versions.ts';

/**
 * Whether these rows of a change feed the key: true when one was in a result behind it; false when others were, or when the
 * key was made for another row (`page:imprint` is not fed by the row whose slug is `contact`); undefined when the wire does
 * not say which rows stand behind the key, because its statement does not select their primary key.
 */
export function feeds(key: KeyState, change: Change, rows: Iterable<RowId>): boolean | undefined {
  if (!key.fedTables.has(change.table)) return false;
  for (const id of rows) if (key.fedRows.has(id)) return true;
  if (knownRows(key, change.table) > 0) return false;
  return tellsAnotherRow(key, change) ? false : undefined;
}

/** How many rows of a table are known to stand behind a key. */
export function knownRows(key: KeyState, table: string): number {
  const prefix = `${table}\u0000`;
  let known = 0;
  for (const id of key.fedRows) if (id.startsWith(prefix)) known++;
  return known;
}

/** Whether the statements behind the key require another value of a column than any changed row has. */
export function tellsAnotherRow(key: KeyState, change: Change): boolean {
  for (const [name, required] of key.required) {
    if (required.size >= CACHE_LIMITS.feeders || !name.startsWith(`${change.table}.`)) continue;
    const values = valuesOf(change, name.slice(change.table.length + 1));
    if (values !== null && ![...required].some((value) => values.has(value))) return true;
  }
  return false;
}

/** Whether a changed row has every value that the statements behind the key require of its table. */
export function meetsRequired(key: KeyState, change: Change): boolean {
  let met = false;
  for (const [name, required] of key.required) {
    if (!name.startsWith(`${change.table}.`)) continue;
    const values = valuesOf(change, name.slice(change.table.length + 1));
    if (required.size >= CACHE_LIMITS.feeders || values === null) return false;
    if (![...required].some((value) => values.has(value))) return false;
    met = true;
  }
  return met;
}

/** The values of a column in the changed rows, before and after; null when they are not all known. */
function valuesOf(change: Change, column: string): ReadonlySet<string> | null {
  const required = change.where.equal.find((e) => e.table === change.table && e.column === column);
  const values = new Set<string>(required?.values ?? []);
  const now = change.set.get(column);
  if (now === '?') return null;
  if (now !== undefined) values.add(now);
  for (const images of [change.before, change.after, change.full])
    for (const cells of images?.values() ?? []) {
      const value = cells.get(column);
      if (value !== undefined) values.add(value);
    }
  const seen = [...change.before.values()].filter((cells) => cells.has(column)).length;
  const isKnown =
    required !== undefined ||
    change.full !== undefined ||
    change.action === 'insert' ||
    seen === change.rows?.size;
  return isKnown && values.size > 0 ? values : null;
}
