/**
 * The HTTP side of the OTLP receiver: routes, encodings, bounds, answers. What spans mean is for whom they are handed to.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import http from 'node:http';
import type net from 'node:net';
import { type Encoding, encodeAccepted, encodeFailure } from '../observe/otlp/index.ts';
import type { Endpoint } from '../proxy/endpoint.ts';
import { type Listener, listen } from '../proxy/listener.ts';
import { type BodyFailure, HeldBytes, readBody, unpack } from './otlp-body.ts';
import { TRACES_PATH } from './otlp-environment.ts';

/** Signals that are accepted, so that exporters do not complain, and not looked at. */
const IGNORED_PATHS: ReadonlySet<string> = new Set(['/v1/metrics', '/v1/logs', '/v1development/profiles']);
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'application/x-protobuf': 'protobuf',
  'application/protobuf': 'protobuf',
  'application/json': 'json',
};
const MAX_CONNECTIONS = 256;
/** Longer than exporters pause between two exports, so that a connection is not closed under the next one, ms. */
const KEEP_ALIVE_MS = 120_000;
/** How long a client that sends too much is asked to wait, s. */
const RETRY_AFTER_S = 1;
/** With these bytes HTTP/2 begins (RFC 9113 section 3.4), and gRPC with it. */
const HTTP2_PREFACE = 'PRI * HTTP/2.0';

/** What became of the spans of a body. */
export type Taken =
  | { readonly taken: true; readonly rejected: number; readonly reason: string }
  | { readonly taken: false; readonly status: 400 | 429; readonly message: string };

export interface OtlpHandlers {
  /** Takes the spans of an unpacked body. Must not throw. */
  traces(body: Uint8Array, encoding: Encoding): Taken;
  /** Given every body of every signal as it came, once it was answered; not those that are to be sent again. */
  received(path: string, headers: http.IncomingHttpHeaders, body: Buffer): void;
  /** A client spoke gRPC. */
  grpc(): void;
}

export class OtlpServer {
  /** Requests under way. */
  open = 0;
  /** When the last request began or ended, by `performance.now`. */
  lastActive = 0;
  readonly #handlers: OtlpHandlers;
  readonly #held = new HeldBytes();
  readonly #servers: http.Server[] = [];
  #listener: Listener | null = null;

  constructor(handlers: OtlpHandlers) {
    this.#handlers = handlers;
  }

  /** @throws WhystaleError as `listen` */
  async start(endpoint: Endpoint): Promise<Endpoint> {
    this.#listener = await listen(endpoint, () => this.#makeServer());
    return this.#listener.endpoint;
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    for (const server of this.#servers) server.closeAllConnections();
  }

  #makeServer(): http.Server {
    const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true });
    server.maxConnections = MAX_CONNECTIONS;
    server.on('request', (request, response) => void this.#serve(request, response));
    server.on('clientError', (error: Error & { rawPacket?: Buffer }, socket: net.Socket) => {
      if (error.rawPacket?.toString('latin1').startsWith(HTTP2_PREFACE)) this.#handlers.grpc();
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      else socket.destroy();
    });
    this.#servers.push(server);
    return server;
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.open++;
    this.lastActive = performance.now();
    try {
      await this.#answer(request, response);
    } catch {
      // Nothing that a client sends may end the process that runs the service.
      response.destroy();
    } finally {
      this.open--;
      this.lastActive = performance.now();
    }
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] as string;
    const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
    const encoding = ENCODINGS[type];
    const reply = new Reply(response, encoding === undefined ? 'application/json' : type, encoding ?? 'json');
    if (path !== TRACES_PATH && !IGNORED_PATHS.has(path)) return refuse(request, reply, 404, NOT_FOUND);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return refuse(request, reply, 405, 'Use POST.');
    }
    if (encoding === undefined) {
      if (type.startsWith('application/grpc')) this.#handlers.grpc();
      return refuse(
        request,
        reply,
        415,
        `The content type must be one of ${Object.keys(ENCODINGS).join(', ')}.`,
      );
    }
    const body = await readBody(request, this.#held);
    if (body === null) return;
    if (!Buffer.isBuffer(body)) return reply.failure(body.status, body.message);
    try {
      if (path !== TRACES_PATH) reply.accepted(0, '');
      else await this.#traces(body, request.headers['content-encoding'], encoding, reply);
      // What is to be sent again is passed on when it comes again.
      if (response.statusCode !== 429) this.#handlers.received(path, request.headers, body);
    } finally {
      this.#held.release(body.length);
    }
  }

  async #traces(
    body: Buffer,
    contentEncoding: string | undefined,
    encoding: Encoding,
    reply: Reply,
  ): Promise<void> {
    const plain: Buffer | BodyFailure = await unpack(body, contentEncoding);
    if (!Buffer.isBuffer(plain)) return reply.failure(plain.status, plain.message);
    const taken = this.#handlers.traces(plain, encoding);
    if (taken.taken) reply.accepted(taken.rejected, taken.reason);
    else reply.failure(taken.status, taken.message);
  }
}

const NOT_FOUND = `Spans are received on ${TRACES_PATH}.`;

/** Refuses a request whose body is of no interest; the body is read past, so that the connection stays usable. */
function refuse(request: http.IncomingMessage, reply: Reply, status: number, message: string): void {
  request.resume();
  reply.failure(status, message);
}

/** An answer in the encoding of its request. */
class Reply {
  readonly #response: http.ServerResponse;
  readonly #type: string;
  readonly #encoding: Encoding;

  constructor(response: http.ServerResponse, type: string, encoding: Encoding) {
    this.#response = response;
    this.#type = type;
    this.#encoding = encoding;
  }

  accepted(rejected: number, reason: string): void {
    this.#send(200, encodeAccepted(this.#encoding, rejected, reason));
  }

  failure(status: number, message: string): void {
    if (status === 429) this.#response.setHeader('retry-after', String(RETRY_AFTER_S));
    this.#send(status, encodeFailure(this.#encoding, message));
  }

  #send(status: number, body: Uint8Array): void {
    this.#response.writeHead(status, { 'content-type': this.#type, 'content-length': body.length }).end(body);
  }
}
