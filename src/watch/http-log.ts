/**
 * The request log: one JSON line per request, with response time, error, cache status and database calls. A line is written
 * a moment after the request's end, so that operations told late are in it.
 */
import type { HttpRequest } from '../core/operation.ts';
import type { CacheStatus } from './http-figures.ts';
import type { Flight } from './http-flights.ts';

export const LOG_LIMITS = {
  /** From the end of a request to its line, ms. */
  settleMs: 250,
  /** How much longer a line waits while operations wait for the database catalog, ms. */
  lateMs: 4_000,
  /** Requests that wait for their line; beyond, the oldest is written at once. Fewer than the flights remembered. */
  waiting: 4_096,
} as const;

/** One line. The figures of the stores are null when it is not certain which operations were the request's. */
export interface RequestLine {
  /** Start of the request, ISO 8601 by this machine's clock. */
  readonly time: string;
  readonly request: number;
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly status: number | null;
  /** null when no whole response arrived. */
  readonly responseMs: number | null;
  readonly error: boolean;
  readonly cacheStatus: CacheStatus | 'unknown';
  readonly hits: number | null;
  readonly misses: number | null;
  readonly databaseCalls: number | null;
  readonly duplicateCalls: number | null;
  readonly attribution: 'exact' | 'none';
  /** Bytes of the response's body. */
  readonly bytes: number;
}

/** A request that is over. */
export interface EndedRequest {
  readonly flight: Flight;
  readonly operation: HttpRequest;
  /** The service could not be reached or broke off. */
  readonly broken: boolean;
  /** Wall clock at its start, ms since the epoch. */
  readonly startedAt: number;
}

export interface RequestLogParts {
  readonly append: (line: string) => void;
  /** Operations that are still to come, though they have returned. */
  readonly waiting: () => number;
  readonly routeOf: (operation: HttpRequest) => string;
  /** Called once a request's line was written. */
  readonly written: (flight: Flight) => void;
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
}

interface Due {
  readonly ended: EndedRequest;
  readonly at: number;
}

export class RequestLog {
  readonly #parts: RequestLogParts;
  #due: Due[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: RequestLogParts) {
    this.#parts = parts;
  }

  /** Takes a request that is over. */
  ended(ended: EndedRequest): void {
    this.#due.push({ ended, at: this.#parts.now() + LOG_LIMITS.settleMs });
    if (this.#due.length > LOG_LIMITS.waiting) this.#write(this.#due.shift()!);
    this.#arm();
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const due of this.#due.splice(0)) this.#write(due);
  }

  #arm(): void {
    const [first] = this.#due;
    if (first === undefined || this.#timer !== null) return;
    const wait = Math.max(first.at - this.#parts.now(), LOG_LIMITS.settleMs / 10);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#writeDue();
      this.#arm();
    }, wait);
    this.#timer.unref();
  }

  #writeDue(): void {
    const now = this.#parts.now();
    const latest = this.#parts.waiting() > 0 ? now - LOG_LIMITS.lateMs : now;
    const ready = this.#due.findIndex(({ at }) => at > latest);
    for (const due of this.#due.splice(0, ready < 0 ? this.#due.length : ready)) this.#write(due);
  }

  #write({ ended }: Due): void {
    const known = this.#parts.waiting() === 0 && ended.flight.exact && !ended.broken;
    this.#parts.append(JSON.stringify(lineOf(ended, known, this.#parts.routeOf(ended.operation))));
    this.#parts.written(ended.flight);
  }
}

function lineOf(ended: EndedRequest, known: boolean, route: string): RequestLine {
  const { flight, operation, startedAt, broken } = ended;
  const { method, path, code, size } = operation;
  const figures = known ? flight.figures : null;
  const response = operation.return === null ? null : (operation.return - operation.invoke) / 1e6;
  return {
    time: new Date(startedAt).toISOString(),
    request: flight.request,
    method,
    path,
    route,
    status: code,
    responseMs: response === null ? null : Math.round(response * 1e3) / 1e3,
    error: broken || (code ?? 0) >= 500,
    cacheStatus: figures?.cacheStatus ?? 'unknown',
    hits: figures?.hits ?? null,
    misses: figures?.misses ?? null,
    databaseCalls: figures?.databaseCalls ?? null,
    duplicateCalls: figures?.duplicateCalls ?? null,
    attribution: figures === null ? 'none' : 'exact',
    bytes: size,
  };
}
