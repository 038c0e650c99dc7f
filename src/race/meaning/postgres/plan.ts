/** What one statement is: rows, a border of a transaction, a setting, something that is named now and run later. */
import type { CopyStmt, DefElem, Node, TransactionStmt, TruncateStmt, VariableSetStmt } from 'libpg-query';
import { settingFacts, transactionFacts } from '../../../observe/sql/control.ts';
import type { IsolationLevel } from '../../../observe/sql/facts.ts';
import { pgTable } from '../../explore/footprint.ts';
import { LISTENS, PUSHES } from '../pushes.ts';
import { followBody } from './bodies.ts';
import { callFunction } from './calls.ts';
import { anyWrite, write } from './consequences.ts';
import { Draft } from './draft.ts';
import { readRelation, resolve, visit } from './reading.ts';
import type { Schema } from './schema.ts';
import type { ParameterValues } from './values.ts';
import type { Walk } from './walk.ts';
import { lockWhole, truncate, writeAnything } from './writing.ts';

export interface Border {
  readonly what: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare';
  readonly chain: boolean;
  readonly isolation: IsolationLevel | null;
  /** Of a savepoint. */
  readonly name: string;
}

export interface Setting {
  /** Lower case; `*` for all. */
  readonly name: string;
  readonly local: boolean;
  /** Empty: back to the default. */
  readonly values: readonly string[];
}

export interface DataPlan {
  readonly kind: 'data';
  readonly verb: string;
  readonly draft: Draft;
  /** Takes the snapshot of a transaction that has one. */
  readonly snapshot: boolean;
}

export type Plan =
  | DataPlan
  | { readonly kind: 'border'; readonly verb: string; readonly border: Border }
  | { readonly kind: 'setting'; readonly verb: string; readonly setting: Setting }
  | {
      readonly kind: 'named';
      readonly verb: string;
      readonly role: 'prepare' | 'execute' | 'deallocate' | 'declare' | 'fetch' | 'close';
      /** `*` for all. */
      readonly name: string;
      readonly query: Node | null;
      readonly args: readonly Node[];
    }
  | { readonly kind: 'discard'; readonly verb: string; readonly all: boolean };

export interface PlanContext {
  readonly schema: Schema;
  readonly path: readonly string[];
  readonly parameters: ParameterValues;
}

function openWalk(context: PlanContext, draft: Draft): Walk {
  return { ...context, draft, ctes: new Set(), locking: null, behind: false, depth: 0 };
}

const BORDERS: Readonly<Record<string, Border['what']>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback-to',
  TRANS_STMT_PREPARE: 'prepare',
};

const VERBS: Readonly<Record<Border['what'], string>> = {
  begin: 'BEGIN',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  savepoint: 'SAVEPOINT',
  release: 'RELEASE',
  'rollback-to': 'ROLLBACK TO',
  prepare: 'PREPARE TRANSACTION',
};

function border(statement: TransactionStmt): Plan {
  const what = BORDERS[statement.kind ?? ''];
  // COMMIT PREPARED and ROLLBACK PREPARED end what another session began.
  if (what === undefined) return opaque('COMMIT PREPARED');
  const { modes } = transactionFacts(statement);
  const name = statement.savepoint_name ?? '';
  const chain = statement.chain === true;
  return {
    kind: 'border',
    verb: VERBS[what],
    border: { what, chain, isolation: modes?.isolation ?? null, name },
  };
}

function setting(statement: VariableSetStmt): Plan {
  const { setting: facts } = settingFacts(statement, true);
  if (facts === undefined)
    return { kind: 'setting', verb: 'SET', setting: { name: '', local: true, values: [] } };
  const values = facts.values.flatMap((value) => ('constant' in value ? (value.constant ?? []) : []));
  return {
    kind: 'setting',
    verb: 'SET',
    setting: { name: facts.name, local: facts.scope === 'transaction', values },
  };
}

