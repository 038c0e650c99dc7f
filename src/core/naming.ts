/** Names for what was seen: templates of keys, routes or statements of reads and writes. */
import { type Attribution, type Requests, RouteProfile } from './attribution.ts';
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
  /** Other executions of the same statement. */
  readonly alike?: readonly Interval[];
}

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
  /** Time in flight by route, over all its requests; ns. */
  readonly #share = new Map<string, number>();

  constructor(keys: Iterable<KeyState>, requests: Requests) {
    this.#all = [...keys];
    this.#requests = requests;
    this.#templates = namesOf(this.#all);
    for (const key of this.#all) {
      const template = this.templateOf(key);
      const members = this.#byTemplate.get(template);
      if (members === undefined) this.#byTemplate.set(template, [key]);
      else members.push(key);
    }
    for (const request of requests.all) {
      const route = requests.routeOf(request);
      const lasted = (request.return ?? request.invoke) - request.invoke;
      this.#share.set(route, (this.#share.get(route) ?? 0) + lasted);
    }
  }

  readonly templateOf = (key: KeyState): string => this.#templates.get(key.name) ?? key.name;

  readonly keysOf = (template: string): readonly KeyState[] => this.#byTemplate.get(template) ?? [];

  /** Keys that held or were asked for a value; removals of keys that never were do not make a template. */
  cached(): KeyState[] {
    return this.#all.filter((key) => key.stats.hits + key.stats.misses + key.stats.writes > 0);
  }

  /** Names the requests around writes, and learns which route runs which statements. */
  attributeWrites(writes: readonly WriteRecord[]): void {
    if (this.#requests.count === 0) return;
    for (const write of writes) {
      const interval = { invoke: write.commit.began, return: write.commit.interval.return };
      const attribution = this.#requests.of(interval, write.commit.tokens);
      write.request = attribution.certain ? attribution.request : null;
      if (attribution.certain && attribution.route !== null)
        this.#noteCertain(write.commit.shape, attribution.route);
      this.#profile.note(write.commit.shape, this.#requests, interval);
    }
    for (const write of writes) if (write.request === null) write.responded = this.#lastResponse(write);
  }

  /** Of the requests around a write whose route runs its statement, those that name its values: the last response. */
  #lastResponse(write: WriteRecord): number {
    const { shape, began, interval, tokens } = write.commit;
    const known = this.#certain.get(shape);
    const route = known?.size === 1 ? [...known][0]! : this.#profile.route(shape, this.#share, true);
    const around = this.#requests
      .during({ invoke: began, return: interval.return })
      .covering.filter((request) => this.#requests.routeOf(request) === route);
    const naming = around.filter((request) => request.parts?.some((part) => tokens.has(part)));
    return Math.max(0, ...(naming.length > 0 ? naming : around).map((request) => request.return ?? 0));
  }

  #noteCertain(shape: string, route: string): void {
    const routes = this.#certain.get(shape);
    if (routes === undefined) this.#certain.set(shape, new Set([route]));
    else routes.add(route);
  }

  /** Route, else statement, else null. A statement that one route alone was seen to run has the same name at all times. */
  actor(by: Actor): string | null {
    const known = by.shape === null ? undefined : this.#certain.get(by.shape);
    if (known?.size === 1) return [...known][0] ?? null;
    const attribution = this.#attribution(by.interval, by.tokens);
    if (attribution?.certain === true && attribution.route !== null) return attribution.route;
    for (const interval of by.alike ?? []) this.#profile.note(by.shape ?? '', this.#requests, interval);
    const learned = by.shape === null ? null : this.#profile.route(by.shape, this.#share, by.writes);
    return learned ?? attribution?.route ?? (by.shape === null ? null : by.shape.slice(0, MAX_STATEMENT));
  }

  #attribution(interval: Interval, tokens: ReadonlySet<Digest>): Attribution | null {
    return this.#requests.count === 0 ? null : this.#requests.of(interval, tokens);
  }

  /** Who read the stale value: the route of the hit, else of the fill, else the statement that fed it. */
  reader(version: Version, window: Window | null): string | null {
    const hit = window?.hits.first ?? null;
    if (hit !== null) {
      const at = this.#attribution(
        { invoke: hit.invoke, return: hit.return ?? hit.invoke },
        version.key.parts,
      );
      if (at?.route != null) return at.route;
    }
    const [source] = version.sources;
    if (version.fill !== null) {
      const since = { invoke: version.miss?.invoke ?? version.fill.invoke, return: version.since.return };
      const at = this.#attribution(since, version.key.parts);
      if (at?.route != null) return at.route;
    }
    return source === undefined ? null : source.read.op.shape.slice(0, MAX_STATEMENT);
  }
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
    if (piece === '{id}') return '[^:/|#;,=&?~@ {}]+';
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
