/** From a row to the keys that it feeds: names where they can be built or were seen, else a word about what cannot. Pure. */
import { counted } from '../core/numbers.ts';
import type { Resolved, Selection } from './contract.ts';
import { badSelection } from './errors.ts';
import type { KnownTemplate, Lineage } from './lineage.ts';
import { isTemplate } from './matcher.ts';

const VARIABLE = /\{id\}|\{hash\}/g;
/** What the name of a masked secret holds. */
const MASKED = '…h:';

/** `items/1`, `shop.items/1`, `lines/order=3,line=2`. */
interface NamedRow {
  readonly text: string;
  readonly table: string;
  /** Columns with their values; a column is null where only its value was given. */
  readonly cells: readonly { readonly column: string | null; readonly value: string }[];
}

/**
 * What is looked for in the store.
 *
 * @throws WhystaleError WSE780 when a row cannot be read, or nothing at all is known of its table
 */
export function resolveSelection(selection: Selection, lineage: Lineage | null, db: number): Resolved {
  const templates = selection.templates.filter(isTemplate);
  const keys = new Set([...selection.keys, ...selection.templates.filter((text) => !isTemplate(text))]);
  const notices: string[] = [];
  for (const text of selection.rows) {
    if (lineage === null)
      throw badSelection(
        `Nothing tells which keys the row ${text} feeds.`,
        'A recording (--recording DIR) or a map (--map FILE).',
      );
    const row = parseRow(text, lineage);
    const found = keysOfRow(row, lineage, db);
    for (const key of found.keys) keys.add(key);
    notices.push(...found.notices);
  }
  return { templates: [...new Set(templates)], keys: [...keys], notices };
}

function parseRow(text: string, lineage: Lineage): NamedRow {
  const slash = text.indexOf('/');
  const table = text.slice(0, Math.max(0, slash)).replace(/^public\./, '');
  const rest = text.slice(slash + 1);
  if (slash <= 0 || rest === '')
    throw badSelection(`The row "${text}" cannot be read.`, 'TABLE/PRIMARY-KEY, for example items/1.');
  const primaryKey = lineage.primaryKey(table);
  const single = primaryKey === undefined || primaryKey.length === 1;
  const cells = (single && !/^\w+=/.test(rest) ? [rest] : rest.split(',')).map((part) => {
    const named = /^(\w+)=(.*)$/s.exec(part);
    return { column: named?.[1] ?? null, value: named?.[2] ?? part };
  });
  if (primaryKey !== undefined && primaryKey.length !== cells.length)
    throw badSelection(
      `The row "${text}" has ${cells.length} values, and the primary key of ${table} is (${primaryKey.join(', ')}).`,
      'One value for each of its columns, separated by commas.',
    );
  return { text, table, cells: orderedBy(primaryKey, cells) };
}

function orderedBy(primaryKey: readonly string[] | undefined, cells: NamedRow['cells']): NamedRow['cells'] {
  if (primaryKey === undefined) return cells;
  return primaryKey.map((column, i) => ({
    column,
    value: cells.find((cell) => cell.column === column)?.value ?? cells[i]?.value ?? '',
  }));
}

function keysOfRow(row: NamedRow, lineage: Lineage, db: number): Omit<Resolved, 'templates'> {
  const fed = lineage.templates.filter((known) => known.sources.some(({ table }) => table === row.table));
  if (fed.length === 0)
    throw badSelection(
      `The ${lineage.origin} knows no key that the table ${row.table} feeds.`,
      'A table that stands behind cached values.',
    );
  const notices: string[] = [];
  const here = fed.filter((known) => known.db === db);
  const elsewhere = fed.filter((known) => known.db !== db);
  for (const known of elsewhere)
    notices.push(`${row.text} also feeds ${known.template} in database ${known.db}: --db ${known.db}.`);
  const values = row.cells.map(({ value }) => value);
  const seen = lineage.fedBy(row.table, values, db);
  const keys = new Set(seen?.filter((key) => !key.includes(MASKED)) ?? []);
  const masked = (seen?.length ?? 0) - keys.size;
  if (masked > 0)
    notices.push(
      `${counted(masked, 'key')} fed by ${row.text} with masked names: to be purged by template only.`,
    );
  for (const known of here) {
    const built = builtKey(known, row);
    if (built !== null) keys.add(built);
    else notices.push(notBuilt(known, row, seen !== null));
  }
  return { keys: [...keys], notices };
}

function notBuilt({ template }: KnownTemplate, { text }: NamedRow, seen: boolean): string {
  return seen
    ? `Keys of ${template} are fed by ${text} only as far as the recording saw it; for all of them: --template '${template}'.`
    : `${text} may feed keys of ${template}, whose names do not follow from the row: --template '${template}'.`;
}

/** The key as the row's primary key makes it; null: other values stand in its name. A name without variable parts is one. */
function builtKey(known: KnownTemplate, row: NamedRow): string | null {
  const values: string[] = [];
  for (const columns of known.segments) {
    const cell = row.cells.find(({ column }) =>
      columns.some((name) => isColumn(name, row.table, column ?? onlyColumn(known, row))),
    );
    if (cell === undefined) return null;
    values.push(cell.value);
  }
  let at = 0;
  return known.template.replace(VARIABLE, () => values[at++] ?? '');
}

/** Where only a value was given, its column is the one by which a single row of the table is asked for. */
function onlyColumn({ sources }: KnownTemplate, { table, cells }: NamedRow): string | null {
  if (cells.length !== 1) return null;
  const one = sources.find((source) => source.table === table && source.rows === 'one');
  return one?.where.length === 1 ? (one.where[0] ?? null) : null;
}

function isColumn(name: string, table: string, column: string | null): boolean {
  return column !== null && name === `${table}.${column}`;
}
