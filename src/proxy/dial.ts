/**
 * Opens the connection to a store: TCP or Unix socket, then TLS where wanted. Failures are coded errors that say what to
 * do, because the client only sees its connection close.
 */
import { once } from 'node:events';
import type net from 'node:net';
import { WhystaleError } from '../errors.ts';
import { type Channel, connectChannel, wrapChannel } from './channel.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { startTls, type TlsPolicy } from './tls.ts';

/** Longest time that connecting to a store, TLS included, may take. */
export const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects in plain.
 *
 * @throws WhystaleError WSE305 when the store cannot be reached within `CONNECT_TIMEOUT_MS`.
 */
export async function dialPlain(target: Endpoint, signal: AbortSignal): Promise<Channel> {
  const channel = connectChannel(target);
  await within(channel.socket, 'connect', target, signal);
  return channel;
}

/**
 * Connects, with TLS from the first byte where a policy is given (Redis, `rediss://`).
 *
 * @throws WhystaleError WSE305 when the store cannot be reached, WSE308 when TLS fails.
 */
export async function dialStore(
  target: Endpoint,
  tls: TlsPolicy | null,
  signal: AbortSignal,
): Promise<Channel> {
  const plain = await dialPlain(target, signal);
  if (!tls) return plain;
  return upgrade(plain, target, tls, signal);
}

/** Starts TLS over a connected channel that nothing has been read from.
 *
 * @throws WhystaleError WSE308. */
export async function upgrade(
  plain: Channel,
  target: Endpoint,
  tls: TlsPolicy,
  signal: AbortSignal,
): Promise<Channel> {
  const socket = startTls(plain.socket, target, tls);
  await within(socket, 'secureConnect', target, signal);
  return wrapChannel(socket);
}

/** Waits for one event of a socket, and destroys the socket when it does not come. */
async function within(
  socket: net.Socket,
  event: 'connect' | 'secureConnect',
  target: Endpoint,
  signal: AbortSignal,
): Promise<void> {
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`));
  }, CONNECT_TIMEOUT_MS);
  try {
    await once(socket, event, { signal });
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw event === 'connect' ? unreachable(target, error) : tlsFailed(target, error);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(target: Endpoint, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE305',
    what: `The store at ${formatEndpoint(target)} cannot be reached (${reason(cause)}).`,
    expected: `A server that accepts connections at ${formatEndpoint(target)}.`,
    retry: 'safe',
    next: 'Start the server or correct its address; whystale doctor shows what is reachable.',
    exitCode: 4,
    cause,
  });
}

function tlsFailed(target: Endpoint, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE308',
    what: `TLS with the store at ${formatEndpoint(target)} failed (${reason(cause)}).`,
    expected: 'A TLS server whose certificate the URL’s settings accept.',
    retry: 'after-fix',
    next:
      'Name the right certificate authority in the URL (PostgreSQL: sslrootcert=FILE; Redis: ssl_ca_certs=FILE), ' +
      'or ask for less (PostgreSQL: sslmode=require; Redis: ssl_cert_reqs=none).',
    exitCode: 4,
    cause,
  });
}

/** The shortest name of what went wrong: a system error's code, else the message. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return 'stopped';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
