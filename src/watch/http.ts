/**
 * The HTTP side of watching: `--http LISTEN=TARGET`, a reverse proxy that numbers and reports each request, and on demand
 * writes it to a log, annotates its response, or lets one through at a time.
 */

import type { SharedResponse } from '../core/operation.ts';
import { WhystaleError } from '../errors.ts';
import { type Endpoint, formatEndpoint, parseListenAddress } from '../proxy/endpoint.ts';
import { type HttpProxy, startHttpProxy } from '../proxy/http.ts';
import { RequestQueue } from '../proxy/http-queue.ts';
import type { HttpEnd, HttpStart, RequestWatcher } from '../proxy/http-session.ts';
import type { Capture } from './capture.ts';
import { BODY_LIMITS, type Encoding, readableBody, unpackBody } from './http-body.ts';
import { StoreFigures } from './http-figures.ts';
import type { Flight } from './http-flights.ts';
import { annotated } from './http-headers.ts';
import { RequestLog } from './http-log.ts';
import { LogFile } from './http-log-file.ts';
import { sharedResponse } from './http-sharing.ts';

export interface HttpRoute {
  readonly listen: Endpoint;
  readonly target: Endpoint;
}

export interface StartedHttp {
  readonly shown: readonly { readonly listen: string; readonly target: string }[];
  stop(): Promise<void>;
}

/** Reads `8000=http://127.0.0.1:8001`, `127.0.0.1:8000=8001`.
 *
 * @throws WhystaleError WSE472 */
export function parseHttpRoute(text: string): HttpRoute {
  const cut = text.indexOf('=');
  const target = text
    .slice(cut + 1)
    .replace(/^http:\/\//i, '')
    .replace(/\/+$/, '');
  if (cut <= 0 || target === '' || /[/?#]|^https:/i.test(target)) throw badRoute(text);
  try {
    const listen = parseListenAddress(text.slice(0, cut));
    return { listen, target: parseListenAddress(target) };
  } catch {
    throw badRoute(text);
  }
}

function badRoute(text: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE472',
    what: `--http ${text} is not understood.`,
    expected: 'LISTEN=TARGET: where clients connect, and where the service listens.',
    retry: 'after-fix',
    next: 'Write for example --http 8000=http://127.0.0.1:8001',
    exitCode: 2,
  });
}

export interface HttpOptions {
  readonly capture: Capture;
  readonly serialize: boolean;
  readonly annotate: boolean;
  readonly log: RequestLog | null;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** Starts the proxies; all or none. */
export async function startHttp(routes: readonly HttpRoute[], options: HttpOptions): Promise<StartedHttp> {
  const { clock, context } = options.capture;
  const queue = options.serialize ? new RequestQueue({ degrade: context.degrade }) : undefined;
  const { degrade } = context;
  const onRequest = (start: HttpStart) => watchRequest(start, options);
  const proxies: HttpProxy[] = [];
  const stop = async () => {
    await Promise.allSettled(proxies.splice(0).map((proxy) => proxy.stop()));
  };
  try {
    for (const [i, route] of routes.entries()) {
      const prefix = i === 0 ? 'http' : `http-${i + 1}`;
      proxies.push(await startHttpProxy({ ...route, clock, degrade, onRequest, prefix, queue }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const shown = proxies.map((proxy, i) => ({
    listen: formatEndpoint(proxy.endpoint),
    target: formatEndpoint(routes[i]!.target),
  }));
  return { shown, stop };
}

export interface OpenLog {
  readonly log: RequestLog;
  /** Writes the lines that wait, and closes the file; safe to call again. */
  close(): Promise<void>;
}

/** Opens the request log.
 *
 * @throws WhystaleError WSE473 */
export async function openRequestLog(path: string, capture: Capture): Promise<OpenLog> {
  const file = await LogFile.open(path, (text) => capture.context.degrade('request-log', text));
  const log = new RequestLog({
    append: (line) => file.append(line),
    waiting: () => capture.waiting,
    routeOf: (operation) => capture.routeOf(operation),
    written: (flight) => capture.flights.release(flight),
    now: () => performance.now(),
  });
  let closed: Promise<void> | null = null;
  const close = () => {
    log.flush();
    return file.close();
  };
  return {
    log,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

/** Follows one request from its start to its end. */
function watchRequest(start: HttpStart, options: HttpOptions): RequestWatcher {
  const { capture, annotate, log, wall } = options;
  const { flights, clock } = capture;
  const flight = flights.begin(start.invoke, annotate || log !== null ? new StoreFigures() : null);
  const startedAt = wall();
  let shared: SharedResponse | null = null;
  let encoding: Encoding | null = null;
  return {
    head: (headers) => {
      shared = sharedResponse(start.method, start.credentials, headers);
      if (!annotate) return headers;
      const figures = flight.exact && capture.waiting === 0 ? flight.figures : null;
      return annotated(headers, { total: clock() - start.invoke, figures });
    },
    keep: (code, headers) => {
      encoding = readableBody(start.method, code, headers);
      if (encoding !== null && !capture.contents.copies.take()) encoding = null;
      return encoding === null ? 0 : BODY_LIMITS.bytes;
    },
    tunnelled: () => flights.tunnelled(clock()),
    end: (end) => {
      if (end.return === null) flights.abandon(flight, clock());
      else flights.end(flight, end.return);
      if (encoding !== null) capture.contents.copies.leave();
      const operation = record(start, end, { flight, shared, encoding, capture });
      const broken = end.failure === 'service' || end.failure === 'unreachable';
      if (log === null) flights.release(flight);
      else log.ended({ flight, operation, broken, startedAt });
    },
  };
}

interface Watched {
  readonly flight: Flight;
  readonly shared: SharedResponse | null;
  readonly encoding: Encoding | null;
  readonly capture: Capture;
}

function record(start: HttpStart, end: HttpEnd, { flight, shared, encoding, capture }: Watched) {
  const { session, method, path, invoke, trace, asked } = start;
  const body = encoding === null || end.body === undefined ? null : unpackBody(end.body, encoding);
  const operation = {
    session,
    method,
    path,
    invoke,
    // A client that went away leaves the outcome unknown; it is no error of the service.
    return: end.failure === 'client' ? null : end.return,
    status: end.return === null || end.failure === 'client' ? 'info' : end.failure === null ? 'ok' : 'fail',
    code: end.code,
    size: end.size,
    request: flight.request,
    ...(trace === null ? {} : { trace }),
    // Other statuses say little that is one user's, or are stored by other rules.
    ...(shared !== null && end.code !== null && end.code >= 200 && end.code < 300 ? { shared } : {}),
  } as const;
  return capture.request(operation, { asked, body });
}

/** Says of options that concern HTTP that nothing passes a proxy of ours. */
export function sayUnused(options: HttpFlags, notice: (text: string) => void): void {
  if (options.http.length > 0) return;
  const unused = [
    ...(options.serialize ? ['--serialize'] : []),
    ...(options.annotate ? ['--annotate'] : []),
    ...(options.log === null ? [] : ['--log']),
  ];
  if (unused.length === 0) return;
  notice(`Without --http no request is seen: ${unused.join(' and ')} will do nothing.`);
}

export interface HttpFlags {
  readonly http: readonly HttpRoute[];
  readonly serialize: boolean;
  readonly annotate: boolean;
  readonly log: string | null;
}
