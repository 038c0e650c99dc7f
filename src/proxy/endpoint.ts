/**
 * Where a socket listens or a store is reached. Unix-domain sockets are written as their path.
 */
import { WhystaleError } from '../errors.ts';

/** A TCP address or a Unix-domain socket. An IPv6 host carries no brackets. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** Host that a listen address without a host means: nothing outside this machine may reach a proxy by default. */
export const LOOPBACK = '127.0.0.1';

const HIGHEST_PORT = 65_535;

/** The endpoint as it is written in URLs and messages: `127.0.0.1:6379`, `[::1]:6379`, `/run/redis.sock`. */
export function formatEndpoint(endpoint: Endpoint): string {
  if ('path' in endpoint) return endpoint.path;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}

/**
 * Reads a listen address: `6380`, `:6380`, `127.0.0.1:6380`, `[::1]:6380`, `localhost:6380`, `*:6380` (every address) or
 * the path of a Unix-domain socket. Port 0 means a free port. A missing host means loopback.
 *
 * @throws WhystaleError WSE304 when the text is none of these.
 */
export function parseListenAddress(text: string): Endpoint {
  const trimmed = text.trim();
  if (trimmed.startsWith('/') || trimmed.startsWith('./')) return { path: trimmed };
  const parts = /^(?:(?:\[([0-9a-fA-F:.%]+)\]|([^:\s]*)):)?(\d{1,5})$/.exec(trimmed);
  const port = Number(parts?.[3] ?? Number.NaN);
  if (!parts || !(port <= HIGHEST_PORT)) throw malformedAddress(text);
  const host = parts[1] ?? parts[2] ?? '';
  return { host: host === '' ? LOOPBACK : host === '*' ? '::' : host, port };
}

/** Whether only this machine can reach the endpoint. */
export function isLoopback(endpoint: Endpoint): boolean {
  if ('path' in endpoint) return true;
  const host = endpoint.host.toLowerCase();
  return host === 'localhost' || host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.');
}

function malformedAddress(text: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE304',
    what: `The listen address ${JSON.stringify(text)} cannot be read.`,
    expected: 'A port, HOST:PORT, [IPv6]:PORT or the path of a Unix socket, for example 127.0.0.1:6380.',
    retry: 'after-fix',
    next: 'Correct the address. Port 0 takes any free port.',
    exitCode: 2,
  });
}
