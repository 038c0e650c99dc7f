/**
 * Listening sockets: loopback by name on both families, free ports, coded errors, a graceful stop.
 */
import { once } from 'node:events';
import type net from 'node:net';
import { WhystaleError } from '../errors.ts';
import { type Endpoint, formatEndpoint, LOOPBACK } from './endpoint.ts';

/** Connections the kernel queues before they are accepted. */
const BACKLOG = 511;

/** How often a free port is tried again when it turns out to be taken on the other address family. */
const FREE_PORT_ATTEMPTS = 8;

/** One listening endpoint, possibly over several sockets. */
export interface Listener {
  /** The address in force, with the port that was given. For `localhost` the host is the IPv4 loopback. */
  readonly endpoint: Endpoint;
  /** Stops accepting; connections that are open stay. */
  close(): Promise<void>;
}

/** Makes the server of one listening socket. */
export type ServerFactory = () => net.Server;

/**
 * Listens. `localhost` means 127.0.0.1 and, where the machine has it, ::1 on the same port, so that a client reaches the
 * proxy whichever family it resolves the name to.
 *
 * @throws WhystaleError WSE301 when the port is in use, WSE302 when the address is not this machine's, WSE303 when the
 * port is not allowed.
 */
export async function listen(endpoint: Endpoint, makeServer: ServerFactory): Promise<Listener> {
  if ('path' in endpoint || endpoint.host.toLowerCase() !== 'localhost') {
    const server = await bind(endpoint, makeServer);
    return { endpoint: addressOf(server, endpoint), close: () => closeAll([server]) };
  }
  for (let attempt = 1; ; attempt++) {
    const server = await bind({ host: LOOPBACK, port: endpoint.port }, makeServer);
    const bound = addressOf(server, endpoint) as { host: string; port: number };
    try {
      const second = await bindIfFamilyExists({ host: '::1', port: bound.port }, makeServer);
      return { endpoint: bound, close: () => closeAll(second ? [server, second] : [server]) };
    } catch (error) {
      await closeAll([server]);
      if (endpoint.port !== 0 || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

async function bindIfFamilyExists(endpoint: Endpoint, makeServer: ServerFactory): Promise<net.Server | null> {
  try {
    return await bind(endpoint, makeServer);
  } catch (error) {
    if (error instanceof WhystaleError && error.facts.code === 'WSE302') return null;
    throw error;
  }
}

async function bind(endpoint: Endpoint, makeServer: ServerFactory): Promise<net.Server> {
  const server = makeServer();
  const ready = once(server, 'listening');
  if ('path' in endpoint) server.listen({ path: endpoint.path, backlog: BACKLOG });
  else server.listen({ host: endpoint.host, port: endpoint.port, backlog: BACKLOG });
  try {
    await ready;
  } catch (error) {
    throw listenError(endpoint, error);
  }
  // Running out of file descriptors must not end the process that runs the service.
  server.on('error', () => {});
  return server;
}

function addressOf(server: net.Server, asked: Endpoint): Endpoint {
  const address = server.address();
  if (address === null || typeof address === 'string') return asked;
  return { host: address.address, port: address.port };
}

async function closeAll(servers: readonly net.Server[]): Promise<void> {
  // `close` reports only once the last connection ended; no longer accepting is all that is waited for here.
  for (const server of servers) server.close();
}

function listenError(endpoint: Endpoint, cause: unknown): WhystaleError {
  const code = (cause as { code?: string }).code;
  const where = formatEndpoint(endpoint);
  const facts = {
    EADDRINUSE: {
      code: 'WSE301',
      what: `Another process already listens on ${where}.`,
      expected: 'A free port.',
      next: 'Choose another port, or 0 for any free one; ss -ltnp shows who holds it.',
    },
    EACCES: {
      code: 'WSE303',
      what: `Listening on ${where} is not permitted.`,
      expected: 'A port above 1023, or the right to use a lower one.',
      next: 'Choose a higher port, or 0 for any free one.',
    },
  }[code ?? ''] ?? {
    code: 'WSE302',
    what: `Listening on ${where} failed (${code ?? String(cause)}).`,
    expected: 'An address of this machine.',
    next: 'Use 127.0.0.1, [::1], localhost or another address of this machine.',
  };
  return new WhystaleError({ ...facts, retry: 'after-fix', exitCode: 2, cause });
}
