/**
 * WS114, what is seen: shapes of the values that were written, and what became of the requests that hit them. A value is of an
 * earlier release when its fill was not seen, or when the service was restarted after it: at some moment between no connection
 * was in use before as well as after.
 */
import { isError } from '../attribution/requests.ts';
import type { CacheRead, CacheWrite, HttpRequest, Operation } from '../operation.ts';
import type { KeyState, Version } from '../versions.ts';
import type { Exchange } from './exchange.ts';
import { SHAPE_LIMITS, type Shape, shapeOf } from './shapes.ts';

export const DRIFT_LIMITS = {
  /** Keys whose shapes are remembered, and shapes of one key. */
  keys: 100_000,
  ofKey: 4,
  /** Hits whose reader failed; the oldest go. */
  troubles: 2_000,
  /** Connections; past this many a restart is not told any more. */
  sessions: 10_000,
} as const;

/** What is known of one shape of one key. */
export interface Tally {
  fills: number;
  /** When it was last written; ns. */
  last: number;
  lastFill: CacheWrite | null;
  /** Hits while no request was seen. */
  bare: number;
  /** Requests that hit it, by outcome. */
  ok: number;
  /** When the last request that went well began to read it; ns. */
  lastOk: number;
  failed: number;
  discarded: number;
}

/** A reader that failed on a value, or threw it away. */
export interface Trouble {
  readonly version: Version;
  readonly shape: Shape;
  readonly read: CacheRead;
  /** null: the value was discarded and filled again. */
  readonly request: HttpRequest | null;
  readonly refill: CacheWrite | null;
}

export class Drifts {
  readonly #shapes = new Map<string, Shape>();
  readonly #tallies = new Map<KeyState, Map<string, Tally>>();
  readonly #sessions = new Map<string, { first: number; last: number }>();
  /** Of the last operation: the next is often of the same. */
  #lastSession = '';
  #lastTimes: { readonly first: number; last: number } | undefined;
  #manySessions = false;
  #troubles: Trouble[] = [];

  get troubles(): readonly Trouble[] {
    return this.#troubles;
  }

  shape(name: string): Shape | undefined {
    return this.#shapes.get(name);
  }

  /** By the shape's name. */
  talliesOf(key: KeyState): ReadonlyMap<string, Tally> {
    return this.#tallies.get(key) ?? NOTHING;
  }

  /** Notes that a connection is in use. */
  operation({ tier, kind, session, invoke, return: end }: Operation): void {
    if (tier !== 'cache' && tier !== 'source') return;
    if (kind === 'key' || kind === 'table' || kind === 'change' || kind === 'stream') return;
    const known = session === this.#lastSession ? this.#lastTimes : this.#sessions.get(session);
    if (known !== undefined) {
      known.last = Math.max(known.last, end ?? invoke);
      this.#lastSession = session;
      this.#lastTimes = known;
    } else if (this.#sessions.size < DRIFT_LIMITS.sessions)
      this.#sessions.set(session, { first: invoke, last: end ?? invoke });
    else this.#manySessions = true;
  }

  /** Moments at which no connection was in use before and after, in order. */
  restarts(): readonly number[] {
    if (this.#manySessions) return [];
    const times = [...this.#sessions.values()].sort((a, b) => a.first - b.first);
    const found: number[] = [];
    let until = times[0]?.last ?? 0;
    for (const { first, last } of times) {
      if (first > until) found.push(first);
      until = Math.max(until, last);
    }
    return found;
  }

  /** A value was written. */
  fill(version: Version): void {
    const { fill, payload, key } = version;
    if (fill?.kind !== 'write' || (version.sources.length === 0 && version.miss === null)) return;
    const shape = this.#known(shapeOf(payload));
    const tally = shape === null ? null : this.#tally(key, shape);
    if (tally === null) return;
    tally.fills++;
    tally.last = Math.max(tally.last, fill.return ?? fill.invoke);
    tally.lastFill = fill;
  }

  /** A value was served, where no requests are seen. */
  served(version: Version): void {
    const tally = this.#tallyOf(version);
    if (tally !== null) tally.bare++;
  }

  /** A reader threw a value away and filled the key again. */
  discard(version: Version, read: CacheRead, refill: CacheWrite): void {
    this.#outcome(version, 'discarded', { read, request: null, refill });
  }

  #tallyOf({ payload, key }: Version): Tally | null {
    const shape = this.#known(shapeOf(payload));
    return shape === null ? null : this.#tally(key, shape);
  }

  take({ request, hits, fills, failed }: Exchange): void {
    // Readers fail for other reasons too.
    if (failed) return;
    for (const { version, read } of hits) {
      // What was filled again is told by discard.
      if (fills.some((fill) => fill.key === version.key)) continue;
      const outcome = isError(request) ? 'failed' : 'ok';
      this.#outcome(version, outcome, { read, request, refill: null });
    }
  }

  #outcome(
    version: Version,
    outcome: 'ok' | 'failed' | 'discarded',
    by: Pick<Trouble, 'read' | 'request' | 'refill'>,
  ): void {
    const shape = this.#known(shapeOf(version.payload));
    const tally = shape === null ? null : this.#tally(version.key, shape);
    if (shape === null || tally === null) return;
    tally[outcome]++;
    if (outcome === 'ok') {
      tally.lastOk = Math.max(tally.lastOk, by.read.invoke);
      return;
    }
    this.#troubles.push({ version, shape, ...by });
    if (this.#troubles.length > DRIFT_LIMITS.troubles)
      this.#troubles = this.#troubles.slice(DRIFT_LIMITS.troubles / 2);
  }

  #known(shape: Shape | null): Shape | null {
    if (shape === null) return null;
    const known = this.#shapes.get(shape.name);
    if (known !== undefined) {
      for (const place of shape.nulls) known.nulls.add(place);
      return known;
    }
    if (this.#shapes.size >= SHAPE_LIMITS.shapes) return null;
    this.#shapes.set(shape.name, shape);
    return shape;
  }

  #tally(key: KeyState, shape: Shape): Tally | null {
    let tallies = this.#tallies.get(key);
    if (tallies === undefined) {
      if (this.#tallies.size >= DRIFT_LIMITS.keys) return null;
      tallies = new Map();
      this.#tallies.set(key, tallies);
    }
    let tally = tallies.get(shape.name);
    if (tally === undefined) {
      if (tallies.size >= DRIFT_LIMITS.ofKey) return null;
      tally = { fills: 0, last: 0, lastFill: null, bare: 0, ok: 0, lastOk: -1, failed: 0, discarded: 0 };
      tallies.set(shape.name, tally);
    }
    return tally;
  }
}

const NOTHING: ReadonlyMap<string, Tally> = new Map();
