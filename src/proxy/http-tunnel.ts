/**
 * Connections that stop being HTTP/1.1: after an Upgrade (WebSocket…) bytes pass both ways as they are.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.8
 */
import type http from 'node:http';
import type net from 'node:net';
import { wrapChannel } from './channel.ts';
import { joinChannels } from './connection.ts';
import { dialPlain } from './dial.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import type { RequestWatcher } from './http-session.ts';
import type { Clock, ConnectionObserver } from './observer.ts';

/** Headers of the upgrade to HTTP/2 in clear text, which RFC 9113 section 3.1 withdrew. */
const H2C_HEADERS = new Set(['upgrade', 'http2-settings', 'connection']);

export class Tunnel {
  private readonly request: http.IncomingMessage;
  private readonly client: net.Socket;
  private readonly head: Buffer;
  private readonly clock: Clock;
  private readonly stopping = new AbortController();

  constructor(request: http.IncomingMessage, client: net.Socket, head: Buffer, clock: Clock) {
    this.request = request;
    this.client = client;
    this.head = head;
    this.clock = clock;
  }

  /** Whether the offer to switch is declined on the service's behalf: HTTP/2 in clear text would hide every later
   * request, and clients that offer it (Java's by default) go on in HTTP/1.1. */
  static declines(request: http.IncomingMessage): boolean {
    return /^\s*h2c\s*$/i.test(request.headers.upgrade ?? '');
  }

  /** Reads the same request again without its offer, as an ordinary one. */
  static reinject(
    server: http.Server,
    request: http.IncomingMessage,
    client: net.Socket,
    head: Buffer,
  ): void {
    const kept: string[] = [];
    for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
      const name = request.rawHeaders[at]!;
      if (!H2C_HEADERS.has(name.toLowerCase())) kept.push(name, request.rawHeaders[at + 1]!);
    }
    server.emit('connection', client);
    client.unshift(Buffer.concat([requestHead(request, kept), head]));
  }

  /** Connects to the service and joins the two until both end. */
  start(target: Endpoint, watcher: RequestWatcher, closed: () => void): void {
    const client = wrapChannel(this.client);
    const over = watcher.end;
    dialPlain(target, this.stopping.signal).then(
      (store) => {
        if (this.client.destroyed) {
          store.reset();
          over({ code: null, size: 0, return: null, failure: 'client' });
          closed();
          return;
        }
        const bytes = Buffer.concat([requestHead(this.request, this.request.rawHeaders), this.head]);
        joinChannels(client, store, this.observe(watcher), this.clock, { client: { bytes } }, closed);
      },
      () => {
        over({ code: null, size: 0, return: this.clock(), failure: 'unreachable' });
        const text = `whystale: the service at ${formatEndpoint(target)} cannot be reached.\n`;
        this.client.end(
          'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n' +
            `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
        );
        closed();
      },
    );
  }

  abort(): void {
    this.stopping.abort();
    this.client.destroy();
  }

  /** The request is over when its status has arrived; what follows is no longer HTTP. */
  private observe(watcher: RequestWatcher): ConnectionObserver {
    let first = '';
    return {
      client: () => watcher.tunnelled?.(),
      server: (chunk, at) => {
        if (first.length >= 12) return;
        first += Buffer.from(chunk.subarray(0, 12 - first.length)).toString('latin1');
        const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
        if (status) watcher.end({ code: Number(status), size: 0, return: at, failure: null });
      },
      end: () => watcher.end({ code: null, size: 0, return: null, failure: 'service' }),
    };
  }
}

/** The request's head as it came. */
function requestHead(request: http.IncomingMessage, headers: readonly string[]): Buffer {
  let head = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
  for (let at = 0; at + 1 < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return Buffer.from(`${head}\r\n`, 'latin1');
}
