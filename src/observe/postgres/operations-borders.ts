/**
 * Borders of transactions. A block's number in the history is our own count, so it is unique on its session whatever
 * the exchange calls it.
 *
 * Isolation is stated on `begin` when BEGIN or the session's default tells. SET TRANSACTION comes later: then a second
 * `begin` of the same transaction, before its first read, restates it.
 */
import type { SourceBorder } from '../../core/operation.ts';
import type { Unnumbered } from '../context.ts';
import type { IsolationLevel, StatementFacts } from '../sql/facts.ts';
import type { StatementExchange } from './exchange.ts';
import type { OpenTransaction, SessionState } from './operations-session.ts';

type Border = Unnumbered<SourceBorder>;

interface Stamps {
  readonly invoke: number;
  readonly return: number | null;
}

export function border(
  session: SessionState,
  kind: SourceBorder['kind'],
  transaction: OpenTransaction,
  stamps: Stamps,
): Border {
  const { isolation } = transaction;
  return {
    session: session.name,
    tier: 'source',
    kind,
    tx: transaction.number,
    invoke: stamps.invoke,
    return: stamps.return,
    status: stamps.return === null ? 'info' : 'ok',
    ...(isolation === undefined ? {} : { isolation }),
  };
}

function openTransaction(
  session: SessionState,
  exchange: StatementExchange,
  isolation?: IsolationLevel,
): OpenTransaction {
  const transaction: OpenTransaction = {
    number: ++session.transactions,
    exchange: exchange.tx ?? -1,
    implicit: exchange.implicit,
    isolation: isolation ?? session.chained ?? session.defaultIsolation,
    failed: false,
    schemaChanged: false,
    pathBefore: undefined,
    last: stampsOf(exchange),
  };
  session.chained = undefined;
  session.open = transaction;
  return transaction;
}

function closeTransaction(session: SessionState): void {
  const { open } = session;
  if (!open) return;
  if (open.pathBefore) session.searchPath = open.pathBefore.length === 0 ? undefined : open.pathBefore;
  session.closed = open.exchange;
  session.open = null;
}

/** Ends an open transaction that no COMMIT or ROLLBACK ended. */
function end(session: SessionState, open: OpenTransaction): Border[] {
  const ended = border(session, open.failed ? 'rollback' : 'commit', open, open.last);
  closeTransaction(session);
  if (open.implicit || open.failed) return [ended];
  // PREPARE TRANSACTION, or an end that was not seen: whether it commits is not known here.
  return [{ ...ended, return: null, status: 'info' }];
}

function stampsOf(exchange: StatementExchange): Stamps {
  return { invoke: exchange.invoke, return: exchange.return };
}

/** COMMIT and ROLLBACK, also when the statement's text was not seen. */
function isEnd(exchange: StatementExchange, facts: StatementFacts): boolean {
  if (facts.kind === 'commit' || facts.kind === 'rollback') return true;
  const tagged = exchange.tag === 'COMMIT' || exchange.tag === 'ROLLBACK';
  return tagged && facts.kind === 'other' && exchange.after === 'I';
}

/** The borders that stand before an exchange: the end of a transaction that it does not belong to, the begin of its own. */
export function bordersBefore(
  session: SessionState,
  exchange: StatementExchange,
  facts: StatementFacts,
): Border[] {
  const borders: Border[] = [];
  const { open } = session;
  if (open && exchange.tx !== open.exchange) borders.push(...end(session, open));
  if (exchange.tx === null || session.open) return borders;
  if (isEnd(exchange, facts) && session.closed === exchange.tx) return borders;
  const began = facts.kind === 'begin' && exchange.tag !== null;
  const transaction = openTransaction(session, exchange, began ? facts.modes?.isolation : undefined);
  borders.push(border(session, 'begin', transaction, stampsOf(exchange)));
  return borders;
}

/** The borders that stand after an exchange: the end that it states, or brings about by failing or being the last.
 * `closes`: it is the last statement of an implicit transaction. */
export function bordersAfter(
  session: SessionState,
  exchange: StatementExchange,
  facts: StatementFacts,
  closes: boolean,
): Border[] {
  const { open } = session;
  if (!open) return [];
  open.last = stampsOf(exchange);
  if (isEnd(exchange, facts)) return stated(session, open, exchange, facts);
  if (exchange.after === 'T') {
    // BEGIN in a text of several statements makes their implicit transaction a block; ROLLBACK TO revives a failed one.
    open.implicit = false;
    open.failed = false;
    return [];
  }
  if (exchange.sqlstate !== null) open.failed = true;
  const over = open.implicit ? closes || open.failed || exchange.return === null : exchange.after === 'I';
  return over ? end(session, open) : [];
}

/** COMMIT or ROLLBACK: the tag tells which of the two it was. */
function stated(
  session: SessionState,
  open: OpenTransaction,
  exchange: StatementExchange,
  facts: StatementFacts,
): Border[] {
  const unknown = exchange.return === null && exchange.sqlstate === null;
  const committed = unknown ? facts.kind === 'commit' : exchange.tag === 'COMMIT';
  const ended = border(session, committed ? 'commit' : 'rollback', open, stampsOf(exchange));
  const refused = exchange.sqlstate !== null && exchange.after !== 'I';
  if (refused) {
    // ROLLBACK TO an unknown savepoint and the like leave the block open, and failed.
    open.failed = true;
    return [];
  }
  if (facts.chain && exchange.after === 'T') session.chained = open.isolation;
  closeTransaction(session);
  return [ended];
}
