/** Operations in words, for timelines: short, in the notation of the stores. */

import type { Source } from './lineage.ts';
import type { CacheOperation, Digest, SourceRead, SourceWrite } from './operation.ts';

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
