/** What a connection shows of the library behind it, as an operation of the history. */
import type { ClientSession } from '../core/operation.ts';

/** The operation, before it has its id. `at`: when it was noticed, ns. */
export function sessionOf(
  store: ClientSession['store'],
  session: string,
  signs: ClientSession['signs'],
  at: number,
): Omit<ClientSession, 'id'> {
  return { session, tier: 'client', kind: 'session', store, signs, invoke: at, return: at, status: 'ok' };
}
