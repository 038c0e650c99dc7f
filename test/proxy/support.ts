/** Servers, clients and byte streams for the proxy tests; everything is closed when the test ends. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../src/proxy/endpoint.ts';
import type { ConnectionObserverFactory } from '../../src/proxy/observer.ts';
import { type Relay, type RelayOptions, startRelay } from '../../src/proxy/relay.ts';
import type { TlsPolicy } from '../../src/proxy/tls.ts';

export type TcpEndpoint = { readonly host: string; readonly port: number };

export const clock = (): number => Math.round(performance.now() * 1e6);

export const unobserved: ConnectionObserverFactory = () => ({ client() {}, server() {}, end() {} });

export const free = { host: '127.0.0.1', port: 0 } as const;

export function tcp(endpoint: Endpoint): TcpEndpoint {
  if ('path' in endpoint) throw new Error('a TCP endpoint was expected');
  return endpoint;
}

/** A TCP server that gives every connection to `serve`. */
export async function startStore(
  serve: (socket: net.Socket) => void,
  options: net.ServerOpts = { allowHalfOpen: true },
): Promise<TcpEndpoint> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer(options, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: '127.0.0.1', port: (server.address() as net.AddressInfo).port };
}

export async function relayTo(
  target: Endpoint,
  options: Partial<Omit<RelayOptions, 'prefix'>> & { readonly tls?: TlsPolicy } = {},
): Promise<Relay> {
  const relay = await startRelay({
    prefix: 'redis',
    listen: free,
    target,
    clock,
    observe: unobserved,
    degrade: () => {},
    ...options,
  });
  onTestFinished(() => relay.stop(0));
  return relay;
}

export async function connect(
  endpoint: Endpoint,
  options: Partial<net.TcpNetConnectOpts> = {},
): Promise<net.Socket> {
  const { host, port } = tcp(endpoint);
  const socket = net.connect({ allowHalfOpen: true, ...options, host, port });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

export interface Summed {
  readonly bytes: number;
  readonly sha256: string;
}

/** Reads to the end; pauses now and then when `pause` says for how long (ms). Unlike `for await`, this leaves the sending
 * side open. */
export async function drain(socket: net.Socket, pause?: () => number): Promise<Summed> {
  const hash = createHash('sha256');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    hash.update(chunk);
    const ms = pause?.() ?? 0;
    if (ms === 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), ms);
  });
  await once(socket, 'end');
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads to the end, as text. */
export async function readText(socket: net.Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => parts.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(parts).toString();
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds` is true, looking again every few milliseconds. */
export async function until(holds: () => boolean, limitMs = 10_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await sleep(5);
  }
}

/** A small repeatable source of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
