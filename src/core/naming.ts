/** Names for what was seen: templates of keys, routes or statements of reads and writes. */

import type { Attributed, Owner } from './attribution/attributed.ts';
import type { Around, Requests } from './attribution/requests.ts';
import { RouteProfile } from './attribution/route-profile.ts';
import { addTo, append } from './multimap.ts';
import type { Digest } from './operation.ts';
import type { Interval } from './source.ts';
import { type KeyEvidence, learnTemplates } from './templates.ts';
import type { KeyState, Version, Window } from './versions.ts';
import type { WriteRecord } from './writes.ts';

export interface Actor {
  readonly interval: Interval;
  readonly tokens: ReadonlySet<Digest>;
  readonly shape: string | null;
  /** Whether a writer is looked for. */
  readonly writes: boolean;
  /** Id of the operation that decides, where there is one: a write's commit. */
  readonly op?: number;
  /** Other executions of the same statement. */
  readonly alike?: readonly Interval[];
}

/** Executions from which on the route that they were attributed to names the statement, and the least share it must have. */
const HABIT = 3;
const NEARLY_ALL = 0.95;

/** Longest statement used as a name. */
const MAX_STATEMENT = 120;

export class Naming {
  readonly #templates: ReadonlyMap<string, string>;
  readonly #byTemplate = new Map<string, KeyState[]>();
  readonly #all: readonly KeyState[];
  readonly #requests: Requests;
  readonly #profile = new RouteProfile();
  /** Routes that certainly ran a statement shape. */
  readonly #certain = new Map<string, Set<string>>();
  /** Routes that a statement shape's executions were attributed to without certainty, with their number. */
  readonly #inferred = new Map<string, Map<string, number>>();
  #attributed: Attributed | null = null;
  /** Time in flight by route, over all its requests; ns. */
  readonly #share = new Map<string, number>();