/** Statements about the schema that do not wait for those who only read: they make what nobody reads yet. */
const MAKES =
  /^CREATE (?:TABLE|TEMP|TEMPORARY|UNLOGGED|INDEX|UNIQUE|SEQUENCE|TYPE|DOMAIN|EXTENSION|SCHEMA|FUNCTION|TRIGGER|VIEW)$/;
const ALTERS = /^(?:CREATE|ALTER|DROP|REFRESH|REINDEX|CLUSTER|VACUUM|COMMENT|DO|CALL|EXECUTE|FETCH)\b/;

/** A statement that may do anything. */
export function opaque(verb: string): DataPlan {
  const draft = new Draft();
  draft.opaque = true;
  draft.exclusive = ALTERS.test(verb) && !MAKES.test(verb);
  draft.mayFail = true;
  return { kind: 'data', verb, draft, snapshot: true };
}

function data(verb: string, context: PlanContext, follow: (walk: Walk) => void, snapshot = true): Plan {
  const draft = new Draft();
  const walk = openWalk(context, draft);
  try {
    follow(walk);
  } catch {
    // Nested too deeply for the stack.
    draft.opaque = true;
  }
  return { kind: 'data', verb, draft, snapshot };
}

function truncateAll(statement: TruncateStmt, walk: Walk): void {
  // RESTART IDENTITY rewinds sequences by whatever column owns them.
  if (statement.restart_seqs) walk.draft.opaque = true;
  for (const node of statement.relations ?? []) {
    const found = 'RangeVar' in node ? resolve(node.RangeVar, walk) : null;
    if (found === null || typeof found !== 'object') walk.draft.opaque = true;
    else {
      truncate(found, statement.behavior === 'DROP_CASCADE', walk);
      walk.draft.touched.push({ name: found.name, where: '' });
    }
  }
}

function copy({ query, relation, is_from: from }: CopyStmt, walk: Walk): void {
  if (query) visit(query, walk);
  if (relation === undefined) return;
  const found = resolve(relation, walk);
  if (found === null) walk.draft.opaque = true;
  if (found === null || typeof found !== 'object') return;
  walk.draft.touched.push({ name: found.name, where: '' });
  if (!from) readRelation(found, null, walk);
  else if (found.kind === 'table') {
    write(anyWrite(found.family, 'insert'), walk);
    for (const { sequence } of found.columns) if (sequence !== null) walk.draft.now.write(pgTable(sequence));
    writeAnything(found, walk);
  } else writeAnything(found, walk);
}

function elements(nodes: readonly Node[] | undefined): DefElem[] {
  return (nodes ?? []).flatMap((node) => ('DefElem' in node ? [node.DefElem] : []));
}

/** LOCK TABLE in the mode against which readers wait. */
const ACCESS_EXCLUSIVE = 8;

function lock(nodes: readonly Node[] | undefined, mode: number, walk: Walk): void {
  for (const node of nodes ?? []) {
    const found = 'RangeVar' in node ? resolve(node.RangeVar, walk) : null;
    if (found === null || typeof found !== 'object' || found.kind !== 'table') walk.draft.opaque = true;
    else {
      lockWhole(found.family, mode >= ACCESS_EXCLUSIVE, walk);
      walk.draft.touched.push({ name: found.name, where: '' });
    }
  }
}

function block(args: readonly Node[] | undefined, walk: Walk): void {
  const given = elements(args);
  const text = (name: string): string | undefined => {
    const arg = given.find((one) => one.defname === name)?.arg;
    return arg !== undefined && 'String' in arg ? arg.String.sval : undefined;
  };
  const language = text('language') ?? 'plpgsql';
  const body = text('as');
  if (language !== 'plpgsql' || body === undefined) walk.draft.runsAnything();
  else followBody(body, { ...walk, behind: true });
}

const VERBS_OF_DATA: Readonly<Record<string, string>> = {
  SelectStmt: 'SELECT',
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
};

