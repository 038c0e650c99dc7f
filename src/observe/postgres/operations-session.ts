/** What one session has set up for its later statements: transaction, settings, prepared statements, cursors. */

import type { Value } from '../sql/bind.ts';
import type { IsolationLevel, StatementFacts } from '../sql/facts.ts';
import type { Shape } from '../sql/shape.ts';

/** Prepared statements and cursors remembered per session. */
export const MAX_NAMED = 1_000;

/** A statement that a later one runs by name. */
export interface NamedStatement {
  readonly shape: Shape;
  readonly facts: StatementFacts;
  /** The values it was opened with (cursors). */
  readonly values: readonly Value[];
}

/** A transaction block on this session. */
export interface OpenTransaction {
  /** As the history counts it. */
  readonly number: number;
  /** As the exchange counts it. */
  readonly exchange: number;
  implicit: boolean;
  isolation: IsolationLevel | undefined;
  failed: boolean;
  /** Schema changes in it become visible to others when it commits. */
  schemaChanged: boolean;
  /** Search path before SET LOCAL. */
  pathBefore: readonly string[] | undefined;
  /** The last statement, whose end ends an implicit transaction. */
  last: { readonly invoke: number; readonly return: number | null };
}

export interface SessionState {
  readonly name: string;
  transactions: number;
  open: OpenTransaction | null;
  /** Number the exchange gave to the transaction that ended last. */
  closed: number | null;
  defaultIsolation: IsolationLevel | undefined;
  /** Isolation that COMMIT AND CHAIN hands to the next transaction. */
  chained: IsolationLevel | undefined;
  searchPath: readonly string[] | undefined;
  readonly named: Map<string, NamedStatement>;
}

export function openSession(name: string): SessionState {
  return {
    name,
    transactions: 0,
    open: null,
    closed: null,
    defaultIsolation: undefined,
    chained: undefined,
    searchPath: undefined,
    named: new Map(),
  };
}

export function remember(session: SessionState, name: string, statement: NamedStatement): void {
  session.named.delete(name);
  session.named.set(name, statement);
  if (session.named.size > MAX_NAMED) session.named.delete(session.named.keys().next().value!);
}

/** Forgets one named statement, or all of a role (`*`). Keys carry the role as prefix. */
export function forget(session: SessionState, role: 'prepare' | 'declare', name: string): void {
  if (name !== '*') session.named.delete(`${role} ${name}`);
  else for (const key of [...session.named.keys()]) if (key.startsWith(`${role} `)) session.named.delete(key);
}
