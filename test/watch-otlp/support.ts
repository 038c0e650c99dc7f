/** A receiver under test, and requests to it. */
import http from 'node:http';
import { afterEach } from 'vitest';
import type { Operation, TraceSpan } from '../../src/core/operation.ts';
import type { ObserveContext } from '../../src/observe/context.ts';
import { createDigester } from '../../src/observe/payload/index.ts';
import { Sequencer } from '../../src/observe/sequencer.ts';
import { type Otlp, startOtlp } from '../../src/watch/otlp.ts';

export interface Received {
  readonly otlp: Otlp;
  readonly spans: readonly TraceSpan[];
  /** What was said, code and text. */
  readonly said: ReadonlyMap<string, string>;
  /** The history's clock: how fast it runs, and ns that are added to it. */
  readonly time: { speed: number; more: number };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Receivers and servers that end with the test. */
export function withReceivers() {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const receiver = async (
    env: NodeJS.ProcessEnv = {},
    listen: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
  ): Promise<Received> => {
    const operations: Operation[] = [];
    const said = new Map<string, string>();
    const digest = createDigester(new Uint8Array(16));
    const degrade = (code: string, text: string) => void (said.has(code) || said.set(code, text));
    const context: ObserveContext = {
      digest,
      degrade,
      sink: new Sequencer(digest, (op) => operations.push(op), degrade),
    };
    const begin = performance.now();
    const time = { speed: 1, more: 0 };
    const clock = () => Math.round((performance.now() - begin) * 1e6 * time.speed) + time.more;
    const otlp = await startOtlp({ listen, env, context, clock, wall: () => Date.now() });
    ends.push(() => otlp.stop());
    return { otlp, spans: operations as TraceSpan[], said, time };
  };
  /** A collector that answers with a status and keeps what it got. */
  const collector = async (status = 200, delayMs = 0) => {
    const got: { path: string; headers: http.IncomingHttpHeaders; body: Buffer }[] = [];
    const server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        got.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
        setTimeout(() => response.writeHead(status).end('{}'), delayMs);
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    ends.push(async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    });
    return { got, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
  };
  return { receiver, collector, ends };
}

export function post(
  url: string,
  body: Uint8Array,
  headers: http.OutgoingHttpHeaders = {},
  options: http.RequestOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

export const JSON_TYPE = { 'content-type': 'application/json' };
export const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };
