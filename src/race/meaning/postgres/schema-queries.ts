/**
 * What footprints need to know of a database, asked of its system catalogs (the manual's chapter "System Catalogs"). Read
 * only; no object is created. The expressions of a table (defaults, checks, policies, indexes) are asked for as text,
 * because they may call functions and read other tables.
 */

/** Runs one statement past the gates and gives its rows. */
export type Query = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

const USER = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp_'`;
const USER_RELATIONS = `SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${USER}`;

export interface RelationRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** r table, p partitioned, v view, m materialised view, f foreign, S sequence. */
  readonly kind: string;
  readonly definition: string | null;
  /** A rule other than a view's own rewrites its statements. */
  readonly ruled: boolean;
  readonly secured: boolean;
}

const RELATIONS = `SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name,
  c.relkind::text AS kind,
  CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition,
  EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN') AS ruled,
  c.relrowsecurity AS secured
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid IN (${USER_RELATIONS}) ORDER BY c.oid`;

export interface ColumnRow {
  readonly relation: number;
  readonly number: number;
  readonly name: string;
  /** Type, that of the elements below a domain. */
  readonly type: number;
  /** False when values that differ in bytes may be equal. */
  readonly bytewise: boolean;
  readonly generated: boolean;
  /** Text of the default or generating expression. */
  readonly expression: string | null;
  /** OID of the sequence behind an identity column. */
  readonly sequence: number | null;
}

const COLUMNS = `SELECT a.attrelid::int8 AS relation, a.attnum::int4 AS number, a.attname::text AS name,
  (CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END)::int8 AS type,
  COALESCE(l.collisdeterministic, true) AS bytewise,
  a.attgenerated <> '' AS generated,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression,
  (SELECT p.objid::int8 FROM pg_catalog.pg_depend p WHERE a.attidentity <> '' AND p.refobjid = a.attrelid
    AND p.refobjsubid = a.attnum AND p.deptype = 'i' AND p.classid = 'pg_catalog.pg_class'::regclass LIMIT 1) AS sequence
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (${USER_RELATIONS}) ORDER BY a.attrelid, a.attnum`;

export interface IndexRow {
  readonly relation: number;
  readonly name: string;
  readonly primary: boolean;
  /** A full unique key: valid, unconditional, of plain columns. */
  readonly full: boolean;
  /** Plain columns of key and condition; 0 where there is an expression. */
  readonly columns: readonly number[];
  /** Text of expressions and condition. */
  readonly expressions: string | null;
  /** Rows may exclude each other by it. */
  readonly excludes: boolean;
}

const INDEXES = `SELECT i.indrelid::int8 AS relation, c.relname::text AS name, i.indisprimary AS primary,
  i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT i.indisexclusion AS full,
  (i.indkey::int2[])[0:i.indnkeyatts - 1]::int4[] AS columns,
  concat_ws(', ', pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid)) AS expressions,
  i.indisunique OR i.indisexclusion AS excludes
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid IN (${USER_RELATIONS}) ORDER BY i.indrelid, c.relname`;

export interface ConstraintRow {
  readonly relation: number;
  readonly text: string;
}

const CHECKS = `SELECT conrelid::int8 AS relation, pg_catalog.pg_get_expr(conbin, conrelid) AS text
  FROM pg_catalog.pg_constraint WHERE contype = 'c' AND conrelid IN (${USER_RELATIONS})`;

const POLICIES = `SELECT p.polrelid::int8 AS relation,
  concat_ws(', ', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) AS text
  FROM pg_catalog.pg_policy p WHERE p.polrelid IN (${USER_RELATIONS})`;

export interface ForeignKeyRow {
  readonly child: number;
  readonly parent: number;
  readonly columns: readonly number[];
  readonly referenced: readonly number[];
  /** confdeltype and confupdtype: a no action, r restrict, c cascade, n set null, d set default. */
  readonly ondelete: string;
  readonly onupdate: string;
  readonly deferrable: boolean;
}

const FOREIGN_KEYS = `SELECT conrelid::int8 AS child, confrelid::int8 AS parent, conkey::int4[] AS columns,
  confkey::int4[] AS referenced, confdeltype::text AS ondelete, confupdtype::text AS onupdate, condeferrable AS deferrable
  FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conrelid IN (${USER_RELATIONS})`;

