/** Names of entries that more than one part knows. */

/** The commit's id, shown. */
export const COMMIT = 'commit';
/** Hash of what the commit holds, without dependencies and by-products. */
export const CONTENT = 'content';

export const UNKNOWN_PARTS = {
  repository: 'the repository',
  files: 'the files',
  connection: 'the connection',
  settings: 'the settings',
  objects: 'the objects',
  tables: 'the tables',
  variables: 'the variables',
  machine: 'the machine',
  runtime: 'the runtime',
} as const;

/** Parts of which all entries are missing when they could not be looked at. */
export const WHOLE_PARTS: ReadonlySet<string> = new Set(Object.values(UNKNOWN_PARTS));

const ROWS = ' (rows)';

/** `items (rows)`. */
export function rowsOf(table: string): string {
  return `${table}${ROWS}`;
}

/** The table whose rows an entry counts; null: it counts none. */
export function tableOfRows(name: string): string | null {
  return name.endsWith(ROWS) ? name.slice(0, -ROWS.length) : null;
}
