/** What is asked of the system catalogs (the manual's chapter 52). Read only; no object is created. */
import type pg from 'pg';

/** Relations, functions and triggers beyond these numbers are not looked at. */
export const LIMITS = { relations: 20_000, columns: 400_000, routines: 50_000, triggers: 20_000 } as const;

const USER_SCHEMA = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp_'`;
const USER_RELATIONS = `SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${USER_SCHEMA} ORDER BY c.oid LIMIT ${LIMITS.relations}`;

export interface RelationRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind */
  readonly kind: string;
  /** pg_class.relreplident */
  readonly identity: string;
  readonly definition: string | null;
  /** pg_class.relpersistence */
  readonly persistence: string;
  /** OID of the table at the top that this one is a partition of. */
  readonly root: number | null;
}

const RELATIONS = `SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
  c.relreplident::text AS identity,
  CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition,
  c.relpersistence::text AS persistence,
  CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid END AS root
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid IN (${USER_RELATIONS})`;

export interface ColumnRow {
  readonly relation: number;
  readonly number: number;
  readonly name: string;
  readonly type: number;
  readonly generated: boolean;
}

const COLUMNS = `SELECT attrelid AS relation, attnum AS number, attname AS name, atttypid AS type,
  attgenerated <> '' AS generated
  FROM pg_catalog.pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid IN (${USER_RELATIONS})
  ORDER BY attrelid, attnum LIMIT ${LIMITS.columns}`;

export interface IndexRow {
  readonly relation: number;
  readonly name: string;
  readonly primary: boolean;
  readonly identity: boolean;
  readonly columns: readonly number[];
}

const INDEXES = `SELECT i.indrelid AS relation, c.relname AS name, i.indisprimary AS primary,
  i.indisreplident AS identity, (i.indkey::int2[])[0:i.indnkeyatts - 1]::int4[] AS columns
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND i.indrelid IN (${USER_RELATIONS})`;

export interface ForeignKeyRow {
  readonly child: number;
  readonly parent: number;
  readonly columns: readonly number[];
  readonly referenced: readonly number[];
  /** pg_constraint.confdeltype and confupdtype: a, r, c, n, d. */
  readonly ondelete: string;
  readonly onupdate: string;
}

const FOREIGN_KEYS = `SELECT conrelid AS child, confrelid AS parent, conkey::int4[] AS columns,
  confkey::int4[] AS referenced, confdeltype::text AS ondelete, confupdtype::text AS onupdate
  FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conrelid IN (${USER_RELATIONS})`;

export interface RoutineRow {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly writes: boolean;
}

/** Functions written in C or built in do not run SQL, with the exception of dblink. */
const ROUTINES = `SELECT n.nspname AS schema, p.proname AS name, max(p.prokind::text) AS kind,
  bool_or(p.provolatile = 'v' AND (l.lanname NOT IN ('c', 'internal') OR p.proname ~ '^dblink')) AS writes
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE ${USER_SCHEMA} GROUP BY 1, 2 LIMIT ${LIMITS.routines}`;

export interface TriggerRow {
  readonly relation: number;
  /** pg_trigger.tgtype: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate, 64 instead. */
  readonly type: number;
  readonly source: string;
}

const TRIGGERS = `SELECT t.tgrelid AS relation, t.tgtype::int4 AS type, p.prosrc AS source
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND l.lanname NOT IN ('c', 'internal')
  AND t.tgrelid IN (${USER_RELATIONS}) LIMIT ${LIMITS.triggers}`;

const SESSION =
  'SELECT pg_catalog.current_schemas(false)::text[] AS path, pg_catalog.current_database()::text AS database';

/** Everything read in one go. */
export interface CatalogRows {
  readonly relations: readonly RelationRow[];
  readonly columns: readonly ColumnRow[];
  readonly indexes: readonly IndexRow[];
  readonly foreignKeys: readonly ForeignKeyRow[];
  readonly routines: readonly RoutineRow[];
  readonly triggers: readonly TriggerRow[];
  readonly searchPath: readonly string[];
  /** Name of the database by the server's own account; a pooler may know it by another. */
  readonly database: string;
}

/** Reads the catalogs in one snapshot. Throws what the driver throws. */
export async function readCatalog(client: pg.Client, limitMs: number): Promise<CatalogRows> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // For this transaction only, and no startup parameter: poolers refuse those, and hand settings on to others.
  await client.query(`SET LOCAL statement_timeout = ${limitMs}`);
  const relations = (await client.query<RelationRow>(RELATIONS)).rows;
  const columns = (await client.query<ColumnRow>(COLUMNS)).rows;
  const indexes = (await client.query<IndexRow>(INDEXES)).rows;
  const foreignKeys = (await client.query<ForeignKeyRow>(FOREIGN_KEYS)).rows;
  const routines = (await client.query<RoutineRow>(ROUTINES)).rows;
  const triggers = (await client.query<TriggerRow>(TRIGGERS)).rows;
  const [session] = (await client.query<{ path: string[]; database: string }>(SESSION)).rows;
  await client.query('COMMIT');
  return {
    relations,
    columns,
    indexes,
    foreignKeys,
    routines,
    triggers,
    searchPath: session?.path ?? ['public'],
    database: session?.database ?? '',
  };
}
