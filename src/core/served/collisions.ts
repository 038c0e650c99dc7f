/**
 * WS115, what is learned: at which place of a request stands the value that a statement requires of a column (`tenant_id` is
 * the header x-tenant), and which hits were then served a value that was read for another one. A place is learned from fills,
 * with two different values at least and without one fill that says otherwise.
 */
import type { Digest, HttpRequest } from '../operation.ts';
import type { RowId } from '../source.ts';
import type { KeyState, Version } from '../versions.ts';
import { kindOf, routeAround, toldBefore } from './asked.ts';
import type { Exchange, Hit } from './exchange.ts';

export const COLLISION_LIMITS = {
  /** Places learned, columns whose required values are remembered, and values of each. */
  places: 20_000,
  columns: 2_000,
  values: 4_096,
  /** Hits that may have been served another row's value; the oldest go. */
  suspects: 4_000,
  /** Pairs of routes that read the same values, and hits of each. */
  pairs: 256,
  ofPair: 32,
  /** Fills of one key that are kept, keys that keep some, and routes. */
  fills: 4,
  keys: 5_000,
  routes: 2_000,
} as const;

/** How often the keys of one kind hold the value that is required of a column. */
interface Named {
  fills: number;
  named: number;
}

/** A value that a statement required of a column. */
export interface Required {
  readonly table: string;
  readonly column: string;
  readonly shape: string;
  readonly value: Digest;
  readonly certain: boolean;
  /** Of the column and the kind of key; null past the limits. */
  readonly naming: Named | null;
}

/** A fill with the request that made it. */
export interface Filling {
  readonly version: Version;
  readonly request: HttpRequest | null;
  readonly route: string;
  readonly asked: ReadonlyMap<string, Digest>;
  readonly required: readonly Required[];
  readonly tables: ReadonlySet<string>;
  /** Rows that the value was made from, as far as their keys are known. */
  readonly rows: ReadonlySet<RowId>;
}

/** A hit that asked for another value, at a place where the fill asked for the required one. */
export interface Suspect {
  readonly hit: Hit;
  readonly request: HttpRequest | null;
  readonly route: string;
  readonly asked: ReadonlyMap<string, Digest>;
  readonly filling: Filling;
  readonly required: Required;
  readonly place: string;
  readonly value: Digest;
  /** What the asker's own statements required: `table.column=value`. */
  readonly lookedUp: ReadonlySet<string>;
}

type SuspectBase = Omit<Suspect, 'required' | 'place' | 'value'>;

/** Who reads: a request, or, where none was seen, what a session read before. */
export interface Asker extends Pick<Exchange, 'asked' | 'hits' | 'reads'> {
  readonly request: HttpRequest | null;
}

interface Place {
  readonly values: Set<Digest>;
  violations: number;
}

interface Column {
  readonly values: Set<Digest>;
  /** By kind of key: fills, and those whose key's name holds the value. */
  readonly named: Map<string, Named>;
}

export class Collisions {
  readonly #places = new Map<string, Place>();
  readonly #columns = new Map<string, Column>();
  readonly #fillings = new WeakMap<Version, Filling>();
  readonly #byKey = new Map<KeyState, Filling[]>();
  /** Fills by kind of key and route. */
  readonly #byRoute = new Map<string, Filling[]>();
  #suspects: Suspect[] = [];
  readonly #crossing = new Map<string, Suspect[]>();

  get suspects(): readonly Suspect[] {
    return this.#suspects;
  }

