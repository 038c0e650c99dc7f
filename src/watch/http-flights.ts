/**
 * Which proxied request a store operation belongs to, told while watching: requests are numbered, and an operation is given
 * a request's number exactly when that request was in flight from the operation's invocation to its return and no other one
 * at any moment in between. Only stamps decide, so it does not matter when an operation is told of.
 *
 * What this cannot see: work that a service does on its own account (timers) or after a response, while another request is
 * in flight.
 */
import type { CacheOperation, SourceOperation } from '../core/operation.ts';
import type { StoreFigures } from './http-figures.ts';

export const FLIGHT_LIMITS = {
  /** Ended requests that operations told late may still belong to. */
  ended: 8_192,
  /** How long a service may go on with a request whose client has gone, or whose connection it broke, ns. */
  abandonedNs: 10e9,
  /** How long a message through an upgraded connection may be worked on, ns. */
  tunnelledNs: 1e9,
} as const;

/** A request that was forwarded. */
export interface Flight {
  /** 1, 2, 3… over all proxies. */
  readonly request: number;
  readonly invoke: number;
  /** Infinity while in flight. */
  readonly end: number;
  /** Whether every operation of this request is known as such: no other request overlapped, and no read or statement that
   * began in it was still open when it ended. */
  readonly exact: boolean;
  /** Sums of its operations; null when nobody asks for them, or no longer. */
  readonly figures: StoreFigures | null;
}

type OpenFlight = { -readonly [K in keyof Flight]: Flight[K] };

export class Flights {
  #begun = 0;
  #open: OpenFlight[] = [];
  /** In order of their ends; once full, a ring whose oldest is at `#oldest`. */
  readonly #ended: OpenFlight[] = [];
  #oldest = 0;
  /** Operations invoked at or before this may belong to a request that is no longer known. */
  #forgotten = -1;
  /** While this lasts, work may be done for no request in flight. */
  #blurFrom = -1;
  #blurUntil = -1;

  /** A request is about to be forwarded. */
  begin(invoke: number, figures: StoreFigures | null): Flight {
    const open = this.#open;
    const alone = open.length === 0 && invoke > this.#blurUntil;
    // Of several in flight all but the first know already.
    if (open.length === 1) open[0]!.exact = false;
    const flight: OpenFlight = {
      request: ++this.#begun,
      invoke,
      end: Number.POSITIVE_INFINITY,
      exact: alone,
      figures,
    };
    open.push(flight);
    return flight;
  }

  /** Its response has arrived at `at`. */
  end(flight: Flight, at: number): void {
    const place = this.#open.indexOf(flight);
    if (place < 0) return;
    const [ended] = this.#open.splice(place, 1);
    ended!.end = at;
    if (this.#ended.length < FLIGHT_LIMITS.ended) {
      this.#ended.push(ended!);
      return;
    }
    this.#forgotten = Math.max(this.#forgotten, this.#ended[this.#oldest]!.end);
    this.#ended[this.#oldest] = ended!;
    this.#oldest = (this.#oldest + 1) % FLIGHT_LIMITS.ended;
  }

  /** It ended at `at` without a whole response: the service may still be at work on it. */
  abandon(flight: Flight, at: number): void {
    (flight as OpenFlight).exact = false;
    this.end(flight, at);
    this.#blur(at, at + FLIGHT_LIMITS.abandonedNs);
  }

  /** A message passed through an upgraded connection. */
  tunnelled(at: number): void {
    this.#blur(at, at + FLIGHT_LIMITS.tunnelledNs);
  }

  /** Nobody asks for the sums any more. */
  release(flight: Flight): void {
    (flight as OpenFlight).figures = null;
  }

  /** Writes the request's number on an operation that was just made, where it is certain, and adds it to the sums. */
  tag(op: CacheOperation | SourceOperation): void {
    if (this.#begun === 0) return;
    switch (op.kind) {
      case 'key':
      case 'table':
      case 'change':
      case 'stream':
        return;
      default: {
        const flight = this.#of(op.invoke, op.return, isCounted(op));
        if (flight === null) return;
        // A copy would cost more than everything else here, for each operation.
        (op as { request?: number }).request = flight.request;
        flight.figures?.add(op);
      }
    }
  }

  /** The one request in flight throughout. An operation that began in a request and outlived it makes that request's
   * figures inexact, if it is `counted` in them. */
  #of(invoke: number, end: number | null, counted: boolean): Flight | null {
    if (invoke <= this.#forgotten) return null;
    const until = end ?? Number.POSITIVE_INFINITY;
    let at: OpenFlight | null = null;
    let touching = this.#blurFrom <= until && this.#blurUntil >= invoke ? 1 : 0;
    for (const flight of this.#open) {
      if (flight.invoke > until) continue;
      touching++;
      if (flight.invoke > invoke) continue;
      if (at !== null) return null;
      at = flight;
    }
    for (let i = this.#ended.length; i > 0 && (at === null || touching < 2); i--) {
      const flight = this.#ended[(this.#oldest + i - 1) % this.#ended.length]!;
      if (flight.end < invoke) break;
      if (flight.invoke > until) continue;
      touching++;
      if (flight.invoke > invoke) continue;
      if (at !== null) return null;
      at = flight;
    }
    if (at === null) return null;
    if (touching === 1 && end !== null && at.end >= end) return at;
    if (counted) at.exact = false;
    return null;
  }

  #blur(from: number, until: number): void {
    for (const flight of this.#open) flight.exact = false;
    if (from > this.#blurUntil) {
      this.#forgotten = Math.max(this.#forgotten, this.#blurUntil);
      this.#blurFrom = from;
    }
    this.#blurUntil = Math.max(this.#blurUntil, until);
  }
}

/** Whether a request's figures count such operations. */
function isCounted(op: CacheOperation | SourceOperation): boolean {
  return op.kind === 'read' || (op.tier === 'source' && op.kind === 'write');
}
