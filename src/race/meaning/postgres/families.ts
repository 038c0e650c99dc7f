/** Relations, and the families that they are of, from the rows of the catalogs. */
import { shownName } from '../../../observe/sql/names.ts';
import { isKeyType } from './key-values.ts';
import type { Column, Family, ForeignKey, Relation, Trigger } from './schema.ts';
import type { SchemaRows } from './schema-queries.ts';

/** Rows by what they are about. */
export function grouped<T>(rows: readonly T[], key: (row: T) => number | string): Map<number | string, T[]> {
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

/** All relations, each in its family. */
export function relationsOf(rows: SchemaRows): Relation[] {
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
