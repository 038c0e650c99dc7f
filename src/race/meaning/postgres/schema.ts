/**
 * A database as footprints see it. Pure; arranged from one reading of the catalogs.
 *
 * Relations whose rows are one another's (a partitioned table and its partitions, a table and those that inherit from it)
 * are one *family*: its name stands in resources. Of several unique keys one is *the* key, by which rows are told apart; a
 * row found by another key is any row, since two names for one row would hide a conflict.
 */
import { isHarmless } from '../../../observe/sql/functions.ts';
import { grouped, relationsOf } from './families.ts';
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
