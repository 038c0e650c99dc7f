/** Gathers what the answer of a unit says to people: tags, the error, the first rows as text. */
import {
  Backend,
  type ColumnDescription,
  decodeBinary,
  decodeBind,
  decodeCommandComplete,
  decodeError,
  decodeRowDescription,
  decodeTarget,
  Frontend,
  formatOf,
  readUtf8,
  type TransactionStatus,
  visitDataRow,
} from '../../../wire/postgres/index.ts';
import { type PostgresAnswer, SHOWN_ROWS } from '../contract.ts';
import { KNOWN_STATEMENTS } from '../limits.ts';
import type { Unit } from './unit.ts';

export class AnswerBuilder {
  /** Result columns of prepared statements, as far as they were described. */
  readonly #statements = new Map<string, readonly ColumnDescription[]>();
  #tags: string[] = [];
  #error: PostgresAnswer['error'] = null;
  #columns: readonly ColumnDescription[] = [];
  #formats: readonly number[] | null = null;
  #rows: (string | null)[][] = [];
  /** Statement whose description is awaited. */
  #described: string | null = null;

  /** Whether more rows are wanted. */
  get wantsRows(): boolean {
    return this.#rows.length < SHOWN_ROWS;
  }

  get failed(): boolean {
    return this.#error !== null;
  }

  begin(unit: Unit): void {
    this.#tags = [];
    this.#error = null;
    this.#rows = [];
    this.#columns = [];
    this.#formats = null;
    this.#described = null;
    for (const { type, body } of unit.messages) this.#asked(type.charCodeAt(0), body);
  }

  /** A message of the server; its body is valid during the call only. */
  take(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === Backend.commandComplete) {
      this.#tags.push(decodeCommandComplete(bytes, start, end) ?? '');
    } else if (type === Backend.errorResponse) {
      const { code, message } = decodeError(bytes, start, end);
      this.#error ??= { code, message };
    } else if (type === Backend.rowDescription) {
      this.#columns = decodeRowDescription(bytes, start, end) ?? [];
      if (this.#described !== null) this.#remember(this.#described, this.#columns);
    } else if (type === Backend.dataRow && this.wantsRows) {
      this.#rows.push(this.#row(bytes, start, end));
    }
  }

  build(status: TransactionStatus | null): PostgresAnswer {
    return {
      status,
      tags: this.#tags,
      error: this.#error,
      columns: this.#columns.map(({ name }) => name),
      rows: this.#rows,
    };
  }

  #asked(type: number, body: Uint8Array): void {
    if (type === Frontend.describe) {
      const target = decodeTarget(body, 0, body.length);
      this.#described = target?.target === 'statement' ? target.name : null;
    } else if (type === Frontend.bind) {
      const { statement, resultFormats } = decodeBind(body, 0, body.length);
      this.#columns = this.#statements.get(statement) ?? [];
      this.#formats = resultFormats;
    }
  }

  #remember(statement: string, columns: readonly ColumnDescription[]): void {
    if (this.#statements.size >= KNOWN_STATEMENTS) this.#statements.clear();
    this.#statements.set(statement, columns);
  }

  #row(bytes: Uint8Array, start: number, end: number): (string | null)[] {
    const row: (string | null)[] = [];
    visitDataRow(bytes, start, end, (index, source, from, to, length) => {
      row[index] = length < 0 ? null : this.#text(source.subarray(from, to), index, to - from < length);
    });
    return row;
  }

  #text(cell: Uint8Array, index: number, cut: boolean): string {
    const column = this.#columns[index];
    // The description of a statement does not say in which format a later Bind asks for its columns.
    const format = this.#formats === null ? (column?.format ?? 0) : formatOf(this.#formats, index);
    if (format === 0) return `${readUtf8(cell, 0, cell.length)}${cut ? '…' : ''}`;
    return decodeBinary(column?.type ?? 0, cell, 0, cell.length) ?? '(binary)';
  }
}
