/**
 * One HTTP request to an instance, on a connection of its own that is closed afterwards: no two requests of an exploration can
 * meet on one, and none is repeated by a client library. Redirects are not followed.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { RequestSpec } from '../scenario/contract.ts';
import type { Flight, Reply } from './contract.ts';

/** Largest response that is kept, bytes. */
export const RESPONSE_LIMIT = 16 * 1024 * 1024;

/** Where an instance answers. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SendOptions {
  readonly actor: string;
  readonly address: Address;
  /** Time for the whole answer, ms. */
  readonly limitMs: number;
  /** Called whenever something happens on the connection. */
  readonly moved: () => void;
}

/** A request on its way, with what only the world needs to know. */
export interface OpenFlight extends Flight {
  /** Whether its last byte has been handed to the kernel, or never will be. */
  readonly sent: boolean;
  readonly ended: Promise<Reply>;
  /** Ends it as broken. */
  cut(reason: string): void;
}

/** Sends a request. Never throws: what fails is a broken reply. */
export function sendRequest(request: RequestSpec, options: SendOptions): OpenFlight {
  const { actor, moved } = options;
  let reply: Reply | null = null;
  let sent = false;
  let settle: (reply: Reply) => void = () => undefined;
  const ended = new Promise<Reply>((resolve) => {
    settle = resolve;
  });
  const outgoing = begin(request, options.address);
  const timer = setTimeout(() => end(broken(`no answer within ${options.limitMs} ms`)), options.limitMs);
  function end(how: Reply): void {
    if (reply !== null) return;
    clearTimeout(timer);
    reply = how;
    sent = true;
    moved();
    outgoing.destroy();
    settle(how);
  }
  outgoing.on('socket', (socket) => {
    socket.setNoDelay(true);
    socket.once('connect', moved);
  });
  outgoing.once('finish', () => {
    sent = true;
    moved();
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => end(broken(error.code ?? error.message)));
  outgoing.once('close', () => end(broken('the connection ended without an answer')));
  outgoing.once('response', (incoming) => collect(incoming, moved, end));
  outgoing.end(request.body ?? undefined);
  return {
    actor,
    request,
    get reply() {
      return reply;
    },
    get sent() {
      return sent;
    },
    ended,
    cut: (reason) => end(broken(reason)),
  };
}

function broken(reason: string): Reply {
  return { kind: 'broken', reason };
}

function begin({ method, path, headers, body }: RequestSpec, address: Address): ClientRequest {
  const length = body === null || 'content-length' in headers || 'transfer-encoding' in headers;
  return httpRequest({
    ...address,
    method,
    path,
    headers: length ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    agent: false,
  });
}

function collect(incoming: IncomingMessage, moved: () => void, end: (reply: Reply) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  moved();
  incoming.on('data', (chunk: Buffer) => {
    moved();
    size += chunk.length;
    if (size > RESPONSE_LIMIT) end(broken(`a response of more than ${RESPONSE_LIMIT} bytes`));
    else chunks.push(chunk);
  });
  incoming.once('end', () => {
    const response = { status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
    end(incoming.complete ? { kind: 'response', response } : broken('the response was cut off'));
  });
  incoming.once('error', (error: NodeJS.ErrnoException) => end(broken(error.code ?? error.message)));
}
