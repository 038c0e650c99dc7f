/** One request through the reverse proxy and its response back, both streamed, with headers in their order and spelling. */
import http from 'node:http';
import { reason } from './dial.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import { type HttpEnd, type HttpSession, MAX_HEAD_BYTES, type RawHeaders } from './http-session.ts';
import type { Clock } from './observer.ts';

export interface ExchangeParts {
  readonly session: HttpSession;
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly target: Endpoint;
  readonly clock: Clock;
  /** Headers added to the request: name, value, name, value… */
  readonly added: RawHeaders;
  /** What is to pass of the response's headers. */
  readonly head: (headers: RawHeaders) => RawHeaders;
  /** Up to how many bytes of the response's body a copy is wanted. */
  readonly keep: (code: number, headers: RawHeaders) => number;
  readonly ended: (end: HttpEnd) => void;
}

/** Failures of connecting, as opposed to failures of a connection. */
const UNREACHABLE = /^(ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EACCES)$/;

export class HttpExchange {
  private readonly parts: ExchangeParts;
  private size = 0;
  private code: number | null = null;
  /** The body so far, while it is to be kept. */
  private copy: Buffer[] | null = null;
  private upstream: http.ClientRequest | null = null;

  constructor(parts: ExchangeParts) {
    this.parts = parts;
  }

  start(): void {
    const { request, response, session } = this.parts;
    let upstream: http.ClientRequest;
    try {
      upstream = this.open();
      this.upstream = upstream;
    } catch (error) {
      this.refuse(error, 400);
      return;
    }
    upstream.on('response', (answer) => this.answer(answer));
    upstream.on('continue', () => response.writeContinue());
    upstream.on('information', (info) => passInformation(response, info));
    upstream.on('error', (error) => this.broken(error));
    // What the service no longer wants must still be read, or the connection could not go on.
    upstream.on('close', () => request.resume());
    response.on('close', () => {
      if (!response.writableFinished) this.abandon();
    });
    session.gone.add(this.abandon);
    request.on('error', () => upstream.destroy());
    request.on('end', () => addTrailers(upstream, request.rawTrailers));
    request.pipe(upstream);
    flushSoon(upstream);
  }

