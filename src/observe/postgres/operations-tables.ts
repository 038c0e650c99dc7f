/** Tables of the history: a `table` operation when one is first met, and again when its columns or key have changed. */
import type { SourceOperation, SourceTable } from '../../core/operation.ts';
import type { Unnumbered } from '../context.ts';
import type { Catalog } from './catalog.ts';
import type { StatementExchange } from './exchange.ts';

/** Tables remembered as met. */
export const MAX_TABLES = 50_000;

function tablesOf(op: Unnumbered<SourceOperation>): string[] {
  if (op.kind === 'read' || op.kind === 'write') {
    const named = op.kind === 'read' ? op.tables : op.effects.map((effect) => effect.table);
    return [...named, ...op.columns.flatMap((column) => column.table ?? [])];
  }
  return [];
}

export class MetTables {
  readonly #catalog: Catalog;
  readonly #met = new Map<string, string>();
  #version = -1;
  #checked = new Set<string>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** The tables that an operation is the first to mention, in their present form. */
  introduce(op: Unnumbered<SourceOperation>, exchange: StatementExchange): Unnumbered<SourceTable>[] {
    return this.meet(tablesOf(op), { session: exchange.session, at: exchange.invoke });
  }

  /** Those of the tables that are met for the first time in their present form. */
  meet(
    names: Iterable<string>,
    { session, at }: { readonly session: string; readonly at: number },
  ): Unnumbered<SourceTable>[] {
    if (this.#version !== this.#catalog.version) {
      this.#version = this.#catalog.version;
      this.#checked = new Set();
    }
    const found: Unnumbered<SourceTable>[] = [];
    for (const name of names) {
      if (this.#checked.has(name)) continue;
      this.#checked.add(name);
      const table = this.#catalog.tableByName(name);
      if (!table || table.kind === 'view') continue;
      const form = JSON.stringify([table.primaryKey, table.columns]);
      if (this.#met.get(name) === form) continue;
      if (this.#met.size >= MAX_TABLES) this.#met.clear();
      this.#met.set(name, form);
      found.push({
        session,
        tier: 'source',
        kind: 'table',
        invoke: at,
        return: at,
        status: 'ok',
        table: name,
        primaryKey: table.primaryKey,
        columns: table.columns,
      });
    }
    return found;
  }
}
