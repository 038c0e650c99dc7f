/**
 * Which rows of a table a query can be about. Only what bounds them for certain counts: conjuncts of WHERE, and of ON where
 * a row that fails it cannot come into the result, that say `column = value`, `column IN (…)`, `column = ANY (…)`, or that
 * two columns are equal, one of which is bounded. Whatever else is written may narrow further, and is not needed.
 */
import type { A_Expr, Node } from 'libpg-query';
import { canonicalKey, rowName, sameKind } from './key-values.ts';
import type { Column, Relation } from './schema.ts';
import { keyValue, keyValues, type ParameterValues } from './values.ts';
import { parts } from './walk.ts';

/** Rows named one by one; more are the table. */
export const MAX_ROWS = 32;

/** A table or other source of rows in FROM. */
export interface Occurrence {
  /** Null for subqueries, functions, common table expressions. */
  readonly relation: Relation | null;
  readonly alias: string;
  readonly schema: string | undefined;
  /** False when its columns were renamed, or it is no table. */
  readonly bindable: boolean;
  readonly bounds: Map<string, readonly string[]>;
}

/** A condition, and the sources of which rows that fail it are lost. */
export interface Condition {
  readonly node: Node;
  readonly binds: ReadonlySet<Occurrence>;
}

interface Place {
  readonly occurrence: Occurrence;
  readonly column: Column;
}

interface Link {
  readonly from: Place;
  readonly to: Place;
}

function columnIn(occurrence: Occurrence, name: string): Place | null {
  const column = occurrence.bindable
    ? occurrence.relation?.columns.find((one) => one.name === name)
    : undefined;
  return column === undefined ? null : { occurrence, column };
}

/** The column that a reference means; null when it is not certain, or is one of a query around. */
function place(node: Node | undefined, level: readonly Occurrence[]): Place | null {
  if (node === undefined || !('ColumnRef' in node)) return null;
  const { fields } = node.ColumnRef;
  const names = parts(fields);
  if (names.length !== (fields?.length ?? 0)) return null;
  const name = names.at(-1) ?? '';
  if (names.length === 1) {
    const owners = level.flatMap((one) => columnIn(one, name) ?? []);
    return owners.length === 1 ? owners[0]! : null;
  }
  const [alias, schema] = [names.at(-2), names.at(-3)];
  const found = level.filter((one) => one.alias === alias && (schema === undefined || schema === one.schema));
  return found.length === 1 ? columnIn(found[0]!, name) : null;
}

function conjuncts(node: Node): Node[] {
  if (!('BoolExpr' in node) || node.BoolExpr.boolop !== 'AND_EXPR') return [node];
  return (node.BoolExpr.args ?? []).flatMap(conjuncts);
}

function isEquals({ name }: A_Expr): boolean {
  const [operator, ...more] = parts(name);
  return operator === '=' && more.length === 0;
}

class Finder {
  readonly #level: readonly Occurrence[];
  readonly #parameters: ParameterValues;
  readonly #links: Link[] = [];

  constructor(level: readonly Occurrence[], parameters: ParameterValues) {
    this.#level = level;
    this.#parameters = parameters;
  }

  take({ node, binds }: Condition): void {
    for (const one of conjuncts(node))
      if ('A_Expr' in one && isEquals(one.A_Expr)) this.#equals(one.A_Expr, binds);
  }

  #equals(expression: A_Expr, binds: ReadonlySet<Occurrence>): void {
    const { kind, lexpr, rexpr } = expression;
    const left = place(lexpr, this.#level);
    if (kind === 'AEXPR_IN') {
      const items = rexpr !== undefined && 'List' in rexpr ? (rexpr.List.items ?? []) : [];
      this.#bind(left, binds, (type) => all(items.map((item) => keyValue(item, type, this.#parameters))));
    } else if (kind === 'AEXPR_OP_ANY') {
      this.#bind(left, binds, (type) => keyValues(rexpr, type, this.#parameters));
    } else if (kind === 'AEXPR_OP') this.#pair([left, lexpr], [place(rexpr, this.#level), rexpr], binds);
  }

  #pair(
    [left, lexpr]: readonly [Place | null, Node | undefined],
    [right, rexpr]: readonly [Place | null, Node | undefined],
    binds: ReadonlySet<Occurrence>,
  ): void {
    if (left !== null && right !== null) {
      if (!sameKind(left.column.type, right.column.type)) return;
      if (binds.has(right.occurrence)) this.#links.push({ from: left, to: right });
      if (binds.has(left.occurrence)) this.#links.push({ from: right, to: left });
      return;
    }
    const one = (node: Node | undefined) => (type: number) => all([keyValue(node, type, this.#parameters)]);
    this.#bind(left, binds, one(rexpr));
    this.#bind(right, binds, one(lexpr));
  }

  #bind(
    at: Place | null,
    binds: ReadonlySet<Occurrence>,
    values: (type: number) => readonly string[] | null,
  ): void {
    if (at === null || !binds.has(at.occurrence)) return;
    const found = values(at.column.type);
    if (found !== null) this.#put(at, found);
  }

  /** The fewer values the better; both bounds hold. */
  #put({ occurrence, column }: Place, values: readonly string[]): boolean {
    const before = occurrence.bounds.get(column.name);
    if (before !== undefined && before.length <= values.length) return false;
    occurrence.bounds.set(column.name, values);
    return true;
  }

  /** Passes bounds along equalities of columns until nothing changes. */
  close(): void {
    for (let round = 0; round <= this.#links.length; round++) {
      let changed = false;
      for (const { from, to } of this.#links) {
        const values = from.occurrence.bounds.get(from.column.name);
        const spelled =
          values === undefined ? null : all(values.map((one) => canonicalKey(to.column.type, one)));
        if (spelled !== null) changed = this.#put(to, spelled) || changed;
      }
      if (!changed) return;
    }
  }
}

function all(values: readonly (string | null)[]): readonly string[] | null {
  return values.every((value) => value !== null) ? values : null;
}

/** Finds the bounds of all sources of one query. */
export function bind(
  level: readonly Occurrence[],
  conditions: readonly Condition[],
  parameters: ParameterValues,
): void {
  const finder = new Finder(level, parameters);
  for (const condition of conditions) finder.take(condition);
  finder.close();
}

/** Names of the rows that key values given column by column mean; null when the key is not wholly given. */
export function rowsBy(
  key: readonly Column[] | null,
  bounds: ReadonlyMap<string, readonly string[]>,
): readonly string[] | null {
  if (key === null) return null;
  let rows: string[][] = [[]];
  for (const column of key) {
    const values = bounds.get(column.name);
    if (values === undefined || values.length * rows.length > MAX_ROWS) return null;
    rows = rows.flatMap((row) => values.map((value) => [...row, value]));
  }
  return [...new Set(rows.map(rowName))];
}

/** Rows of an occurrence; null means any. */
export function rowsOf(occurrence: Occurrence): readonly string[] | null {
  const { relation, bounds, bindable } = occurrence;
  return relation === null || !bindable ? null : rowsBy(relation.family.key, bounds);
}
