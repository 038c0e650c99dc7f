/** Operations in words, for timelines: short, in the notation of the stores. */

import type { Source } from './lineage.ts';
import type { CacheOperation, Digest, SourceRead, SourceWrite } from './operation.ts';
import type { Change, Outside } from './source.ts';

/** Text of a digest where it may be shown; undefined otherwise. */
export type Reveal = (digest: Digest) => string | undefined;

/** Longest value shown. */
const MAX_VALUE = 32;

export function valueText(digest: Digest | '?' | null, reveal: Reveal): string {
  if (digest === null) return 'null';
  if (digest === '?') return 'an expression';
  const text = reveal(digest) ?? digest;
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}

function ttlText(ttl: number | null | 'keep'): string {
  if (ttl === 'keep' || ttl === null) return '';
  return ttl % 1000 === 0 ? ` EX ${ttl / 1000}` : ` PX ${Math.round(ttl)}`;
}

/** `GET item:1`, `SET item:1 EX 60`, `EVALSHA item:1`. */
export function cacheText(op: CacheOperation): string {
  switch (op.kind) {
    case 'write':
      return `${op.command} ${op.key}${ttlText(op.ttl)}`;
    case 'expire':
      return op.ttl === null ? `PERSIST ${op.key}` : `${op.command} ${op.key}${ttlText(op.ttl)}`;
    case 'flush':
      return op.command;
    case 'script':
      return `${op.command} ${op.keys.join(' ')}`;
    default:
      return `${op.command} ${op.key}`;
  }
}

/** `SELECT items id=1`, `UPDATE items id=1`. */
export function statementText(op: SourceRead | SourceWrite, reveal: Reveal): string {
  const effect = op.kind === 'write' ? op.effects[0] : undefined;
  const verb = effect === undefined ? 'SELECT' : effect.action.toUpperCase();
  const tables = op.kind === 'read' ? op.tables : [...new Set(op.effects.map((e) => e.table))];
  const where = op.kind === 'read' ? op.where : effect?.where;
  const equal = (where?.equal ?? []).map(
    (e) =>
      `${e.column}=${e.values
        .map((value) => valueText(value, reveal))
        .slice(0, 3)
        .join('|')}`,
  );
  return [verb, tables.join(', ') || op.shape.slice(0, 40), ...equal.slice(0, 3)].join(' ');
}

/** What a commit changed, in words: the statement, or the rows that the change stream told. */
export function changeText(change: Change, reveal: Reveal): string {
  const { op, rows } = change;
  if (op.kind === 'write') return statementText(op, reveal);
  const verb = `${op.action.toUpperCase()} ${op.table}`;
  if (rows === null || rows.size > 1) return rows === null ? verb : `${verb}, ${rows.size} rows`;
  const key = Object.entries(op.row ?? {}).map(([column, value]) => `${column}=${valueText(value, reveal)}`);
  return [verb, ...key.slice(0, 3)].join(' ');
}

/** A column with its value, as timelines show it. */
export interface ShownValue {
  readonly table: string | null;
  readonly column: string;
  readonly value: Digest | '?';
}

/** `price 10, stock 3`; a name that stands for two tables is qualified. At most three. */
export function valuesText(values: readonly ShownValue[], reveal: Reveal): string {
  const distinct = [
    ...new Map(values.map((shown) => [`${shown.table}.${shown.column}`, shown])).values(),
  ].slice(0, 3);
  return distinct
    .map(({ table, column, value }) => {
      const ambiguous = distinct.some((other) => other.column === column && other.table !== table);
      return `${ambiguous && table !== null ? `${table}.` : ''}${column} ${valueText(value, reveal)}`;
    })
    .join(', ');
}

/** Values that a source gave; only the named columns (`table.column`) when any are named. */
export function sourceValues(source: Source, columns: ReadonlySet<string>, reveal: Reveal): string {
  if (source.read.rows.length === 0) return 'no row';
  const rows = source.rows.filter(
    (row) => columns.size === 0 || row.columns.some(({ table, column }) => columns.has(`${table}.${column}`)),
  );
  const shown = (rows[0]?.columns ?? []).filter(
    ({ table, column }) => columns.size === 0 || columns.has(`${table}.${column}`),
  );
  return valuesText(shown, reveal);
}

/** Who wrote past the proxies: application name and user where the server told, else the transaction. */
export function outsideText({ application, user, xid }: Outside): string {
  if (application !== null && application !== '')
    return `outside: ${application}${user === null ? '' : ` (user ${user})`}`;
  return user === null ? `outside: xid ${xid}` : `outside: user ${user}`;
}

/** How a client begins that has no name. */
export const SOME_CLIENT = 'a client past the proxies';

/** The same within a sentence. */
export function outsideInSentence({ application, user, xid }: Outside): string {
  if (application !== null && application !== '')
    return `${application} (${user === null ? '' : `user ${user}, `}past the proxies)`;
  return `${SOME_CLIENT} (${user === null ? `xid ${xid}` : `user ${user}`})`;
}
