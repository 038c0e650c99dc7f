/** The sources of rows in one FROM clause, and which of their rows its conditions leave. */
import type { JoinExpr, Node, RangeVar } from 'libpg-query';
import { bind, type Condition, type Occurrence, rowsOf } from './bounds.ts';
import { readRelation, resolve, visit } from './reading.ts';
import type { Relation } from './schema.ts';
import { inside, type Walk } from './walk.ts';

/** The sources of one FROM clause with the conditions on them. */
export class Level {
  readonly occurrences: Occurrence[] = [];
  readonly conditions: Condition[] = [];
  readonly #walk: Walk;
  readonly #lockingOf: (alias: string) => Walk['locking'];

  constructor(walk: Walk, lockingOf: (alias: string) => Walk['locking'] = () => null) {
    this.#walk = walk;
    this.#lockingOf = lockingOf;
  }

  add(item: Node): void {
    if ('RangeVar' in item) this.addTable(item.RangeVar);
    else if ('JoinExpr' in item) this.#join(item.JoinExpr);
    else if ('RangeTableSample' in item && item.RangeTableSample.relation) {
      this.add(item.RangeTableSample.relation);
      visit([item.RangeTableSample.args, item.RangeTableSample.repeatable], this.#walk);
    } else if ('RangeSubselect' in item) {
      const alias = item.RangeSubselect.alias?.aliasname ?? '';
      const within = inside(this.#walk, { locking: this.#lockingOf(alias) });
      if (within !== null) visit(item.RangeSubselect.subquery, within);
      this.#source(null, alias);
    } else {
      visit(item, this.#walk);
      this.#source(null, '');
    }
  }

  /** A table by name; gives its occurrence. */
  addTable(table: RangeVar): Occurrence {
    const alias = table.alias?.aliasname ?? table.relname ?? '';
    const found = resolve(table, this.#walk);
    if (found === null) this.#walk.draft.opaque = true;
    const relation = found !== null && typeof found === 'object' ? found : null;
    const renamed = (table.alias?.colnames?.length ?? 0) > 0;
    return this.#source(relation, alias, table.alias === undefined ? table.schemaname : undefined, !renamed);
  }

  #source(relation: Relation | null, alias: string, schema?: string, plain = true): Occurrence {
    const bindable = plain && relation?.kind === 'table';
    const made: Occurrence = { relation, alias, schema, bindable, bounds: new Map() };
    this.occurrences.push(made);
    return made;
  }

  #join({ larg, rarg, jointype, quals }: JoinExpr): void {
    const start = this.occurrences.length;
    if (larg) this.add(larg);
    const middle = this.occurrences.length;
    if (rarg) this.add(rarg);
    const left = this.occurrences.slice(start, middle);
    const right = this.occurrences.slice(middle);
    const binds = new Set([
      ...(jointype === 'JOIN_INNER' || jointype === 'JOIN_RIGHT' ? left : []),
      ...(jointype === 'JOIN_INNER' || jointype === 'JOIN_LEFT' ? right : []),
    ]);
    if (quals !== undefined) this.conditions.push({ node: quals, binds });
    visit(quals, this.#walk);
  }

  /** WHERE: rows that fail it are lost, whichever they are. */
  where(clause: Node | undefined): void {
    if (clause === undefined) return;
    this.conditions.push({ node: clause, binds: new Set(this.occurrences) });
    visit(clause, this.#walk);
  }

  /** Finds the bounds of all sources. */
  bind(): void {
    bind(this.occurrences, this.conditions, this.#walk.parameters);
  }

  /** Reads all sources but `except`, which is written. */
  read(except: Occurrence | null = null): void {
    for (const one of this.occurrences) {
      if (one === except || one.relation === null) continue;
      const locking = this.#lockingOf(one.alias) ?? this.#walk.locking;
      readRelation(one.relation, rowsOf(one), { ...this.#walk, locking });
      touch(one, this.#walk);
    }
  }
}

/** Values shown of one column, and columns shown of one table. */
const MAX_SHOWN = 3;

/** Notes a table for the label. */
export function touch(occurrence: Occurrence, { draft, behind }: Walk): void {
  const { relation, bounds } = occurrence;
  if (behind || relation === null) return;
  const key = relation.family.key?.map((column) => column.name) ?? [];
  const byKey = rowsOf(occurrence) !== null ? key : [...bounds.keys()];
  const where = byKey
    .slice(0, MAX_SHOWN)
    .map((column) => `${column}=${shownValues(bounds.get(column) ?? [])}`)
    .join(' ');
  draft.touched.push({ name: relation.name, where });
}

function shownValues(values: readonly string[]): string {
  const more = values.length - MAX_SHOWN;
  return values.slice(0, MAX_SHOWN).join(',') + (more > 0 ? `,… ${more} more` : '');
}
