/**
 * Parser of `test_decoding`, the output plugin that comes with every PostgreSQL as an example and that managed services
 * offer too. Its text has no specification besides its source, contrib/test_decoding/test_decoding.c.
 *
 * It tells less than `pgoutput`: types by name only, no columns that are NULL in the old row, and not which columns are
 * the replica identity. {@link IdentityLookup} can supply the latter from the catalog. The full old row of a delete
 * therefore lacks the columns that were NULL. And a virtual generated column (PostgreSQL 18) is printed as NULL whatever
 * it computes to: who reads values must leave those columns out (`pg_attribute.attgenerated = 'v'`).
 */
import type { DecodedColumn, DecodedTable, LogicalMessage, OtherMessage, RowMessage } from './messages.ts';
import { UNCHANGED } from './messages.ts';
import { TestDecodingScanner } from './test-decoding-scanner.ts';
import { parseTimestamp } from './timestamp.ts';

/** The names of a table's replica identity columns, or `full` under REPLICA IDENTITY FULL; undefined when not known. */
export type IdentityLookup = (table: DecodedTable) => readonly string[] | 'full' | undefined;

const BEGIN = /^BEGIN(?: (\d{1,10}))?$/;
const COMMIT = /^COMMIT(?: (\d{1,10}))?(?: \(at ([^\n]*)\))?$/;
/** Longer than any BEGIN or COMMIT. */
const BORDER_LIMIT = 200;
/** The words at the start of a text that is not understood, as far as they can hold no value. */
const FIRST_WORDS = /^[A-Za-z]{1,30}(?: [A-Za-z]{1,30}){0,5}/;
const OLD = ' old-key:';
const NOW = ' new-tuple:';
const NO_TUPLE = ' (no-tuple-data)';
/** Stands for a transaction that the plugin was told not to name; no transaction has it. */
const NO_XID = 0;

const UNKNOWN: IdentityLookup = () => undefined;

/**
 * Parses one message, which is one row of `pg_logical_slot_get_changes` or one XLogData payload; never throws.
 *
 * Without `identity`, an old row is taken for a key unless the message itself shows that it is the full row.
 */
export function parseTestDecoding(text: string, identity: IdentityLookup = UNKNOWN): LogicalMessage {
  if (text.startsWith('table ')) return change(text, identity);
  if (text.length <= BORDER_LIMIT) {
    const begin = BEGIN.exec(text);
    if (begin !== null) return { kind: 'begin', xid: Number(begin[1] ?? NO_XID), committed: null };
    const commit = COMMIT.exec(text);
    if (commit !== null) {
      const xid = commit[1] === undefined ? null : Number(commit[1]);
      const committed = commit[2] === undefined ? null : parseTimestamp(commit[2]);
      return { kind: 'commit', xid, lsn: null, committed };
    }
  }
  return other(FIRST_WORDS.exec(text)?.[0] ?? 'a text that is not understood');
}

function change(text: string, identity: IdentityLookup): LogicalMessage {
  const scanner = new TestDecodingScanner(text, 'table '.length);
  const tables: DecodedTable[] = [];
  do {
    const table = qualifiedName(scanner);
    if (table === null) return other('a change of a table whose name is not understood');
    tables.push(table);
  } while (scanner.take(', '));
  const [table] = tables;
  if (scanner.take(': TRUNCATE:')) return { kind: 'truncate', tables };
  const row = table === undefined || tables.length > 1 ? null : tuples(scanner);
  if (table === undefined || row === null) {
    return other(`a change of ${table?.schema}.${table?.table} that is not understood`);
  }
  return { kind: 'row', ...table, ...identified(row, identity(table)) };
}

function qualifiedName(scanner: TestDecodingScanner): DecodedTable | null {
  const first = scanner.identifier();
  if (first === null) return null;
  // A table whose schema was dropped meanwhile is printed without one.
  if (!scanner.take('.')) return { schema: '', table: first };
  const second = scanner.identifier();
  return second === null ? null : { schema: first, table: second };
}

interface Tuples {
  readonly action: RowMessage['action'];
  readonly old: readonly DecodedColumn[] | null;
  readonly now: readonly DecodedColumn[] | null;
}

/** Null when the text is not understood up to its end. */
function tuples(scanner: TestDecodingScanner): Tuples | null {
  if (scanner.take(': INSERT:')) {
    const now = tuple(scanner);
    return now === undefined ? null : { action: 'insert', old: null, now };
  }
  if (scanner.take(': DELETE:')) {
    const old = tuple(scanner);
    return old === undefined ? null : { action: 'delete', old, now: null };
  }
  if (!scanner.take(': UPDATE:')) return null;
  let old: readonly DecodedColumn[] | null = null;
  if (scanner.take(OLD)) {
    old = scanner.columns(NOW);
    if (old === null || !scanner.take(NOW)) return null;
  }
  const now = tuple(scanner);
  return now === undefined ? null : { action: 'update', old, now };
}

/** The last columns of a message: null when the server has none to tell, undefined when they are not understood. */
function tuple(scanner: TestDecodingScanner): readonly DecodedColumn[] | null | undefined {
  if (scanner.take(NO_TUPLE)) return scanner.done ? null : undefined;
  return scanner.columns(null) ?? undefined;
}

type Identified = Omit<RowMessage, 'kind' | 'schema' | 'table'>;

/** Says which columns are the replica identity, and whether the old row is more than that. */
function identified(row: Tuples, told: ReturnType<IdentityLookup>): Identified {
  const { action, old, now } = row;
  // The catalog may have changed since: an old row with other columns than the key's shows it.
  const outdated = typeof told === 'object' && old?.some((column) => !told.includes(column.name));
  const known = outdated ? undefined : told;
  const full = known === 'full' || (known === undefined && old !== null && now !== null && isFull(old, now));
  if (full) {
    const whole = old === null || now === null ? old : withNulls(old, now);
    return { action, old: marked(whole, null), oldIs: old === null ? null : 'full', now: marked(now, null) };
  }
  const keys = new Set(typeof known === 'object' ? known : old?.map((column) => column.name));
  return { action, old: marked(old, keys), oldIs: old === null ? null : 'key', now: marked(now, keys) };
}

/**
 * Whether the old row of an update shows itself to be the full row. It does when it has every column, and also when none
 * of its columns differs from the new row: the server logs an old key only if the key changes or holds a TOASTed value
 * (`ExtractReplicaIdentity`), but a full old row always.
 */
function isFull(old: readonly DecodedColumn[], now: readonly DecodedColumn[]): boolean {
  if (old.length === now.length) return true;
  const values = new Map<string, DecodedColumn['value']>(now.map((column) => [column.name, column.value]));
  return old.every(({ name, value }) => value !== UNCHANGED && values.get(name) === value);
}

/** The plugin leaves columns out of an old row that are NULL in it; the new row names them. */
function withNulls(old: readonly DecodedColumn[], now: readonly DecodedColumn[]): readonly DecodedColumn[] {
  const there = new Map(old.map((column) => [column.name, column]));
  return now.map((column) => there.get(column.name) ?? { ...column, value: null });
}

/** Marks the columns of the replica identity; `keys` null: all. */
function marked(
  columns: readonly DecodedColumn[] | null,
  keys: ReadonlySet<string> | null,
): readonly DecodedColumn[] | null {
  if (columns === null || keys?.size === 0) return columns;
  return columns.map((column) => ({ ...column, key: keys === null || keys.has(column.name) }));
}

function other(what: string): OtherMessage {
  return { kind: 'other', what };
}