  /** Hits by another route than the fill's; `value` is what both ask for. */
  get crossing(): readonly Suspect[] {
    return [...this.#crossing.values()].flat();
  }

  /** `before`: hits that name the asker, when they have been taken already. */
  take(exchange: Exchange, route: string, before: readonly Hit[] = exchange.hits): void {
    const { request, hits, reads } = exchange;
    for (const version of exchange.fills) {
      const since = version.miss?.invoke ?? version.since.invoke;
      const told = toldBefore(since, version.key, before, reads);
      this.filled(version, request, route, new Map([...told, ...exchange.asked]));
    }
    for (const hit of hits) this.hit(hit, exchange, route);
  }

  filled(
    version: Version,
    request: HttpRequest | null,
    route: string,
    asked: ReadonlyMap<string, Digest>,
  ): void {
    const required = requiredOf(version).map((one) => ({
      ...one,
      naming: this.#noteColumn(one, version.key),
    }));
    if (required.length === 0) return;
    const tables = new Set(version.sources.flatMap(({ read }) => read.tables));
    const rows = rowsOf(version);
    const filling: Filling = { version, request, route, asked, required, tables, rows };
    this.#fillings.set(version, filling);
    for (const one of required)
      for (const [place, value] of asked) this.#notePlace(placeKey(route, place, one), value, one.value);
    this.#keep(filling);
  }

  #noteColumn(required: Required, key: KeyState): Named | null {
    const id = columnKey(required);
    let column = this.#columns.get(id);
    if (column === undefined) {
      if (this.#columns.size >= COLLISION_LIMITS.columns) return null;
      column = { values: new Set(), named: new Map() };
      this.#columns.set(id, column);
    }
    if (column.values.size < COLLISION_LIMITS.values) column.values.add(required.value);
    const words = kindOf(key);
    const named = column.named.get(words) ?? { fills: 0, named: 0 };
    named.fills++;
    if (key.parts.has(required.value)) named.named++;
    if (column.named.size < COLLISION_LIMITS.values) column.named.set(words, named);
    return named;
  }

  #notePlace(id: string, value: Digest, required: Digest): void {
    let place = this.#places.get(id);
    if (place === undefined) {
      if (this.#places.size >= COLLISION_LIMITS.places) return;
      place = { values: new Set(), violations: 0 };
      this.#places.set(id, place);
    }
    if (value !== required) place.violations++;
    else if (place.values.size < 2) place.values.add(value);
  }

  #keep(filling: Filling): void {
    const { version, required, route } = filling;
    const byRoute = `${kindOf(version.key)}\u0000${route}`;
    keepLast(this.#byRoute, byRoute, filling, COLLISION_LIMITS.routes);
    // A key whose name holds all that was asked for is no one else's.
    if (required.every(({ value }) => version.key.parts.has(value)) && !this.#byKey.has(version.key)) return;
    keepLast(this.#byKey, version.key, filling, COLLISION_LIMITS.keys);
  }

  hit(hit: Hit, by: Asker, route: string): void {
    const filling = this.#fillings.get(hit.version);
    if (filling === undefined || (by.request !== null && filling.request === by.request)) return;
    const { key } = hit.version;
    const left = filling.required.filter((required) => !key.parts.has(required.value) || isLeftOut(required));
    if (left.length > 0) {
      const asked = new Map([...toldBefore(hit.read.invoke, key, by.hits, by.reads), ...by.asked]);
      const base = { hit, request: by.request, route, asked, filling, lookedUp: lookedUp(by.reads) };
      for (const required of left) this.#differing(base, required);
    }
    if (filling.route === route) return;
    const base = { hit, request: by.request, route, asked: by.asked, filling };
    this.#across({ ...base, lookedUp: lookedUp(by.reads) });
  }

  #differing(base: SuspectBase, required: Required): void {
    for (const [place, value] of base.asked) {
      if (value === required.value || base.filling.asked.get(place) !== required.value) continue;
      if (base.lookedUp.has(lookUp(required, value))) continue;
      this.#suspects.push({ ...base, required, place, value });
      if (this.#suspects.length > COLLISION_LIMITS.suspects)
        this.#suspects = this.#suspects.slice(COLLISION_LIMITS.suspects / 2);
    }
  }

  /** Another route's hit on the same value: whether it asks for rows of another table is decided late. */
  #across(base: SuspectBase): void {
    const { filling, route, asked } = base;
    const pair = `${kindOf(filling.version.key)}\u0000${filling.route}\u0000${route}`;
    let known = this.#crossing.get(pair);
    if (known === undefined) {
      if (this.#crossing.size >= COLLISION_LIMITS.pairs) return;
      known = [];
      this.#crossing.set(pair, known);
    }
    for (const required of filling.required)
      for (const [place, value] of asked)
        if (value === required.value && known.length < COLLISION_LIMITS.ofPair)
          known.push({ ...base, required, place, value });
  }

  /** Whether a place of the route's requests is known to hold the value required. */
  isLearned(route: string, place: string, required: Required): boolean {
    const known = this.#places.get(placeKey(route, place, required));
    return known !== undefined && known.violations === 0 && known.values.size >= 2;
  }

  /** Whether nothing says that the place is not the one. */
  mayBe(route: string, place: string, required: Required): boolean {
    const known = this.#places.get(placeKey(route, place, required));
    return known !== undefined && known.violations === 0;
  }

  /** Whether a value was ever required of the column, in just this form. */
  isKnown(required: Required, value: Digest): boolean {
    return this.#columns.get(columnKey(required))?.values.has(value) ?? false;
  }

  fillsOf(key: KeyState): readonly Filling[] {
    return this.#byKey.get(key) ?? [];
  }

  /** Fills of keys of the same kind by requests of a route; the last few. */
  fillsOfRoute(key: KeyState, route: string): readonly Filling[] {
    return this.#byRoute.get(`${kindOf(key)}\u0000${route}`) ?? [];
  }
}

export function lookUp({ table, column }: Required, value: Digest): string {
  return `${table}.${column}=${value}`;
}

/** An asker that looked its own row up first knows which key it reads. */
function lookedUp(reads: Exchange['reads']): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { op } of reads) {
    if (op.kind !== 'read') continue;
    for (const { table, column, values } of op.where.equal)
      for (const value of values) found.add(`${table}.${column}=${value}`);
  }
  return found;
}

/** Whether keys like the value's leave out what is required of the column. */
export function isLeftOut({ naming }: Required): boolean {
  return naming !== null && naming.named < naming.fills;
}

/** What the statements behind a value require. */
function requiredOf(version: Version): readonly Required[] {
  return version.sources.flatMap(({ read, certain }) => {
    const { op } = read;
    if (op.kind !== 'read') return [];
    return op.where.equal.flatMap(({ table, column, values }) => {
      const [value] = values;
      if (value === undefined || values.length !== 1) return [];
      return [{ table, column, shape: op.shape, value, certain, naming: null }];
    });
  });
}

function rowsOf(version: Version): ReadonlySet<RowId> {
  const ids = version.sources.flatMap(({ rows }) =>
    rows.flatMap(({ images }) => images.flatMap(({ id }) => (id === null ? [] : [id]))),
  );
  return new Set(ids);
}

export function columnKey({ shape, table, column }: Required): string {
  return `${shape}\u0000${table}.${column}`;
}

function placeKey(route: string, place: string, required: Required): string {
  return `${routeAround(route, place)}\u0000${place}\u0000${columnKey(required)}`;
}

function keepLast<K>(map: Map<K, Filling[]>, key: K, filling: Filling, most: number): void {
  const list = map.get(key);
  if (list === undefined) {
    if (map.size >= most) map.delete(map.keys().next().value!);
    map.set(key, [filling]);
    return;
  }
  list.push(filling);
  if (list.length > COLLISION_LIMITS.fills) list.shift();
}