  constructor(keys: Iterable<KeyState>, requests: Requests) {
    this.#all = [...keys];
    this.#requests = requests;
    this.#templates = namesOf(this.#all);
    for (const key of this.#all) {
      const template = this.templateOf(key);
      append(this.#byTemplate, template, key);
    }
    for (const request of requests.all) {
      const route = requests.routeOf(request);
      const lasted = (request.return ?? request.invoke) - request.invoke;
      this.#share.set(route, (this.#share.get(route) ?? 0) + lasted);
    }
  }

  readonly templateOf = (key: KeyState): string => this.#templates.get(key.name) ?? key.name;

  readonly templateOfName = (name: string): string => this.#templates.get(name) ?? name;

  readonly keysOf = (template: string): readonly KeyState[] => this.#byTemplate.get(template) ?? [];

  /** Keys that held or were asked for a value; removals of keys that never were do not make a template. */
  cached(): KeyState[] {
    return this.#all.filter((key) => key.stats.hits + key.stats.misses + key.stats.writes > 0);
  }

  /** Names the requests of writes, and learns which route runs which statements. */
  attributeWrites(writes: readonly WriteRecord[], attributed: Attributed): void {
    this.#attributed = attributed;
    if (this.#requests.count === 0) return;
    const proxied = writes.filter((write) => write.commit.outside === undefined);
    const owners = new Map<WriteRecord, Owner>();
    for (const write of proxied) {
      const owner = this.#ownerOf(write);
      if (owner !== null) owners.set(write, owner);
      write.request = owner?.certain === true ? owner.request : null;
      if (owner?.certain === true) this.#noteCertain(write.commit.shape, owner.route);
      else if (owner !== null) this.#noteInferred(write.commit.shape, owner.route);
      this.#profile.note(write.commit.shape, this.#requests, aroundOf(write));
    }
    for (const write of proxied) {
      const owner = owners.get(write) ?? null;
      write.responded = write.request === null ? this.#lastResponse(write, owner) : (owner?.until ?? 0);
    }
  }

  /** The request of a write's commit; of one that is forgotten, the only request in flight. */
  #ownerOf(write: WriteRecord): Owner | null {
    const owner = this.#attributed?.of(write.commit.op);
    if (owner !== undefined) return owner;
    const { request, route, certain } = this.#requests.of(aroundOf(write), write.commit.tokens);
    return certain && route !== null ? { request, route, certain, until: request?.return ?? 0 } : null;
  }

  /** Of the requests around a write whose route runs its statement, those that name its values: the last response. */
  #lastResponse(write: WriteRecord, owner: Owner | null): number {
    const { shape, tokens } = write.commit;
    const known = this.#certain.get(shape);
    const route =
      owner?.route ?? (known?.size === 1 ? [...known][0]! : this.#profile.route(shape, this.#share, true));
    const around = this.#requests
      .during(aroundOf(write))
      .covering.filter((request) => this.#requests.routeOf(request) === route);
    const naming = around.filter((request) => request.parts?.some((part) => tokens.has(part)));
    return Math.max(0, ...(naming.length > 0 ? naming : around).map((request) => request.return ?? 0));
  }

  #noteCertain(shape: string, route: string): void {
    addTo(this.#certain, shape, route);
  }

  #noteInferred(shape: string, route: string): void {
    const routes = this.#inferred.get(shape) ?? new Map<string, number>();
    routes.set(route, (routes.get(route) ?? 0) + 1);
    this.#inferred.set(shape, routes);
  }

  /** The route that nearly all executions of a statement were attributed to. */
  #habitual(shape: string): string | null {
    const routes = [...(this.#inferred.get(shape) ?? [])].sort((a, b) => b[1] - a[1]);
    const total = routes.reduce((sum, [, count]) => sum + count, 0);
    const [most] = routes;
    return most !== undefined && total >= HABIT && most[1] >= total * NEARLY_ALL ? most[0] : null;
  }

  /** Route, else statement, else null. A statement that one route alone was seen to run has the same name at all times. */
  actor(by: Actor): string | null {
    const known = by.shape === null ? undefined : this.#certain.get(by.shape);
    if (known?.size === 1) return [...known][0] ?? null;
    const owner = by.op === undefined ? null : (this.#attributed?.of(by.op) ?? null);
    if (owner?.certain === true) return owner.route;
    const around = this.#around(by.interval, by.tokens);
    if (owner === null && around?.certain === true && around.route !== null) return around.route;
    const habitual = (by.shape === null ? null : this.#habitual(by.shape)) ?? owner?.route ?? null;
    if (habitual !== null) return habitual;
    for (const interval of by.alike ?? []) this.#profile.note(by.shape ?? '', this.#requests, interval);
    const learned = by.shape === null ? null : this.#profile.route(by.shape, this.#share, by.writes);
    return learned ?? around?.route ?? (by.shape === null ? null : by.shape.slice(0, MAX_STATEMENT));
  }

  #around(interval: Interval, tokens: ReadonlySet<Digest>): Around | null {
    return this.#requests.count === 0 ? null : this.#requests.of(interval, tokens);
  }

  /** Who read the stale value: the route of the hit, else of the fill, else the statement that fed it. */
  reader(version: Version, window: Window | null): string | null {
    const hit = window?.hits.first ?? null;
    if (hit !== null) {
      const owner = this.#attributed?.of(hit.id);
      if (owner != null) return owner.route;
      const at = this.#around({ invoke: hit.invoke, return: hit.return ?? hit.invoke }, version.key.parts);
      if (at?.route != null) return at.route;
    }
    const [source] = version.sources;
    if (version.fill !== null) {
      const owner = this.#attributed?.of(version.fill.id);
      if (owner != null) return owner.route;
      const since = { invoke: version.miss?.invoke ?? version.fill.invoke, return: version.since.return };
      const at = this.#around(since, version.key.parts);
      if (at?.route != null) return at.route;
    }
    return source === undefined ? null : source.read.op.shape.slice(0, MAX_STATEMENT);
  }
}

/** A write from its first statement to its commit. */
function aroundOf({ commit }: WriteRecord): Interval {
  return { invoke: commit.began, return: commit.interval.return };
}

/** Templates are learned from keys that held or were asked for a value. A key that was only ever removed takes the one that
 * it fits, or else stands for itself: `item:7:v1` is no `item:{id}:v2`. */
function namesOf(keys: readonly KeyState[]): Map<string, string> {
  const used = new Set(keys.filter(isUsed).map((key) => key.name));
  const templates = learnTemplates(evidenceOf(keys.filter((key) => used.has(key.name))));
  const patterns = [...new Set(templates.values())].map(
    (template) => [template, patternOf(template)] as const,
  );
  const others: KeyState[] = [];
  for (const key of keys) {
    if (used.has(key.name)) continue;
    const fitting = patterns.find(([, pattern]) => pattern.test(key.name));
    if (fitting === undefined) others.push(key);
    else templates.set(key.name, fitting[0]);
  }
  for (const [name, template] of learnTemplates(evidenceOf(others))) templates.set(name, template);
  return templates;
}

function isUsed({ stats }: KeyState): boolean {
  return stats.hits + stats.misses + stats.writes > 0 || stats.scripted;
}

function patternOf(template: string): RegExp {
  const pieces = template.split(/(\{id\}|\{hash\})/).map((piece) => {
    if (piece === '{id}') return '[^:/|#;,=&?~ {}]+';
    if (piece === '{hash}') return '[0-9A-Za-z_=-]{8,}';
    return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${pieces.join('')}$`);
}

/** What is known of each name: the same name in another database is the same kind of key. */
function evidenceOf(keys: readonly KeyState[]): KeyEvidence[] {
  const names = new Map<string, { readonly bound: Set<string>; readonly feeders: Set<string> }>();
  for (const key of keys) {
    const known = names.get(key.name);
    if (known === undefined)
      names.set(key.name, { bound: new Set(key.bound), feeders: new Set(key.feeders) });
    else {
      for (const text of key.bound) known.bound.add(text);
      for (const feeder of key.feeders) known.feeders.add(feeder);
    }
  }
  return [...names].map(([key, { bound, feeders }]) => ({
    key,
    bound,
    feeders: [...feeders].sort().join('\u0000'),
  }));
}
