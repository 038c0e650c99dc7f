/**
 * Exchanges: a request with what the stores answered while it ran, where all of that is certainly its own. Facts come as they
 * are learned and are put together when the request is over; what cannot be told yet (a recording whose requests carry no
 * ordinals) waits until conclusions are drawn.
 */
import type { Requests } from '../attribution/requests.ts';
import type { CacheRead, Digest, HttpRequest, Payload } from '../operation.ts';
import type { ReadFact } from '../source.ts';
import type { Version } from '../versions.ts';

export const EXCHANGE_LIMITS = {
  /** Facts remembered until the requests around them are over. */
  facts: 16_384,
  /** Exchanges that wait until it can be told whether their request was alone. */
  waiting: 4_096,
} as const;

/** A hit and the value that it served. */
export interface Hit {
  readonly version: Version;
  readonly read: CacheRead;
}

export interface Exchange {
  readonly request: HttpRequest;
  /** What the request asks by: place (`path:1`, `?lang`, `header:x-tenant`) to value. */
  readonly asked: ReadonlyMap<string, Digest>;
  /** What could be read inside the response. */
  readonly body: Payload | null;
  readonly hits: readonly Hit[];
  readonly fills: readonly Version[];
  readonly reads: readonly ReadFact[];
  /** Something was answered that cannot be read: by a script, or a value that is not known. */
  readonly unclear: boolean;
  /** A store refused something, or did not answer. */
  readonly failed: boolean;
}

/** What is remembered of each answer; `unclear`: it cannot be read, `failed`: there was none, or an error. */
const KIND = { hit: 0, fill: 1, read: 2, unclear: 3, failed: 4 } as const;

interface Timed {
  readonly invoke: number;
  readonly return: number | null;
  readonly request?: number;
}

export class Exchanges {
  readonly #take: (exchange: Exchange) => void;
  readonly #facts = new Facts();
  #waiting: Exchange[] = [];
  /** Answered last, and not known to be a hit. */
  #answered: Timed | null = null;

  constructor(take: (exchange: Exchange) => void) {
    this.#take = take;
  }

  /** What the last operation's value was. */
  hit(hit: Hit): void {
    this.#answered = null;
    this.#facts.add(hit.read, KIND.hit, hit);
  }

  fill(version: Version): void {
    if (version.fill !== null) this.#facts.add(version.fill, KIND.fill, version);
  }

  read(read: ReadFact): void {
    this.#facts.add(read.op, KIND.read, read);
  }

  /** Something was answered; unless {@link hit} follows it cannot be read. */
  answered(op: Timed): void {
    this.#flush();
    this.#answered = op;
  }

  failed(op: Timed): void {
    this.#flush();
    this.#facts.add(op, KIND.failed, null);
  }

  #flush(): void {
    if (this.#answered !== null) this.#facts.add(this.#answered, KIND.unclear, null);
    this.#answered = null;
  }

  /** A request is over. Its operations were told before, but for those that outlive it. */
  request(request: HttpRequest, asked: Exchange['asked'], body: Payload | null, requests: Requests): void {
    this.#flush();
    const found = this.#facts.during(request);
    if (found === null) return;
    const exchange = { request, asked, body, ...found };
    if (request.request !== undefined) {
      this.#take(exchange);
      return;
    }
    this.#waiting.push(exchange);
    if (this.#waiting.length > EXCHANGE_LIMITS.waiting)
      this.#decide(this.#waiting.splice(0, EXCHANGE_LIMITS.waiting / 2), requests);
  }

  /** Takes those that have waited: all that was seen is told by now. */
  settle(requests: Requests): void {
    this.#decide(this.#waiting.splice(0), requests);
  }

  #decide(exchanges: readonly Exchange[], requests: Requests): void {
    for (const exchange of exchanges) if (isAlone(exchange.request, requests)) this.#take(exchange);
  }
}

/** The last facts, in a ring without an object for each. */
class Facts {
  readonly #invoke = new Float64Array(EXCHANGE_LIMITS.facts);
  readonly #return = new Float64Array(EXCHANGE_LIMITS.facts);
  /** No later fact was told before this moment; ns. */
  readonly #told = new Float64Array(EXCHANGE_LIMITS.facts);
  /** Ordinal of the request; 0: none. */
  readonly #request = new Float64Array(EXCHANGE_LIMITS.facts);
  readonly #kind = new Uint8Array(EXCHANGE_LIMITS.facts);
  readonly #what: (Hit | Version | ReadFact | null)[] = [];
  #count = 0;
  #latest = 0;

  add(op: Timed, kind: number, what: Hit | Version | ReadFact | null): void {
    // What was never answered may have run until now.
    const end = op.return ?? Math.max(this.#latest, op.invoke);
    this.#latest = Math.max(this.#latest, end);
    const at = this.#count++ % EXCHANGE_LIMITS.facts;
    this.#invoke[at] = op.invoke;
    this.#return[at] = end;
    this.#told[at] = this.#latest;
    this.#request[at] = op.request ?? 0;
    this.#kind[at] = kind;
    this.#what[at] = what;
  }

  /** What was answered during a request; null when some of it may be another's. */
  during({ invoke, return: end, request }: HttpRequest): Omit<Exchange, 'request' | 'asked' | 'body'> | null {
    if (end === null) return null;
    const hits: Hit[] = [];
    const fills: Version[] = [];
    const reads: ReadFact[] = [];
    let unclear = false;
    let failed = false;
    const oldest = Math.max(0, this.#count - EXCHANGE_LIMITS.facts);
    let i = this.#count - 1;
    for (; i >= oldest; i--) {
      const at = i % EXCHANGE_LIMITS.facts;
      if (this.#told[at]! < invoke) break;
      if (this.#return[at]! < invoke || this.#invoke[at]! > end) continue;
      if (request !== undefined && this.#request[at] !== request) return null;
      if (this.#invoke[at]! < invoke || this.#return[at]! > end) return null;
      const what = this.#what[at];
      const kind = this.#kind[at];
      if (kind === KIND.hit) hits.push(what as Hit);
      else if (kind === KIND.fill) fills.push(what as Version);
      else if (kind === KIND.read) reads.push(what as ReadFact);
      else if (kind === KIND.unclear) unclear = true;
      else failed = true;
    }
    // Some of it is forgotten.
    if (i < oldest && oldest > 0) return null;
    return { hits: hits.reverse(), fills: fills.reverse(), reads: reads.reverse(), unclear, failed };
  }
}

/** Whether no other request was in flight at any moment of this one. */
export function isAlone(request: HttpRequest, requests: Requests): boolean {
  if (request.return === null) return false;
  return requests.during({ invoke: request.invoke, return: request.return }).touching === 1;
}