function named(node: Node): Plan | null {
  const plan = (
    role: Extract<Plan, { kind: 'named' }>['role'],
    name: string | undefined,
    query: Node | null = null,
    args: readonly Node[] = [],
  ): Plan => ({ kind: 'named', verb: role.toUpperCase(), role, name: name ?? '*', query, args });
  if ('PrepareStmt' in node) return plan('prepare', node.PrepareStmt.name, node.PrepareStmt.query ?? null);
  if ('ExecuteStmt' in node) return plan('execute', node.ExecuteStmt.name, null, node.ExecuteStmt.params);
  if ('DeallocateStmt' in node) return plan('deallocate', node.DeallocateStmt.name);
  if ('DeclareCursorStmt' in node)
    return plan('declare', node.DeclareCursorStmt.portalname, node.DeclareCursorStmt.query ?? null);
  if ('FetchStmt' in node) return plan('fetch', node.FetchStmt.portalname);
  if ('ClosePortalStmt' in node) return plan('close', node.ClosePortalStmt.portalname);
  return null;
}

function signalling(node: Node, context: PlanContext): Plan | null {
  if ('ListenStmt' in node || 'UnlistenStmt' in node) {
    if ('ListenStmt' in node) return data('LISTEN', context, ({ draft }) => draft.now.add([LISTENS]), false);
    const unlisten = ({ draft }: Walk): void => {
      draft.frees.add(PUSHES);
    };
    return data('UNLISTEN', context, unlisten, false);
  }
  if (!('NotifyStmt' in node)) return null;
  const notify = ({ draft }: Walk): void => {
    draft.pushes = true;
  };
  return data(`NOTIFY ${node.NotifyStmt.conditionname ?? ''}`, context, notify, false);
}

function tables(node: Node, context: PlanContext): Plan | null {
  if ('TruncateStmt' in node)
    return data('TRUNCATE', context, (walk) => truncateAll(node.TruncateStmt, walk));
  if ('CopyStmt' in node) return data('COPY', context, (walk) => copy(node.CopyStmt, walk));
  if ('LockStmt' in node) {
    const { relations, mode } = node.LockStmt;
    return data('LOCK', context, (walk) => lock(relations, mode ?? ACCESS_EXCLUSIVE, walk), false);
  }
  if ('CallStmt' in node) {
    const call = node.CallStmt.funccall;
    return call === undefined
      ? opaque('CALL')
      : data('CALL', context, (walk) => {
          callFunction(call, walk);
          visit(call.args, walk);
        });
  }
  if ('DoStmt' in node) return data('DO', context, (walk) => block(node.DoStmt.args, walk));
  if (!('ExplainStmt' in node)) return null;
  const { options, query } = node.ExplainStmt;
  const runs = elements(options).some((one) => one.defname === 'analyze');
  return data('EXPLAIN', context, (walk) => {
    if (runs) visit(query, walk);
  });
}

/** The first words of a text in upper case: a name for statements that have no better one. */
export function firstWords(text: string, count = 2): string {
  return (text.match(/^\s*(?:[A-Za-z_]+\s*)+/)?.[0] ?? 'SQL')
    .trim()
    .split(/\s+/)
    .slice(0, count)
    .join(' ')
    .toUpperCase();
}

/** Plans a statement. */
export function planOf(node: Node, text: string, context: PlanContext): Plan {
  if ('TransactionStmt' in node) return border(node.TransactionStmt);
  if ('VariableSetStmt' in node) return setting(node.VariableSetStmt);
  if ('DiscardStmt' in node) {
    return { kind: 'discard', verb: 'DISCARD', all: node.DiscardStmt.target === 'DISCARD_ALL' };
  }
  if ('VariableShowStmt' in node) return data('SHOW', context, () => undefined, false);
  if ('ConstraintsSetStmt' in node && node.ConstraintsSetStmt.deferred)
    return data('SET CONSTRAINTS', context, () => undefined, false);
  if ('SelectStmt' in node && node.SelectStmt.intoClause) return opaque('SELECT INTO');
  const verb = VERBS_OF_DATA[Object.keys(node)[0] ?? ''];
  if (verb !== undefined) return data(verb, context, (walk) => visit(node, walk));
  return named(node) ?? signalling(node, context) ?? tables(node, context) ?? opaque(firstWords(text));
}
