/**
 * What was served, held against what was asked for: findings without a staleness window (WS108, WS114, WS115). They need no
 * commit that came in between, or no cached value that is known; what they need is the request around it.
 */
import type { Requests } from '../attribution/requests.ts';
import type { Draft } from '../document.ts';
import type { CacheRead, CacheWrite, HttpRequest, Operation, Payload } from '../operation.ts';
import type { Change, PrimaryKeys, ReadFact } from '../source.ts';
import type { Version } from '../versions.ts';
import type { WriteRecord } from '../writes.ts';
import { askedOf, toldBefore } from './asked.ts';
import { Bodies } from './bodies.ts';
import { Collisions } from './collisions.ts';
import type { ServedContext } from './context.ts';
import { Drifts } from './drifts.ts';
import { type Exchange, Exchanges, type Hit } from './exchange.ts';
import { keyCollisions } from './key-collision.ts';
import { localCaches } from './local-cache.ts';
import { LocalCopies } from './local-copies.ts';
import { schemaDrifts } from './schema-drift.ts';

const SESSIONS = {
  /** A session's last hit names its asker for this long; ns. */
  moment: 100e6,
  /** Sessions remembered. */
  most: 10_000,
} as const;

/** Exchanges that are remembered for what a later hit tells of them. */
const PAST_EXCHANGES = 512;

/** What is concluded, and the hits that it counts: by value and invocation. */
export interface ServedConclusion {
  readonly drafts: readonly Draft[];
  /** Hits that served another row's value, and hits whose reader could not read the value. */
  readonly foreign: ReadonlyMap<Version, ReadonlySet<number>>;
  readonly unread: ReadonlyMap<Version, ReadonlySet<number>>;
}

export class Served {
  readonly #requests: Requests;
  readonly #bodies = new Bodies();
  readonly #exchanges = new Exchanges((exchange) => this.#take(exchange));
  readonly #collisions = new Collisions();
  readonly #copies: LocalCopies;
  readonly #drifts = new Drifts();
  /** The last exchanges with something that could not be read then. */
  readonly #past = new Map<number, Exchange>();
  /** Without requests: the last hit of each session. */
  readonly #lastHits = new Map<string, Hit>();

  constructor(requests: Requests, primaryKey: PrimaryKeys) {
    this.#requests = requests;
    this.#copies = new LocalCopies(primaryKey);
  }

  /** Any operation, before it is looked at otherwise. */
  operation(op: Operation): void {
    this.#drifts.operation(op);
    if (op.tier !== 'cache' && op.tier !== 'source') return;
    if (op.kind === 'key' || op.kind === 'table' || op.kind === 'change' || op.kind === 'stream') return;
    if (op.status !== 'ok') this.#exchanges.failed(op);
    else if (op.tier === 'cache' && (op.kind === 'script' || (op.kind === 'read' && op.value !== null)))
      this.#exchanges.answered(op);
  }

  read(read: ReadFact): void {
    this.#exchanges.read(read);
    this.#copies.read(read);
  }

  commit(write: WriteRecord, changes: readonly Change[]): void {
    this.#copies.commit(write, changes);
  }

  fill(version: Version): void {
    this.#exchanges.fill(version);
    this.#drifts.fill(version);
    // What a script stored is told by the hit that reads it, when the request that made it is over.
    const past = version.fill?.request === undefined ? undefined : this.#past.get(version.fill.request);
    if (past !== undefined) {
      const exchange = { ...past, hits: [], fills: [version] };
      this.#collisions.take(exchange, this.#requests.routeOf(past.request), past.hits);
    }
    if (version.fill === null || this.#requests.count > 0) return;
    const last = this.#before(version.fill.session, version.fill.invoke);
    if (last === null) return;
    const told = toldBefore(version.fill.invoke, version.key, [last], []);
    this.#collisions.filled(version, null, '', told);
  }

  hit(version: Version, read: CacheRead): void {
    const hit = { version, read };
    this.#exchanges.hit(hit);
    if (this.#requests.count > 0) return;
    this.#drifts.served(version);
    const last = this.#before(read.session, read.invoke);
    if (last !== null && last.version.key !== version.key)
      this.#collisions.hit(hit, { request: null, asked: NOTHING, hits: [last], reads: [] }, '');
    if (this.#lastHits.size < SESSIONS.most || this.#lastHits.has(read.session))
      this.#lastHits.set(read.session, hit);
  }

  /** The session's last hit, if it was a moment ago. */
  #before(session: string, moment: number): Hit | null {
    const last = this.#lastHits.get(session);
    const end = last?.read.return;
    return last !== undefined && end != null && end <= moment && moment - end <= SESSIONS.moment
      ? last
      : null;
  }

  /** A value was thrown away by its reader, who filled the key again. */
  discard(version: Version, read: CacheRead, refill: CacheWrite): void {
    this.#drifts.discard(version, read, refill);
  }

  /** A request is over. `bare`: as it is remembered, without what only this room needs. */
  request(op: HttpRequest, bare: HttpRequest): void {
    this.#exchanges.request(bare, askedOf(op), this.#body(op), this.#requests);
  }

  #body({ body, payload }: HttpRequest): Payload | null {
    if (body === undefined) return payload ?? null;
    if (payload !== undefined) this.#bodies.add(body, payload);
    return payload ?? this.#bodies.get(body) ?? null;
  }

  #take(exchange: Exchange): void {
    const route = this.#requests.routeOf(exchange.request);
    this.#collisions.take(exchange, route);
    this.#remember(exchange);
    this.#copies.take(exchange, route);
    this.#drifts.take(exchange);
  }

  #remember(exchange: Exchange): void {
    const { request } = exchange.request;
    if (request === undefined || !exchange.unclear) return;
    this.#past.set(request, { ...exchange, body: null });
    if (this.#past.size > PAST_EXCHANGES) this.#past.delete(this.#past.keys().next().value!);
  }

  conclude(context: ServedContext): ServedConclusion {
    this.#exchanges.settle(this.#requests);
    const collided = keyCollisions(this.#collisions, context);
    const drifted = schemaDrifts(this.#drifts, context);
    const drafts = [...collided.drafts, ...drifted.drafts, ...localCaches(this.#copies, context)];
    return { drafts, foreign: collided.hits, unread: drifted.hits };
  }
}

const NOTHING: Exchange['asked'] = new Map();
