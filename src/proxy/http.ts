/**
 * A reverse proxy in front of the watched service. Requests and responses stream through with their headers as they came;
 * every request is reported when it starts and when it is over.
 *
 * Each client connection has one connection to the service of its own. So the service sees as many connections as without
 * the proxy, an idle connection that the service closes is closed towards the client, and the race between closing and the
 * next request stays where it was: with the client, which knows whether it may retry.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6 (forwarding) and RFC 9112 (framing)
 */
import http from 'node:http';
import type net from 'node:net';
import { READ_BUFFER_BYTES } from './channel.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { HttpExchange } from './http-exchange.ts';
import { type HttpEnd, type HttpSession, MAX_HEAD_BYTES, type OnRequest } from './http-session.ts';
import { Tunnel } from './http-tunnel.ts';
import { type Listener, listen } from './listener.ts';
import type { Clock } from './observer.ts';
import { STOP_GRACE_MS } from './relay.ts';

/** Answered by the proxy itself; never forwarded, never reported. */
export const HEALTH_PATH = '/__whystale/health';

/** How often a stopping proxy looks whether its requests are over, ms. */
const STOP_POLL_MS = 10;

export interface HttpProxyOptions {
  readonly listen: Endpoint;
  readonly target: Endpoint;
  readonly clock: Clock;
  readonly onRequest: OnRequest;
  /** Says a degradation; called once per code. */
  readonly degrade?: (code: string, text: string) => void;
  /** Name of a header that carries the request's id to the service; absent: nothing is added. */
  readonly idHeader?: string;
}

export interface HttpProxy {
  readonly endpoint: Endpoint;
  figures(): { readonly requests: number; readonly open: number };
  /** Stops accepting, lets requests end for `graceMs`, then breaks them off. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts the proxy.
 *
 * @throws WhystaleError as `listen`. */
export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const proxy = new RunningHttpProxy(options);
  await proxy.start();
  return proxy;
}

class RunningHttpProxy implements HttpProxy {
  private readonly options: HttpProxyOptions;
  private readonly sessions = new WeakMap<net.Socket, HttpSession>();
  private readonly servers: http.Server[] = [];
  private readonly tunnels = new Set<Tunnel>();
  private listener: Listener | null = null;
  private sessionCount = 0;
  private requests = 0;
  private open = 0;
  private failed = false;

  constructor(options: HttpProxyOptions) {
    this.options = options;
  }

  get endpoint(): Endpoint {
    return this.listener?.endpoint ?? this.options.listen;
  }

  async start(): Promise<void> {
    this.listener = await listen(this.options.listen, () => this.makeServer());
  }

  figures(): { readonly requests: number; readonly open: number } {
    return { requests: this.requests, open: this.open };
  }

  async stop(graceMs: number = STOP_GRACE_MS): Promise<void> {
    await this.listener?.close();
    const end = Date.now() + graceMs;
    while (this.open > 0 && Date.now() < end) {
      for (const server of this.servers) server.closeIdleConnections();
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS));
    }
    for (const tunnel of this.tunnels) tunnel.abort();
    for (const server of this.servers) server.closeAllConnections();
  }

  private makeServer(): http.Server {
    const server = http.createServer({
      maxHeaderSize: MAX_HEAD_BYTES,
      highWaterMark: READ_BUFFER_BYTES,
      requireHostHeader: false,
      noDelay: true,
      // Every time limit is the service's own.
      requestTimeout: 0,
      headersTimeout: 0,
      keepAliveTimeout: 0,
    });
    const forward = (request: http.IncomingMessage, response: http.ServerResponse) =>
      this.forward(request, response);
    server.on('request', forward);
    server.on('checkContinue', forward);
    server.on('checkExpectation', forward);
    server.on('upgrade', (request, socket, head) =>
      this.upgrade(server, request, socket as net.Socket, head),
    );
    this.servers.push(server);
    return server;
  }

  private forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (pathOf(request) === HEALTH_PATH) {
      answerHealth(response, this.options.target, this.requests);
      return;
    }
    const session = this.sessionOf(request.socket);
    const { id, ended } = this.report(request, session);
    const { target, clock, idHeader } = this.options;
    const added = idHeader === undefined ? [] : [idHeader, String(id)];
    new HttpExchange({ session, request, response, target, clock, added, ended }).start();
  }

  private upgrade(
    server: http.Server,
    request: http.IncomingMessage,
    client: net.Socket,
    head: Buffer,
  ): void {
    const session = this.sessionOf(client);
    const { target, clock } = this.options;
    if (Tunnel.declines(request)) {
      Tunnel.reinject(server, request, client, head);
      return;
    }
    const { ended } = this.report(request, session);
    const tunnel = new Tunnel(request, client, head, clock, ended);
    this.tunnels.add(tunnel);
    tunnel.start(target, () => this.tunnels.delete(tunnel));
  }

  private sessionOf(client: net.Socket): HttpSession {
    let session = this.sessions.get(client);
    if (!session) {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
      session = { name: `http:${++this.sessionCount}`, client, agent, active: 0 };
      this.sessions.set(client, session);
      client.once('close', () => agent.destroy());
    }
    return session;
  }

  /** Reports the start; the returned `ended` reports the end once. */
  private report(request: http.IncomingMessage, session: HttpSession) {
    const id = ++this.requests;
    this.open++;
    session.active++;
    let tell: ((end: HttpEnd) => void) | undefined;
    this.guarded(() => {
      const start = { id, session: session.name, method: request.method ?? '', path: pathOf(request) };
      tell = this.options.onRequest({ ...start, invoke: this.options.clock() });
    });
    let over = false;
    const ended = (end: HttpEnd) => {
      if (over) return;
      over = true;
      this.open--;
      session.active--;
      this.guarded(() => tell?.(end));
    };
    return { id, ended };
  }

  private guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      if (this.failed) return;
      this.failed = true;
      this.options.degrade?.('observer-failed', `A request could not be reported (${String(error)}).`);
    }
  }
}

/** Path of a request as sent, without the query. */
function pathOf(request: http.IncomingMessage): string {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function answerHealth(response: http.ServerResponse, target: Endpoint, requests: number): void {
  const body = JSON.stringify({ status: 'ok', target: formatEndpoint(target), requests });
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
}
