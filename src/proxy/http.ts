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
import { askedOf } from './http-asked.ts';
import { credentialsOf } from './http-credentials.ts';
import { HttpExchange } from './http-exchange.ts';
import type { RequestQueue } from './http-queue.ts';
import {
  type HttpEnd,
  type HttpSession,
  MAX_HEAD_BYTES,
  type OnRequest,
  type RawHeaders,
  type RequestWatcher,
} from './http-session.ts';
import { traceOf } from './http-trace.ts';
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
  /** Name of the sessions; default `http`: `http:1`, `http:2`… */
  readonly prefix?: string;
  /** Lets one request at a time through, over all proxies that share it; absent: all at once. */
  readonly queue?: RequestQueue | undefined;
}

/** A request as it is reported: never throws, and tells its end once. */
interface Reported extends RequestWatcher {
  readonly id: number;
  readonly head: (headers: RawHeaders) => RawHeaders;
  readonly keep: (code: number, headers: RawHeaders) => number;
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
    this.inTurn(session, (leave) => {
      const { id, head, keep, end } = this.report(request, session, leave);
      const { target, clock, idHeader } = this.options;
      const added = idHeader === undefined ? [] : [idHeader, String(id)];
      const parts = { session, request, response, target, clock, added };
      new HttpExchange({ ...parts, head, keep, ended: end }).start();
    });
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
    const tunnel = new Tunnel(request, client, head, clock);
    this.tunnels.add(tunnel);
    client.once('close', () => this.tunnels.delete(tunnel));
    this.inTurn(session, (leave) =>
      tunnel.start(target, this.report(request, session, leave), () => this.tunnels.delete(tunnel)),
    );
  }

  /** Runs when it is the request's turn, unless its client has gone by then. */
  private inTurn(session: HttpSession, run: (leave: () => void) => void): void {
    const { queue } = this.options;
    session.active++;
    if (queue === undefined) {
      run(() => session.active--);
      return;
    }
    const leaveQueue = () => {
      if (cancel()) session.active--;
    };
    session.gone.add(leaveQueue);
    const cancel = queue.enter((leave) => {
      session.gone.delete(leaveQueue);
      const left = () => {
        session.active--;
        leave();
      };
      if (session.client.destroyed) left();
      else run(left);
    });
  }

  private sessionOf(client: net.Socket): HttpSession {
    let session = this.sessions.get(client);
    if (!session) {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
      const name = `${this.options.prefix ?? 'http'}:${++this.sessionCount}`;
      const made: HttpSession = { name, client, agent, active: 0, gone: new Set() };
      session = made;
      this.sessions.set(client, made);
      client.once('close', () => {
        for (const tell of [...made.gone]) tell();
        agent.destroy();
      });
    }
    return session;
  }

  /** Reports the start; what it gives reports the rest. `leave` is called once, after the end was reported. */
  private report(request: http.IncomingMessage, session: HttpSession, leave: () => void): Reported {
    const id = ++this.requests;
    this.open++;
    let watcher: RequestWatcher | undefined;
    this.guarded(() => {
      const { method = '', headers } = request;
      const credentials = credentialsOf(headers);
      const start = { id, session: session.name, method, path: pathOf(request), credentials };
      const asked = askedOf(request);
      const trace = traceOf(headers.traceparent);
      watcher = this.options.onRequest({ ...start, asked, trace, invoke: this.options.clock() });
    });
    let over = false;
    const end = (told: HttpEnd) => {
      if (over) return;
      over = true;
      this.open--;
      this.guarded(() => watcher?.end(told));
      leave();
    };
    const head = (headers: RawHeaders) => {
      let passed = headers;
      this.guarded(() => {
        passed = watcher?.head?.(headers) ?? headers;
      });
      return passed;
    };
    const keep = (code: number, headers: RawHeaders) => {
      let most = 0;
      this.guarded(() => {
        most = watcher?.keep?.(code, headers) ?? 0;
      });
      return most;
    };
    return { id, head, keep, end, tunnelled: () => this.guarded(() => watcher?.tunnelled?.()) };
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
