/** Statements about the session: transactions, settings, and what is named now and run later. */
import type { DefElem, Node, TransactionStmt, VariableSetStmt } from 'libpg-query';
import {
  type IsolationLevel,
  plainFacts,
  type SettingFacts,
  type StatementFacts,
  type StatementKind,
  type TransactionModes,
  type ValueRef,
} from './facts.ts';
import { valueRef } from './values.ts';

/** A level as written on the wire. READ UNCOMMITTED is READ COMMITTED in PostgreSQL. */
export function isolationLevel(text: string): IsolationLevel | null {
  switch (text.trim().toLowerCase().replaceAll(/\s+/g, ' ')) {
    case 'read uncommitted':
    case 'read committed':
      return 'read committed';
    case 'repeatable read':
      return 'repeatable read';
    case 'serializable':
      return 'serializable';
    default:
      return null;
  }
}

function elements(nodes: readonly Node[] | undefined): DefElem[] {
  return (nodes ?? []).flatMap((node) => ('DefElem' in node ? [node.DefElem] : []));
}

function modesOf(options: readonly Node[] | undefined): TransactionModes {
  let modes: TransactionModes = {};
  for (const { defname, arg } of elements(options)) {
    const constant = arg && 'A_Const' in arg ? arg.A_Const : undefined;
    if (defname === 'transaction_isolation') {
      const isolation = isolationLevel(constant?.sval?.sval ?? '');
      if (isolation) modes = { ...modes, isolation };
    } else if (defname === 'transaction_read_only') {
      modes = { ...modes, readOnly: (constant?.ival?.ival ?? 0) !== 0 };
    }
  }
  return modes;
}

const TRANSACTION_KINDS: Readonly<Record<string, StatementKind>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'savepoint',
  TRANS_STMT_ROLLBACK_TO: 'savepoint',
};

/** BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their like. Two-phase commit is `other`: its outcome is another session's. */
export function transactionFacts(statement: TransactionStmt): StatementFacts {
  const kind = TRANSACTION_KINDS[statement.kind ?? ''] ?? 'other';
  return plainFacts(kind, {
    trivial: true,
    ...(kind === 'begin' ? { modes: modesOf(statement.options) } : {}),
    ...(statement.chain ? { chain: true } : {}),
  });
}

function setting(
  name: string,
  scope: SettingFacts['scope'],
  values: readonly ValueRef[] = [],
): StatementFacts {
  return plainFacts('set', { trivial: true, setting: { name: name.toLowerCase(), scope, values } });
}

/** SET, RESET, SET TRANSACTION, SET SESSION CHARACTERISTICS. */
export function settingFacts(statement: VariableSetStmt, constantsKnown: boolean): StatementFacts {
  const scope = statement.is_local ? 'transaction' : 'session';
  switch (statement.kind) {
    case 'VAR_RESET_ALL':
      return setting('*', 'session');
    case 'VAR_SET_MULTI': {
      const modes = modesOf(statement.args);
      const session = statement.name === 'SESSION CHARACTERISTICS';
      const values = modes.isolation ? [{ constant: modes.isolation }] : [];
      const name = session ? 'default_transaction_isolation' : 'transaction_isolation';
      if (values.length === 0) return plainFacts('set', { trivial: true, modes });
      return { ...setting(name, session ? 'session' : 'transaction', values), modes };
    }
    case 'VAR_SET_VALUE': {
      const values = (statement.args ?? []).map((arg) => valueRef(arg, constantsKnown));
      const known = values.filter((value): value is ValueRef => value !== null);
      const transaction = statement.name?.toLowerCase() === 'transaction_isolation';
      return setting(statement.name ?? '', transaction ? 'transaction' : scope, known);
    }
    default:
      return setting(statement.name ?? '', scope);
  }
}
