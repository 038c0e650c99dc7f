/**
 * The result of one execution while it arrives: columns and rows as text, within limits.
 */
import { type ColumnDescription, visitDataRow } from '../../wire/postgres/backend.ts';
import { formatOf } from '../../wire/postgres/frontend.ts';
import type { TextReader } from '../../wire/postgres/text.ts';
import { decodeBinary } from '../../wire/postgres/types.ts';
import type { ExchangeColumn } from './exchange.ts';
import { LIMITS } from './limits.ts';

/** One value as text; undefined could not be decoded. */
export type Cell = string | null | undefined;

/** The type whose binary form a type shares: the base of a domain, text for enums and citext. Gives the type itself, or
 * nothing, for others. */
export type BaseType = (oid: number) => number | undefined;

/** How values are turned into text on one connection. */
export interface ValueRules {
  /** Reads the client encoding. */
  text: TextReader;
  readonly baseType: BaseType;
}

/** UTF-8 needs at most this many bytes for one UTF-16 unit's worth of text. */
const BYTES_PER_CHARACTER = 4;
/** Binary values longer than this are not decoded (arrays, bytea). */
const MAX_BINARY = 64 * 1024;

/** Text of a binary value. */
export function binaryText(
  rules: ValueRules,
  type: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): string | undefined {
  const known = decodeBinary(type, bytes, from, to, rules.text);
  if (known !== undefined) return known;
  const base = rules.baseType(type);
  return base === undefined || base === type ? undefined : decodeBinary(base, bytes, from, to, rules.text);
}

const NO_COLUMNS: readonly ExchangeColumn[] = [];

export class ResultCollector {
  columns: readonly ExchangeColumn[] = NO_COLUMNS;
  rows: Cell[][] = [];
  /** Rows that arrived, kept or not. */
  count = 0;
  truncated = false;
  #formats: readonly number[] = [];
  #characters = 0;
  readonly #rules: ValueRules;

  constructor(rules: ValueRules) {
    this.#rules = rules;
  }

  /** Whether the next row would be kept. */
  get full(): boolean {
    return this.rows.length >= LIMITS.rows || this.#characters >= LIMITS.result;
  }

  /** Whether nothing has arrived yet. */
  get untouched(): boolean {
    return this.count === 0 && this.columns.length === 0 && !this.truncated;
  }

  /** Declares what the rows are made of; `formats` follows the rule of Bind. */
  describe(columns: readonly ExchangeColumn[], formats: readonly number[]): void {
    this.columns = columns;
    this.#formats = formats;
  }

  /** Takes the body of a DataRow; `cut` when it was captured only in part. */
  row(bytes: Uint8Array, start: number, end: number, cut: boolean): void {
    this.count++;
    if (this.full) {
      this.truncated = true;
      return;
    }
    const row: Cell[] = [];
    const width = visitDataRow(bytes, start, end, (index, source, from, to, length) => {
      row.push(length < 0 ? null : this.#cell(index, source, from, to, length));
    });
    while (row.length < width && row.length < this.columns.length) row.push(undefined);
    if (cut) this.truncated = true;
    this.rows.push(row);
  }

  #cell(index: number, bytes: Uint8Array, from: number, to: number, length: number): Cell {
    const whole = to - from === length;
    let text: string | undefined;
    if (formatOf(this.#formats, index) === 0) {
      text = this.#rules.text(bytes, from, Math.min(to, from + LIMITS.cell * BYTES_PER_CHARACTER));
    } else if (whole && length <= MAX_BINARY) {
      text = binaryText(this.#rules, this.columns[index]?.type ?? 0, bytes, from, to);
    } else this.truncated = true;
    if (text === undefined) return undefined;
    if (text.length > LIMITS.cell) {
      text = text.slice(0, LIMITS.cell);
      this.truncated = true;
    } else if (!whole) this.truncated = true;
    this.#characters += text.length;
    return text;
  }
}

/** Columns of a RowDescription as an exchange shows them. */
export function exchangeColumns(columns: readonly ColumnDescription[]): ExchangeColumn[] {
  return columns.map(({ name, table, attribute, type }) => ({ name, table, attribute, type }));
}