/** Inheritance and partitions. */
export interface EdgeRow {
  readonly child: number;
  readonly parent: number;
  readonly partition: boolean;
}

const EDGES = `SELECT i.inhrelid::int8 AS child, i.inhparent::int8 AS parent, c.relispartition AS partition
  FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
  WHERE i.inhrelid IN (${USER_RELATIONS})`;

export interface RoutineRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly language: string;
  /** provolatile: i, s, v. */
  readonly volatility: string;
  readonly source: string;
  readonly aggregate: boolean;
}

const ROUTINES = `SELECT p.oid::int8 AS oid, n.nspname::text AS schema, p.proname::text AS name, l.lanname::text AS language,
  p.provolatile::text AS volatility, p.prokind IN ('a', 'w') AS aggregate,
  CASE WHEN p.prokind IN ('a', 'w') OR l.lanname IN ('c', 'internal') THEN ''
    WHEN p.prosrc <> '' THEN p.prosrc ELSE pg_catalog.pg_get_functiondef(p.oid) END AS source
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE ${USER}`;

/** Functions of PostgreSQL itself whose calls may have an effect or give another answer each time. */
const VOLATILE = `SELECT DISTINCT p.proname::text AS name FROM pg_catalog.pg_proc p
  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.provolatile = 'v'`;

export interface TriggerRow {
  readonly relation: number;
  /** tgtype: 4 insert, 8 delete, 16 update, 32 truncate, 64 instead. */
  readonly type: number;
  readonly routine: number;
  readonly deferrable: boolean;
  /** Text of WHEN and all else. */
  readonly definition: string;
}

const TRIGGERS = `SELECT t.tgrelid::int8 AS relation, t.tgtype::int4 AS type, t.tgfoid::int8 AS routine,
  t.tgdeferrable AS deferrable, pg_catalog.pg_get_triggerdef(t.oid) AS definition
  FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgrelid IN (${USER_RELATIONS})`;

/** Operators and casts that run somebody's SQL. */
const OPERATORS = `SELECT o.oprname::text AS name, o.oprcode::oid::int8 AS routine FROM pg_catalog.pg_operator o
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE ${USER}`;

const SESSION = `SELECT pg_catalog.current_schemas(false)::text[] AS path, pg_catalog.current_database()::text AS database,
  pg_catalog.current_setting('default_transaction_isolation') AS isolation`;

/** Everything read, by query. */
export interface SchemaRows {
  readonly relations: readonly RelationRow[];
  readonly columns: readonly ColumnRow[];
  readonly indexes: readonly IndexRow[];
  readonly checks: readonly ConstraintRow[];
  readonly policies: readonly ConstraintRow[];
  readonly foreignKeys: readonly ForeignKeyRow[];
  readonly edges: readonly EdgeRow[];
  readonly routines: readonly RoutineRow[];
  readonly volatile: readonly { readonly name: string }[];
  readonly triggers: readonly TriggerRow[];
  readonly operators: readonly { readonly name: string; readonly routine: number }[];
  readonly path: readonly string[];
  readonly isolation: string;
}

/** Reads it all in one snapshot. Throws what `query` throws. Numbers may come as texts: drivers give int8 so. */
export async function readSchemaRows(query: Query): Promise<SchemaRows> {
  const rows = async <T>(sql: string): Promise<readonly T[]> =>
    (await query(sql)).map((row) => plain(row) as T);
  await query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    const [session] = await rows<{ path: string[]; isolation: string }>(SESSION);
    return {
      relations: await rows(RELATIONS),
      columns: await rows(COLUMNS),
      indexes: await rows(INDEXES),
      checks: await rows(CHECKS),
      policies: await rows(POLICIES),
      foreignKeys: await rows(FOREIGN_KEYS),
      edges: await rows(EDGES),
      routines: await rows(ROUTINES),
      volatile: await rows(VOLATILE),
      triggers: await rows(TRIGGERS),
      operators: await rows(OPERATORS),
      path: session?.path ?? ['public'],
      isolation: session?.isolation ?? 'read committed',
    };
  } finally {
    await query('COMMIT');
  }
}

const NUMBERS = new Set(['oid', 'relation', 'type', 'sequence', 'child', 'parent', 'routine']);

/** OIDs as numbers, whatever the driver makes of int8. */
function plain(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      NUMBERS.has(name) && value !== null && typeof value !== 'number' ? Number(value) : value,
    ]),
  );
}
