/**
 * The objects of a database as texts: what stands in the definition of each, never what it is called by number. Names without a
 * schema are those of `public`.
 *
 * @see https://www.postgresql.org/docs/current/catalogs.html
 */
import type pg from 'pg';
import { UNKNOWN_PARTS } from './names.ts';
import { ask } from './postgres-session.ts';
import type { Sheet } from './sheet.ts';

/** Objects of one sort that are read. */
const MAX_OBJECTS = 2_000;

/** Schemas of users. */
const OWN_SCHEMA = `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  and n.nspname not like 'pg\\_temp\\_%' and n.nspname not like 'pg\\_toast\\_temp\\_%'`;

/** What an extension brought is told by the extension's version. */
const notOfExtension = (
  catalog: string,
  oid: string,
): string => `not exists (select 1 from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and d.objid = ${oid} and d.deptype = 'e')`;

const named = (name: string): string =>
  `case n.nspname when 'public' then '' else n.nspname || '.' end || ${name}`;

const COLUMNS = `(select json_agg(json_build_array(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_catalog.pg_get_expr(e.adbin, e.adrelid), a.attidentity, a.attgenerated, a.attstorage, a.attoptions,
    case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end) order by a.attnum)
  from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_attrdef e on e.adrelid = a.attrelid and e.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const CONSTRAINTS = `(select json_agg(json_build_array(k.conname, pg_catalog.pg_get_constraintdef(k.oid), k.convalidated)
  order by k.conname) from pg_catalog.pg_constraint k where k.conrelid = c.oid)`;

const POLICIES = `(select json_agg(json_build_array(p.polname, p.polcmd, p.polpermissive,
    pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname)
  from pg_catalog.pg_policy p where p.polrelid = c.oid)`;

const PARENTS = `(select json_agg(i.inhparent::regclass::text order by i.inhseqno)
  from pg_catalog.pg_inherits i where i.inhrelid = c.oid)`;

/** Each gives rows of `name` and `definition`. */
const OBJECTS: readonly (readonly [what: string, sql: string])[] = [
  [
    'tables',
    `select ${named('c.relname')} as name, json_build_array(c.relkind, c.relpersistence, c.reloptions, c.relrowsecurity,
       c.relforcerowsecurity, pg_catalog.pg_get_expr(c.relpartbound, c.oid),
       case c.relkind when 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
       ${PARENTS}, ${COLUMNS}, ${CONSTRAINTS}, ${POLICIES})::text as definition
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f') and ${OWN_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`,
  ],
  [
    'views',
    `select ${named('c.relname')} as name,
       c.relkind::text || coalesce(c.reloptions::text, '') || pg_catalog.pg_get_viewdef(c.oid) as definition
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('v', 'm') and ${OWN_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`,
  ],
  [
    'indexes',
    `select ${named('c.relname')} as name, json_build_array(pg_catalog.pg_get_indexdef(c.oid), i.indisvalid, i.indisclustered,
       i.indisunique)::text as definition
     from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${OWN_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')} and ${notOfExtension('pg_class', 'i.indrelid')}`,
  ],
  [
    'triggers',
    `select ${named('c.relname')} || '.' || t.tgname || ' (trigger)' as name,
       pg_catalog.pg_get_triggerdef(t.oid) || t.tgenabled::text as definition
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and ${OWN_SCHEMA}`,
  ],
  [
    'rules',
    `select ${named('c.relname')} || '.' || r.rulename || ' (rule)' as name,
       pg_catalog.pg_get_ruledef(r.oid) || r.ev_enabled::text as definition
     from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace where r.rulename <> '_RETURN' and ${OWN_SCHEMA}`,
  ],
  [
    'functions',
    `select ${named('p.proname')} || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as name,
       pg_catalog.pg_get_functiondef(p.oid) as definition
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where p.prokind in ('f', 'p') and ${OWN_SCHEMA} and ${notOfExtension('pg_proc', 'p.oid')}`,
  ],
  [
    'types',
    `select ${named('t.typname')} || ' (type)' as name, json_build_array(t.typtype, t.typnotnull, t.typdefault,
       pg_catalog.format_type(t.typbasetype, t.typtypmod),
       (select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid),
       (select json_agg(pg_catalog.pg_get_constraintdef(k.oid) order by k.conname)
        from pg_catalog.pg_constraint k where k.contypid = t.oid))::text as definition
     from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.typtype in ('e', 'd') and ${OWN_SCHEMA} and ${notOfExtension('pg_type', 't.oid')}`,
  ],
  [
    'extended statistics',
    `select ${named('s.stxname')} || ' (statistics)' as name, pg_catalog.pg_get_statisticsobjdef(s.oid) as definition
     from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace where ${OWN_SCHEMA}`,
  ],
  [
    'extensions',
    `select e.extname || ' (extension)' as name, e.extversion as definition from pg_catalog.pg_extension e`,
  ],
];

interface DefinedObject {
  readonly name: string;
  readonly definition: string | null;
}

/** Notes the hash of every object's definition. */
export async function noteSchema(sheet: Sheet, client: pg.Client): Promise<void> {
  for (const [what, sql] of OBJECTS) {
    try {
      const objects = await ask<DefinedObject>(client, `${sql} order by 1 limit ${MAX_OBJECTS + 1}`);
      for (const { name, definition } of objects.slice(0, MAX_OBJECTS)) {
        sheet.hashed('schema', name, definition ?? '');
      }
      if (objects.length > MAX_OBJECTS)
        sheet.unknown('schema', `more ${what}`, `only ${MAX_OBJECTS} were read`);
    } catch (error) {
      sheet.unknown('schema', UNKNOWN_PARTS.objects, new Error(`${what}: ${(error as Error).message}`));
    }
  }
}
