/** Whether a service that was started is ready: its request is answered, or, where none is named, somebody accepts connections. */
import { connect } from 'node:net';
import type { RequestSpec } from '../scenario/contract.ts';
import { type Address, sendRequest } from './request.ts';

/** A name for this machine may mean either; services listen on one of them or both. */
export const HOSTS = ['127.0.0.1', '::1'] as const;

/** The service's port was taken by another process in between. */
export const PORT_TAKEN = /EADDRINUSE|address already in use|Only one usage of each socket address/i;

/** @param request with the texts of this process; null: none is named. @param actor named in what went wrong. */
export async function isReady(
  request: RequestSpec | null,
  address: Address,
  actor: string,
  limitMs: number,
): Promise<boolean> {
  if (request === null) return accepts(address, limitMs);
  const reply = await sendRequest(request, { actor, address, limitMs, moved: () => undefined }).ended;
  return reply.kind === 'response' && reply.response.status >= 200 && reply.response.status < 400;
}

/** Whether somebody accepts connections there. */
function accepts({ host, port }: Address, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(limitMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
