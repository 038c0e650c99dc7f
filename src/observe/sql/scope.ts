/**
 * Who is meant by a column name: the relations of a FROM clause, what lies behind subqueries, CTEs and views, and the
 * scopes around a subquery.
 */
import type { Node } from 'libpg-query';
import type { ValueRef } from './facts.ts';
import type { TableInfo } from './names.ts';

/** Values required of a column. `strong`: without them no row of the statement comes about; otherwise only the rows of
 * this instance's own side (the nullable side of an outer join, an inner subquery) do not. */
export interface Requirement {
  readonly values: readonly ValueRef[];
  readonly strong: boolean;
}

/** One occurrence of a table in a statement. */
export interface Instance {
  readonly table: string;
  readonly info: TableInfo | null;
  /** A table of the system catalogs. */
  readonly system: boolean;
  readonly required: Map<string, Requirement>;
}

/** What a column of a relation stands for. */
export interface Target {
  readonly instance: Instance | null;
  readonly column: string;
  /** True when requiring a value of it narrows the instance's rows in the same way. */
  readonly pushable: boolean;
  /** For the columns of a VALUES list: its values, one per row. */
  readonly values?: readonly ValueRef[];
}

export interface Relation {
  /** The name by which columns are qualified. */
  readonly alias: string;
  readonly schema?: string;
  /** null when they are not known. */
  readonly columns: readonly string[] | null;
  resolve(column: string): Target | null;
}

export interface Scope {
  readonly relations: Relation[];
  readonly parent: Scope | null;
  readonly ctes: Map<string, Relation>;
}

export interface Resolved {
  readonly target: Target;
  /** True when it belongs to a scope around the one asked. */
  readonly outer: boolean;
}

export function openScope(parent: Scope | null): Scope {
  return { relations: [], parent, ctes: new Map() };
}

export function findCte(scope: Scope | null, name: string): Relation | null {
  for (let at = scope; at; at = at.parent) {
    const found = at.ctes.get(name);
    if (found) return found;
  }
  return null;
}

/** Text of a list of name parts; null when one is not a name (a star). */
export function nameParts(nodes: readonly Node[] | undefined): string[] | null {
  const parts: string[] = [];
  for (const node of nodes ?? []) {
    if (!('String' in node)) return null;
    parts.push(node.String.sval ?? '');
  }
  return parts;
}

function qualified(scope: Scope, schema: string | undefined, alias: string): Relation | undefined {
  return scope.relations.find(
    (relation) => relation.alias === alias && (schema === undefined || relation.schema === schema),
  );
}

/** The relation that an unqualified column belongs to: the one that has it, else the only one of unknown columns. */
function owner(scope: Scope, column: string): Relation | undefined {
  const known = scope.relations.find((relation) => relation.columns?.includes(column));
  if (known) return known;
  const unknown = scope.relations.filter((relation) => relation.columns === null);
  return unknown.length === 1 ? unknown[0] : undefined;
}

/** Resolves a column reference, from the inside out. */
export function resolveColumn(scope: Scope, parts: readonly string[]): Resolved | null {
  const column = parts.at(-1);
  if (column === undefined) return null;
  const alias = parts.at(-2);
  const schema = parts.at(-3);
  for (let at: Scope | null = scope; at; at = at.parent) {
    const relation: Relation | undefined =
      alias === undefined ? owner(at, column) : qualified(at, schema, alias);
    const target = relation?.resolve(column);
    if (target) return { target, outer: at !== scope };
    if (relation) return null;
  }
  return null;
}

/** The relation of a base table's occurrence. `renamed`: column aliases, by position. */
export function instanceRelation(
  instance: Instance,
  alias: string,
  schema: string | undefined,
  renamed: readonly string[],
): Relation {
  const info = instance.info;
  const own = info?.columns ?? null;
  const columns = own ? own.map((name, index) => renamed[index] ?? name) : null;
  const resolve = (column: string): Target | null => {
    if (columns && own) {
      const index = columns.indexOf(column);
      return index < 0 ? null : { instance, column: own[index]!, pushable: true };
    }
    return renamed.includes(column) ? null : { instance, column, pushable: true };
  };
  return { alias, ...(schema === undefined ? {} : { schema }), columns, resolve };
}

/** A relation under other column names, by position, and another alias. */
export function renamedRelation(relation: Relation, alias: string, renamed: readonly string[]): Relation {
  if (renamed.length === 0) return { ...relation, alias, resolve: (column) => relation.resolve(column) };
  const own = relation.columns;
  const columns = own ? own.map((name, index) => renamed[index] ?? name) : null;
  return {
    alias,
    columns,
    resolve: (column) => {
      const index = columns?.indexOf(column) ?? -1;
      return index < 0 || !own ? null : relation.resolve(own[index]!);
    },
  };
}

/** The relation when its rows are not one-to-one with those behind it: columns keep their origin, requirements do not
 * pass through. */
export function sealedRelation(relation: Relation): Relation {
  return {
    ...relation,
    resolve: (column) => {
      const target = relation.resolve(column);
      return target ? { instance: target.instance, column: target.column, pushable: false } : null;
    },
  };
}

/** A relation of which nothing is known (a function, a recursive term). */
export function unknownRelation(alias: string): Relation {
  return { alias, columns: [], resolve: () => null };
}
