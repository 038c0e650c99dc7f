/**
 * What calling a function touches. Of PostgreSQL's own functions only volatile ones can matter, and of those only some do; a
 * function that somebody made is looked into (bodies.ts) or may do anything.
 */
import type { FuncCall, Node } from 'libpg-query';
import { isHarmless, isKnownAggregate } from '../../../observe/sql/functions.ts';
import { TypeOid } from '../../../wire/postgres/index.ts';
import { pgTable } from '../../explore/footprint.ts';
import { LISTENS } from '../pushes.ts';
import { followBody } from './bodies.ts';
import type { RoutineRow } from './schema-queries.ts';
import { keyValue } from './values.ts';
import { inside, parts, type Walk } from './walk.ts';

/** Volatile functions of PostgreSQL that touch nothing of anybody's. */
const HARMLESS_VOLATILE =
  /^(?:random|random_normal|gen_random_uuid|uuidv[47]|clock_timestamp|timeofday|setseed|currval|lastval|txid_current|pg_current_xact_id|pg_sleep(?:_for|_until)?|pg_stat_\w+|pg_\w*size|pg_is_in_recovery|pg_current_wal_\w+|pg_last_\w+|pg_backend_pid|pg_lock_status|pg_show_\w+|pg_my_temp_schema|array_shuffle|array_sample)$/;
/** Functions that run SQL given as text, or read tables given by name. */
const RUNS_SQL =
  /^(?:(?:query|table|schema|database|cursor)_to_xml\w*|ts_stat|ts_rewrite|pg_sequence_last_value)$/;
const SEQUENCE = /^(?:nextval|setval)$/;
const ADVISORY = /^pg_(?:try_)?advisory_(xact_)?(?:un)?lock(_shared|_all)?$/;
/** Those of them that free what the session took. */
const ADVISORY_FREES = /^pg_advisory_unlock/;

/** Functions and aggregates that cannot fail on values of their types. */
const CANNOT_FAIL =
  /^(?:count|min|max|sum|avg|bool_and|bool_or|every|array_agg|json_agg|jsonb_agg|string_agg|coalesce|lower|upper|length|now|row_number|rank|to_json|to_jsonb|row_to_json|json_build_object|jsonb_build_object|json_build_array|jsonb_build_array|concat|trim|btrim)$/;

/** Settings that decide what names and transactions mean. */
const TELLING = new Set([
  'search_path',
  'default_transaction_isolation',
  'transaction_isolation',
  'standard_conforming_strings',
  'client_encoding',
]);

function advisory(name: string, args: readonly Node[], walk: Walk): void {
  const [, transaction] = ADVISORY.exec(name) ?? [];
  const keys = args.map((arg) => keyValue(arg, TypeOid.int8, walk.parameters));
  const known = keys.length > 0 && keys.every((key) => key !== null);
  const resource = known ? `lock:advisory:${keys.join(',')}` : 'lock:advisory';
  if (ADVISORY_FREES.test(name)) {
    walk.draft.frees.add(resource);
    return;
  }
  walk.draft.mayFail = true;
  if (transaction === undefined) {
    walk.draft.now.write(resource);
    walk.draft.advisory.add(resource);
  } else walk.draft.locks.add(resource);
}

/** The sequence that nextval and setval name as text. */
export function touchSequence(argument: Node | undefined, walk: Walk): void {
  const inner = argument !== undefined && 'TypeCast' in argument ? argument.TypeCast.arg : argument;
  const text = inner !== undefined && 'A_Const' in inner ? inner.A_Const.sval?.sval : undefined;
  const names = (text ?? '').match(/"(?:[^"]|"")+"|[^.]+/g)?.map(unquoted) ?? [];
  const relation =
    names.length === 0 || names.length > 2
      ? null
      : walk.schema.relation(names.length === 2 ? names[0] : undefined, names.at(-1)!, walk.path);
  if (relation?.kind === 'sequence') walk.draft.now.write(pgTable(relation.name));
  else walk.draft.opaque = true;
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

function changeSetting(args: readonly Node[], walk: Walk): void {
  const [first] = args;
  const name =
    first !== undefined && 'A_Const' in first ? first.A_Const.sval?.sval?.toLowerCase() : undefined;
  if (name === undefined || TELLING.has(name)) walk.draft.lost = true;
}

function callBuiltin(name: string, args: readonly Node[], walk: Walk): void {
  const { draft } = walk;
  if (RUNS_SQL.test(name) || name.startsWith('lo_')) draft.runsAnything();
  else if (SEQUENCE.test(name)) touchSequence(args[0], walk);
  else if (ADVISORY.test(name)) advisory(name, args, walk);
  else if (name === 'pg_notify') draft.pushes = true;
  else if (name === 'pg_listening_channels') draft.now.add([LISTENS]);
  else if (name === 'set_config') changeSetting(args, walk);
  else if (walk.schema.isVolatile(name) && !HARMLESS_VOLATILE.test(name)) draft.runsAnything();
}

/** A function that somebody made. */
export function callRoutine(routine: RoutineRow, walk: Walk): void {
  const { draft } = walk;
  draft.mayFail = true;
  const { language, volatility, name } = routine;
  if (routine.aggregate) {
    if (!isKnownAggregate(name) && !isHarmless(undefined, name)) draft.runsAnything();
    return;
  }
  if (volatility === 'i') return;
  if (language === 'c' || language === 'internal') {
    const known = !name.startsWith('pg_') && isHarmless(undefined, name);
    if (name.startsWith('dblink') || (volatility === 'v' && !known)) draft.runsAnything();
  } else if (language === 'sql' || language === 'plpgsql') {
    const within = inside(walk, { behind: true });
    if (within !== null && draft.first(`routine ${routine.oid}`)) followBody(routine.source, within);
  } else draft.runsAnything();
}

/** A call as it stands in a statement; its arguments are visited by the caller. */
export function callFunction(call: FuncCall, walk: Walk): void {
  const names = parts(call.funcname);
  const name = names.at(-1) ?? '';
  const schema = names.length > 1 ? names.at(-2) : undefined;
  if (!walk.behind) walk.draft.called.push(name);
  if (!CANNOT_FAIL.test(name)) walk.draft.mayFail = true;
  callNamed(schema, name, call.args ?? [], walk);
}

/** A call by name. */
export function callNamed(schema: string | undefined, name: string, args: readonly Node[], walk: Walk): void {
  const made = schema === 'pg_catalog' ? [] : walk.schema.routines(schema, name);
  for (const routine of made) callRoutine(routine, walk);
  if (schema === undefined || schema === 'pg_catalog') callBuiltin(name, args, walk);
  else if (made.length === 0) walk.draft.runsAnything();
}
