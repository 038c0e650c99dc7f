/**
 * Server spans and requests. Where the proxy saw a request, its span names the route: same trace, else same method and path
 * within the same time. A server span that the proxy did not see is a request of its own.
 */
import { append } from '../multimap.ts';
import type { HttpRequest, TraceSpan } from '../operation.ts';
import { type Allowed, CLOCK, type ClockError } from './clock.ts';
import { type Pairing, pair } from './pairing.ts';
import type { RequestRecord, Requests } from './requests.ts';
import type { Spans } from './spans.ts';
import { bracedRoute } from './told-routes.ts';
import { MARGIN, unlikely, usual } from './usual.ts';

/** How much longer than its response a request's server span may last; ns. */
const LINGER = CLOCK.most;

/** Requests that may be a server span's at most. */
const MAX_FITTING = 64;

/** Server spans with their requests. */
export interface ServerRequests {
  /** Spans of nested services have their outermost server span's. */
  readonly attached: ReadonlyMap<TraceSpan, RequestRecord>;
  /** Spans whose request may as well be another. */
  readonly unclear: ReadonlySet<TraceSpan>;
}

/** Topmost server span above a span that is known, or the span itself. */
export function topServer(spans: Spans, server: TraceSpan): TraceSpan {
  let top = server;
  for (let at = spans.parentOf(server), depth = 0; at !== undefined && depth < 128; depth++) {
    if (at.role === 'server') top = at;
    at = spans.parentOf(at);
  }
  return top;
}

/** What requests with the same trace allow of the clocks, by service. */
export function allowedByTraces(spans: Spans, seen: readonly RequestRecord[]): Map<string | null, Allowed[]> {
  const byTrace = requestsByTrace(seen);
  const allowed = new Map<string | null, Allowed[]>();
  for (const span of spans.servers) {
    const requests = byTrace.get(span.trace);
    if (requests?.length !== 1 || span.return === null || topServer(spans, span) !== span) continue;
    const { request, end } = requests[0]!;
    const least = span.return - end - LINGER;
    const most = span.invoke - request.invoke;
    if (least > most) continue;
    const list = allowed.get(span.service);
    if (list === undefined) allowed.set(span.service, [[least, most]]);
    else if (list.length < CLOCK.voters) list.push([least, most]);
  }
  return allowed;
}

function requestsByTrace(seen: readonly RequestRecord[]): ReadonlyMap<string, readonly RequestRecord[]> {
  const byTrace = new Map<string, RequestRecord[]>();
  for (const record of seen) {
    const { trace } = record.request;
    if (trace === undefined) continue;
    append(byTrace, trace, record);
  }
  return byTrace;
}

type ClockOf = (service: string | null) => ClockError;

/** Finds the request of every server span, tells routes, and adds requests that only spans tell of. */
export function attachServers(spans: Spans, requests: Requests, clockOf: ClockOf): ServerRequests {
  const seen = requests.records.filter(({ span }) => !span);
  const proxied = requests.proxied;
  const tops = proxied ? spans.servers.filter((span) => topServer(spans, span) === span) : spans.servers;
  for (const span of spans.servers)
    if (span.route !== undefined) requests.told.add(methodOf(span), span.route);
  const attached = new Map<TraceSpan, RequestRecord>();
  const fitting = proxied ? fittingRequests(tops, seen, requests, clockOf) : tops.map(() => []);
  const { paired, unclear } = pairServers(tops, seen, fitting, clockOf);
  const doubtful = new Set([...unclear].map((i) => tops[i]!));
  const own: RequestRecord[] = [];
  const since = seen[0]?.request.invoke ?? Number.NEGATIVE_INFINITY;
  for (const [i, span] of tops.entries()) {
    const record = seen[paired[i]!] ?? null;
    if (record !== null) attached.set(span, record);
    else if (fitting[i]!.length === 0 && span.return !== null) {
      const made = requestOf(span, clockOf(span.service));
      if (made.request.invoke < since) continue;
      own.push(made);
      attached.set(span, made);
    }
  }
  requests.replaceSpans(own);
  for (const [span, record] of attached)
    if (span.route !== undefined)
      requests.tell(record, `${record.request.method} ${bracedRoute(span.route)}`);
  if (proxied) {
    for (const span of spans.servers) {
      const top = topServer(spans, span);
      const record = attached.get(top);
      if (record !== undefined) attached.set(span, record);
      if (doubtful.has(top)) doubtful.add(span);
    }
  }
  return { attached, unclear: doubtful };
}