  /** Opens the request to the service; its headers may be refused by Node's own checks.
   *
   * @throws TypeError on characters that HTTP does not allow. */
  private open(): http.ClientRequest {
    const { request, session, target, added } = this.parts;
    const address = 'path' in target ? { socketPath: target.path } : { host: target.host, port: target.port };
    const upstream = http.request({
      ...address,
      agent: session.agent,
      method: request.method,
      path: request.url,
      setHost: false,
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    // Nothing that the client did not send: removed here, so that Node does not add them.
    for (const name of ['connection', 'content-length', 'transfer-encoding']) upstream.removeHeader(name);
    for (const [name, values] of grouped([...request.rawHeaders, ...added])) {
      upstream.setHeader(name, values.length === 1 ? values[0]! : values);
    }
    // Only HTTP/1.0 knows requests without a host, and they go on as HTTP/1.1.
    if (isOld(request) && !request.headers.host) upstream.setHeader('Host', formatEndpoint(target));
    upstream.once('socket', (socket) => closeTogether(session, socket));
    return upstream;
  }

  /** The client went away. */
  private readonly abandon = (): void => {
    this.end('client');
    this.upstream?.destroy();
  };

  private answer(answer: http.IncomingMessage): void {
    const { request, response } = this.parts;
    this.code = answer.statusCode ?? null;
    const headers = isOld(request) ? without(answer.rawHeaders, 'transfer-encoding') : answer.rawHeaders;
    for (const name of ['connection', 'transfer-encoding', 'date']) response.removeHeader(name);
    const framed = has(headers, 'content-length') || has(headers, 'transfer-encoding');
    // A body that ends with the connection ends it towards the client too.
    if (!framed && mayHaveBody(request, answer)) response.shouldKeepAlive = false;
    try {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, [...this.parts.head(headers)]);
    } catch (error) {
      answer.destroy();
      this.refuse(error, 502);
      return;
    }
    const most = this.parts.keep(answer.statusCode ?? 502, answer.rawHeaders);
    if (most > 0) this.copy = [];
    answer.on('data', (chunk: Buffer) => {
      this.size += chunk.length;
      if (this.size > most) this.copy = null;
      else this.copy?.push(chunk);
    });
    answer.on('end', () => addTrailers(response, answer.rawTrailers));
    answer.on('error', () => {
      this.end('service');
      response.destroy();
    });
    answer.pipe(response);
    // Told after the pipe's own listener: the last byte has gone on by then.
    answer.on('end', () => this.end(null));
    flushSoon(response);
  }

  /** The service could not be reached, or its connection broke before the response. */
  private broken(error: NodeJS.ErrnoException): void {
    const { response, request } = this.parts;
    if (response.headersSent) {
      if (!response.writableEnded) response.destroy();
      return;
    }
    if (UNREACHABLE.test(error.code ?? '') || error instanceof AggregateError) {
      this.refuse(error, 502);
      return;
    }
    // As without the proxy: a connection that broke is broken for the client, who knows whether a retry is safe.
    this.end('service');
    request.socket.destroy();
  }

  private refuse(error: unknown, status: 400 | 502): void {
    const { request, response, target } = this.parts;
    this.end('unreachable');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const what =
      status === 502
        ? `whystale: the service at ${formatEndpoint(target)} cannot be reached (${reason(error)}).`
        : `whystale: the request cannot be forwarded (${reason(error)}).`;
    const next =
      status === 502 ? 'Is it running, and does it listen on this address?' : 'It is not valid HTTP.';
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    response.end(`${what}\n${next}\n`);
    request.resume();
  }

  private end(failure: HttpEnd['failure']): void {
    const { ended, clock, session } = this.parts;
    session.gone.delete(this.abandon);
    const whole = failure === null || failure === 'unreachable';
    const body = failure === null && this.copy !== null ? { body: Buffer.concat(this.copy) } : {};
    this.copy = null;
    ended({ code: this.code, size: this.size, return: whole ? clock() : null, failure, ...body });
  }
}

/** Connections to the service whose end is already watched. */
const joined = new WeakSet<object>();

/** Closes an idle client connection when the service closes its side. */
function closeTogether(session: HttpSession, socket: NodeJS.EventEmitter): void {
  if (joined.has(socket)) return;
  joined.add(socket);
  socket.once('close', () => {
    if (session.active === 0) session.client.end();
  });
}

function isOld(request: http.IncomingMessage): boolean {
  return request.httpVersionMajor === 1 && request.httpVersionMinor === 0;
}

/** Values of equal names together, in order of first appearance and first spelling. */
function grouped(raw: RawHeaders): Iterable<readonly [string, string[]]> {
  const groups = new Map<string, readonly [string, string[]]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!;
    const group = groups.get(name.toLowerCase());
    if (group) group[1].push(raw[at + 1]!);
    else groups.set(name.toLowerCase(), [name, [raw[at + 1]!]]);
  }
  return groups.values();
}

function has(raw: RawHeaders, name: string): boolean {
  return raw.some((text, at) => at % 2 === 0 && text.toLowerCase() === name);
}

function without(raw: RawHeaders, name: string): string[] {
  return raw.filter((_, at) => raw[at - (at % 2)]!.toLowerCase() !== name);
}

/** RFC 9112 section 6.3: responses that never have a body. */
function mayHaveBody(request: http.IncomingMessage, answer: http.IncomingMessage): boolean {
  const code = answer.statusCode ?? 0;
  return request.method !== 'HEAD' && code >= 200 && code !== 204 && code !== 304;
}

function addTrailers(message: http.OutgoingMessage, raw: readonly string[]): void {
  if (raw.length === 0) return;
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at]!, raw[at + 1]!]);
  try {
    message.addTrailers(pairs);
  } catch {
    // Characters that Node refuses to send; the body is whole without them.
  }
}

/** Sends the head even when no body follows at once (server-sent events, uploads that wait). */
function flushSoon(message: http.OutgoingMessage): void {
  setImmediate(() => {
    if (!message.destroyed && !message.writableEnded) message.flushHeaders();
  });
}

/** Passes an interim response (RFC 9110 section 15.2), for instance 103 Early Hints. */
function passInformation(response: http.ServerResponse, info: http.InformationEvent): void {
  // Without a socket the response waits behind another one.
  if (info.statusCode === 100 || response.headersSent || !response.socket) return;
  let head = `HTTP/1.1 ${info.statusCode} ${info.statusMessage}\r\n`;
  for (let at = 0; at + 1 < info.rawHeaders.length; at += 2) {
    head += `${info.rawHeaders[at]}: ${info.rawHeaders[at + 1]}\r\n`;
  }
  response.socket.write(`${head}\r\n`, 'latin1');
}
