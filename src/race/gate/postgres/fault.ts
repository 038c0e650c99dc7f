/**
 * An error reply in place of an answer. The server must believe in it too: inside a transaction the statement leaves the
 * transaction failed, and in a pipeline everything up to the next Sync is passed over. So the unit is replaced by one that
 * fails for certain and touches nothing, and the server's error by the one that was asked for.
 */
import { concat, encodeFrontend } from '../../../wire/postgres/index.ts';

export interface PostgresFault {
  /** SQLSTATE. */
  readonly code: string;
  readonly text: string;
}

/** As when `statement_timeout` strikes, which may happen to every statement: drivers report it as that statement's error and keep
 * the connection, and few retry it by themselves. */
export const POSTGRES_FAULT: PostgresFault = {
  code: '57014',
  text: 'canceling statement due to statement timeout',
};

/** No portal has this name. Executing it leaves prepared statements, and the portals of others, as they are. */
const MISSING_PORTAL = 'whystale has no such portal';

const execute = encodeFrontend.execute(MISSING_PORTAL);

/** By how the unit ended. */
export const FAILING: Readonly<Record<'sync' | 'flush', Uint8Array>> = {
  sync: concat([execute, encodeFrontend.sync()]),
  flush: concat([execute, encodeFrontend.flush()]),
};

export const ROLLBACK: Uint8Array = encodeFrontend.query('ROLLBACK');
