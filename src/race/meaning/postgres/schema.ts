/**
 * A database as footprints see it. Pure; arranged from one reading of the catalogs.
 *
 * Relations whose rows are one another's (a partitioned table and its partitions, a table and those that inherit from it)
 * are one *family*: its name stands in resources. Of several unique keys one is *the* key, by which rows are told apart; a
 * row found by another key is any row, since two names for one row would hide a conflict.
 */
import { isHarmless } from '../../../observe/sql/functions.ts';
import { shownName } from '../../../observe/sql/names.ts';
import { isKeyType } from './key-values.ts';
import { type Query, type RoutineRow, readSchemaRows, type SchemaRows } from './schema-queries.ts';

export interface Column {
  readonly name: string;
  /** OID; below a domain that of its base type. */
  readonly type: number;
  readonly generated: boolean;
  readonly expression: string | null;
  /** Resource name of the sequence that fills an identity column. */
  readonly sequence: string | null;
}

export interface Relation {
  readonly name: string;
  readonly kind: 'table' | 'view' | 'sequence';
  readonly family: Family;
  readonly columns: readonly Column[];
  /** A view's query. */
  readonly definition: string | null;
}

export interface ForeignKey {
  readonly child: Family;
  readonly parent: Family;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  readonly onDelete: string;
  readonly onUpdate: string;
  readonly deferrable: boolean;
}

export type WriteAction = 'insert' | 'update' | 'delete' | 'truncate';

export interface Trigger {
  readonly on: readonly WriteAction[];
  readonly routine: RoutineRow | null;
  readonly deferrable: boolean;
}

export interface Family {
  readonly name: string;
  /** Columns of the key, with their types; null when rows cannot be told apart. */
  readonly key: readonly Column[] | null;
  /** Columns of further unique and excluding indexes; null: any column may matter to one. */
  readonly unique: ReadonlySet<string> | null;
  readonly triggers: readonly Trigger[];
  /** Where it is the child. */
  readonly parents: ForeignKey[];
  /** Where it is the parent. */
  readonly children: ForeignKey[];
  /** Defaults, checks, policies, index expressions: run on its writes, policies on reads too. */
  readonly expressions: readonly string[];
  readonly policies: readonly string[];
  /** Rules or a foreign server decide what happens. */
  readonly opaque: boolean;
}

export interface Schema {
  readonly searchPath: readonly string[];
  readonly isolation: string;
  /** The relation that a name denotes. */
  relation(schema: string | undefined, name: string, path: readonly string[]): Relation | null;
  /** All relations of that name, in any schema. */
  named(name: string): readonly Relation[];
  /** Functions that somebody made, by name, in any schema unless one is given. */
  routines(schema: string | undefined, name: string): readonly RoutineRow[];
  /** Functions behind the operators that somebody made. */
  operators(name: string): readonly RoutineRow[];
  /** Whether a function of PostgreSQL itself is volatile. */
  isVolatile(name: string): boolean;
}