function methodOf(span: TraceSpan): string {
  return span.method ?? 'GET';
}

function requestOf(span: TraceSpan, { offset, tolerance }: ClockError): RequestRecord {
  const request: HttpRequest = {
    id: span.id,
    session: span.session,
    tier: 'http',
    kind: 'request',
    invoke: Math.round(span.invoke - offset),
    return: Math.round(span.return! - offset),
    status: span.status,
    method: methodOf(span),
    path: span.path ?? span.route ?? span.name,
    code: span.code ?? null,
    size: 0,
    trace: span.trace,
  };
  return { request, end: request.return!, span: true, slack: tolerance, told: null };
}

function fittingRequests(
  tops: readonly TraceSpan[],
  seen: readonly RequestRecord[],
  requests: Requests,
  clockOf: ClockOf,
): number[][] {
  const byTrace = requestsByTrace(seen);
  const place = new Map(seen.map((record, i) => [record, i]));
  const longest = seen.reduce((most, { request, end }) => Math.max(most, end - request.invoke), 0);
  return tops.map((span) => {
    if (span.return === null) return [];
    const { offset, tolerance } = clockOf(span.service);
    const begin = span.invoke - offset + tolerance;
    const end = span.return - offset - tolerance - LINGER;
    const holds = ({ request, end: over }: RequestRecord) => request.invoke <= begin && over >= end;
    const same = byTrace.get(span.trace);
    if (same !== undefined)
      return same.filter((one) => holds(one) && isLike(span, one, requests)).map((one) => place.get(one)!);
    const found: number[] = [];
    for (let i = firstFrom(seen, begin - longest); i < seen.length && found.length < MAX_FITTING; i++) {
      const record = seen[i]!;
      if (record.request.invoke > begin) break;
      if (record.request.trace === undefined && holds(record) && isLike(span, record, requests))
        found.push(i);
    }
    return found;
  });
}

const MASKED = '…h:';

/** Whether method and path agree, as far as the span tells them. */
function isLike(span: TraceSpan, { request }: RequestRecord, requests: Requests): boolean {
  if (span.method !== undefined && span.method !== request.method) return false;
  if (span.path === request.path) return true;
  // What is masked may be masked otherwise.
  if (span.path !== undefined && !span.path.includes(MASKED) && !request.path.includes(MASKED)) return false;
  if (span.route === undefined) return true;
  return requests.told.fits(request.method, bracedRoute(span.route), request.path);
}

function firstFrom(seen: readonly RequestRecord[], moment: number): number {
  let low = 0;
  let high = seen.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (seen[middle]!.request.invoke < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function pairServers(
  tops: readonly TraceSpan[],
  seen: readonly RequestRecord[],
  fitting: readonly number[][],
  clockOf: ClockOf,
): Pairing {
  const lead = (at: number, target: number) =>
    tops[at]!.invoke - clockOf(tops[at]!.service).offset - seen[target]!.request.invoke;
  const lag = (at: number, target: number) =>
    seen[target]!.end - (tops[at]!.return! - clockOf(tops[at]!.service).offset);
  const alone = fitting.flatMap((targets, at) => (targets.length === 1 ? [[at, targets[0]!] as const] : []));
  const leads = usual(alone.map(([at, target]) => lead(at, target)));
  const lags = usual(alone.map(([at, target]) => lag(at, target)));
  const both = usual(alone.map(([at, target]) => lead(at, target) + lag(at, target)));
  return pair({
    fitting,
    targets: seen.length,
    margin: MARGIN,
    inOrder: () => null,
    // A span begins with its request and ends with its response.
    cost: (at, target) =>
      unlikely(lead(at, target), leads) +
      unlikely(lag(at, target), lags) +
      unlikely(lead(at, target) + lag(at, target), both),
  });
}