function grouped<T>(rows: readonly T[], key: (row: T) => number | string): Map<number | string, T[]> {
  const groups = new Map<number | string, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

/** Everything by relation. */
class Index {
  readonly columns;
  readonly indexes;
  readonly checks;
  readonly policies;
  readonly triggers;
  readonly relations;
  readonly shown;
  readonly routines;

  constructor(rows: SchemaRows) {
    this.relations = new Map(rows.relations.map((row) => [row.oid, row]));
    this.shown = new Map(rows.relations.map((row) => [row.oid, shownName(row.schema, row.name)]));
    this.columns = grouped(rows.columns, (row) => row.relation);
    this.indexes = grouped(rows.indexes, (row) => row.relation);
    this.checks = grouped(rows.checks, (row) => row.relation);
    this.policies = grouped(rows.policies, (row) => row.relation);
    this.triggers = grouped(rows.triggers, (row) => row.relation);
    this.routines = new Map(rows.routines.map((row) => [row.oid, row]));
  }

  names(relation: number, numbers: readonly number[]): string[] {
    const own = this.columns.get(relation) ?? [];
    return numbers.flatMap((number) => own.find((column) => column.number === number)?.name ?? []);
  }

  columnsOf(relation: number): Column[] {
    return (this.columns.get(relation) ?? []).map((row) => ({
      name: row.name,
      type: row.bytewise ? row.type : 0,
      generated: row.generated,
      expression: row.expression,
      sequence: row.sequence === null ? null : (this.shown.get(row.sequence) ?? null),
    }));
  }
}

/** The relation at the head of each relation's family, and whether a family is one of inheritance. */
function heads(rows: SchemaRows): { of(oid: number): number; inherits(head: number): boolean } {
  const parent = new Map<number, number>();
  const root = (oid: number): number => {
    let at = oid;
    for (let next = parent.get(at); next !== undefined; next = parent.get(at)) at = next;
    return at;
  };
  for (const edge of rows.edges) {
    const [child, above] = [root(edge.child), root(edge.parent)];
    if (child !== above) parent.set(child, above);
  }
  const inheriting = new Set(rows.edges.filter((edge) => !edge.partition).map((edge) => root(edge.parent)));
  return { of: root, inherits: (head) => inheriting.has(head) };
}

const EVENTS = [
  [4, 'insert'],
  [8, 'delete'],
  [16, 'update'],
  [32, 'truncate'],
] as const;

/** The key of a family: the primary key of its head, else its first full unique key by name. */
function keyOf(index: Index, head: number): readonly Column[] | null {
  const full = (index.indexes.get(head) ?? []).filter((one) => one.full);
  const chosen = full.find((one) => one.primary) ?? full[0];
  if (chosen === undefined) return null;
  const columns = index.columnsOf(head);
  const key = index
    .names(head, chosen.columns)
    .flatMap((name) => columns.find((one) => one.name === name) ?? []);
  return key.length > 0 && key.every((column) => isKeyType(column.type)) ? key : null;
}

/** Columns of all indexes by which rows may collide, other than the key. */
function uniqueOf(
  index: Index,
  members: readonly number[],
  key: readonly Column[] | null,
): ReadonlySet<string> | null {
  const keyText = key?.map((column) => column.name).join('\0');
  const found = new Set<string>();
  for (const member of members) {
    for (const one of index.indexes.get(member) ?? []) {
      if (!one.excludes) continue;
      const names = index.names(member, one.columns);
      if (one.full && names.join('\0') === keyText) continue;
      const generated = index
        .columnsOf(member)
        .some((column) => column.generated && names.includes(column.name));
      if (!one.full || generated) return null;
      for (const name of names) found.add(name);
    }
  }
  return found;
}

function familyOf(index: Index, head: number, members: readonly number[], inherits: boolean): Family {
  const key = inherits ? null : keyOf(index, head);
  const triggers = members.flatMap((member) =>
    (index.triggers.get(member) ?? []).map(
      (row): Trigger => ({
        on: EVENTS.flatMap(([bit, name]) => ((row.type & bit) === 0 ? [] : [name])),
        routine: index.routines.get(row.routine) ?? null,
        deferrable: row.deferrable,
      }),
    ),
  );
  const policies = members.flatMap((one) =>
    index.relations.get(one)?.secured ? (index.policies.get(one) ?? []).map((row) => row.text) : [],
  );
  const conditions = members.flatMap((one) =>
    (index.triggers.get(one) ?? []).flatMap((row) => whenOf(row.definition)),
  );
  const expressions = members.flatMap((one) => [
    ...(index.checks.get(one) ?? []).map((row) => row.text),
    ...(index.indexes.get(one) ?? []).flatMap((row) => row.expressions ?? []),
    ...(index.columns.get(one) ?? []).flatMap((row) => (row.generated ? (row.expression ?? []) : [])),
  ]);
  const opaque = members.some((one) => {
    const row = index.relations.get(one);
    return row === undefined || row.ruled || row.kind === 'f';
  });
  return {
    name: index.shown.get(head) ?? String(head),
    key,
    unique: uniqueOf(index, members, key),
    triggers,
    parents: [],
    children: [],
    expressions: [...new Set([...expressions, ...policies, ...conditions])].filter((text) => text !== ''),
    policies: [...new Set(policies)],
    opaque,
  };
}

/** The condition in a trigger's definition. */
function whenOf(definition: string): string[] {
  const match = / WHEN \(([\s\S]*)\) EXECUTE (?:FUNCTION|PROCEDURE) /.exec(definition);
  // OLD and NEW are rows there; as names of relations they would not be found.
  return match === null ? [] : [match[1]!];
}

function linkForeignKeys(
  rows: SchemaRows,
  index: Index,
  familyFor: (oid: number) => Family | undefined,
): void {
  for (const row of rows.foreignKeys) {
    const [child, parent] = [familyFor(row.child), familyFor(row.parent)];
    if (child === undefined || parent === undefined) continue;
    const key: ForeignKey = {
      child,
      parent,
      columns: index.names(row.child, row.columns),
      referenced: index.names(row.parent, row.referenced),
      onDelete: row.ondelete,
      onUpdate: row.onupdate,
      deferrable: row.deferrable,
    };
    child.parents.push(key);
    parent.children.push(key);
  }
}

const KINDS: Readonly<Record<string, Relation['kind']>> = { v: 'view', S: 'sequence' };

function relationsOf(rows: SchemaRows): Relation[] {
  const index = new Index(rows);
  const head = heads(rows);
  const members = grouped(rows.relations, (row) => head.of(row.oid));
  const families = new Map<number, Family>();
  for (const [oid, group] of members) {
    const at = Number(oid);
    families.set(
      at,
      familyOf(
        index,
        at,
        group.map((row) => row.oid),
        head.inherits(at),
      ),
    );
  }
  linkForeignKeys(rows, index, (oid) => families.get(head.of(oid)));
  return rows.relations.map((row) => ({
    name: index.shown.get(row.oid)!,
    kind: KINDS[row.kind] ?? 'table',
    family: families.get(head.of(row.oid))!,
    columns: index.columnsOf(row.oid),
    definition: row.definition,
  }));
}

/** Arranges what was read. */
export function schemaOf(rows: SchemaRows): Schema {
  const relations = relationsOf(rows);
  const bySchema = new Map(rows.relations.map((row, i) => [`${row.schema}\0${row.name}`, relations[i]!]));
  const byName = grouped(
    rows.relations.map((row, i) => ({ name: row.name, relation: relations[i]! })),
    (one) => one.name,
  );
  const routines = grouped(rows.routines, (row) => row.name);
  const byOid = new Map(rows.routines.map((row) => [row.oid, row]));
  const operators = grouped(rows.operators, (row) => row.name);
  const volatile = new Set(rows.volatile.map((row) => row.name));
  return {
    searchPath: rows.path,
    isolation: rows.isolation,
    relation: (schema, name, path) => {
      for (const one of schema === undefined ? path : [schema]) {
        const found = bySchema.get(`${one}\0${name}`);
        if (found !== undefined) return found;
      }
      return null;
    },
    named: (name) => (byName.get(name) ?? []).map((one) => one.relation),
    routines: (schema, name) =>
      (routines.get(name) ?? []).filter((row) => schema === undefined || row.schema === schema),
    operators: (name) => (operators.get(name) ?? []).flatMap((row) => byOid.get(row.routine) ?? []),
    isVolatile: (name) => volatile.has(name),
  };
}

/** Reads a database's schema over a connection past the gates. Throws what `query` throws. */
export async function readSchema(query: Query): Promise<Schema> {
  return schemaOf(await readSchemaRows(query));
}

/** A database of which nothing is known: no table has a name, and functions are told by theirs. */
export const NO_SCHEMA: Schema = {
  searchPath: ['public'],
  isolation: 'read committed',
  relation: () => null,
  named: () => [],
  routines: () => [],
  operators: () => [],
  isVolatile: (name) => !isHarmless(undefined, name),
};
