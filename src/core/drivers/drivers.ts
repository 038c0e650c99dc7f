/**
 * Which libraries stand behind a finding. Each connection's signs are judged by themselves; where they leave it open, other
 * connections that began alike decide, then the language that the other store's connections tell. What stays open stays null:
 * a remedy for the wrong library is worse than one for none.
 */
import { addTo } from '../multimap.ts';
import type { ClientSession } from '../operation.ts';
import { layerOfShape, layerOfSigns } from './layers.ts';
import { postgresDriver, postgresDriverIn } from './postgres.ts';
import { redisDriver, redisDriverIn } from './redis.ts';
import {
  LANGUAGES,
  type Language,
  type Layer,
  type PostgresDriver,
  type RedisDriver,
  type Signs,
  type Stack,
  signOf,
} from './stack.ts';

export const DRIVER_LIMITS = {
  /** Connections whose signs are kept. */
  sessions: 10_000,
  /** Statement shapes that were judged. */
  shapes: 5_000,
} as const;

/** Where a finding happened. */
export interface Place {
  /** Connections that wrote the rows and read the value; absent: not seen. */
  readonly postgres?: string | undefined;
  readonly redis?: string | undefined;
}

export class Drivers {
  readonly #signs = { redis: new Map<string, Signs>(), postgres: new Map<string, Signs>() };
  readonly #shapes = new Map<string, Layer | null>();
  /** Layers by connection, from its statements. */
  readonly #layers = new Map<string, Set<Layer>>();

  /** Takes what a connection showed; the last replaces what it showed before. */
  add({ store, session, signs }: ClientSession): void {
    const known = this.#signs[store];
    if (known.size >= DRIVER_LIMITS.sessions && !known.has(session)) return;
    const gathered = new Map<string, string[]>();
    for (const [sign, value] of signs) gathered.set(sign, [...(gathered.get(sign) ?? []), value]);
    known.set(session, gathered);
  }

  /** Takes a statement's shape. */
  statement(session: string, shape: string): void {
    let layer = this.#shapes.get(shape);
    if (layer === undefined) {
      layer = layerOfShape(shape);
      if (this.#shapes.size < DRIVER_LIMITS.shapes) this.#shapes.set(shape, layer);
    }
    if (layer === null || (this.#layers.size >= DRIVER_LIMITS.sessions && !this.#layers.has(session))) return;
    addTo(this.#layers, session, layer);
  }

  /** The libraries behind a finding. */
  stack(place: Place): Stack {
    const layer = this.#layer(place.postgres);
    const postgres = this.#told('postgres', place.postgres, postgresDriver);
    const redis = this.#told('redis', place.redis, redisDriver);
    const language = agreed(layer === null ? null : LANGUAGES[layer], postgres, redis);
    const source = postgres ?? (language === null ? null : this.#sourceIn(place.postgres, language));
    const cache = redis ?? (language === null ? null : this.#cacheIn(place.redis, language));
    if (language === null) return { language, redis: null, postgres: null, layer: null, awaited: null };
    return {
      language,
      redis: fitting(cache, language),
      postgres: fitting(source, language),
      layer: fitting(layer, language),
      awaited: awaitedBy(language, fitting(source, language)),
    };
  }

  /** The driver of a connection; of one that does not tell, the driver of all that began alike, if they tell one. */
  #told<Driver>(
    store: 'redis' | 'postgres',
    session: string | undefined,
    judge: (signs: Signs) => { readonly driver: Driver | null; readonly language: string | null },
  ): Driver | 'other' | null {
    const all = this.#signs[store];
    const own = session === undefined ? undefined : all.get(session);
    const said = own === undefined ? null : judge(own);
    if (said?.driver != null) return said.driver;
    if (said?.language === 'other') return 'other';
    const found = new Set<Driver | 'other'>();
    for (const signs of all.values()) {
      if (own !== undefined && signOf(signs, 'startup') !== signOf(own, 'startup')) continue;
      const { driver, language } = judge(signs);
      if (driver !== null) found.add(driver);
      else if (language === 'other') found.add('other');
    }
    const [one] = found;
    return found.size === 1 ? (one ?? null) : found.size === 0 ? null : 'other';
  }

  #sourceIn(session: string | undefined, language: Language): PostgresDriver | null {
    return only(this.#relevant('postgres', session).map((signs) => postgresDriverIn(language, signs)));
  }

  #cacheIn(session: string | undefined, language: Language): RedisDriver | null {
    return only(this.#relevant('redis', session).map((signs) => redisDriverIn(language, signs)));
  }

  #relevant(store: 'redis' | 'postgres', session: string | undefined): Signs[] {
    const own = session === undefined ? undefined : this.#signs[store].get(session);
    return own === undefined ? [...this.#signs[store].values()] : [own];
  }

  /** The one layer of the connection's statements and questions; else of all connections. */
  #layer(session: string | undefined): Layer | null {
    const own = session === undefined ? null : this.#layersOf(session);
    if (own !== null && own.size > 0) return only([...own]);
    const all = new Set<Layer>();
    for (const name of new Set([...this.#layers.keys(), ...this.#signs.postgres.keys()]))
      for (const layer of this.#layersOf(name)) all.add(layer);
    return only([...all]);
  }

  #layersOf(session: string): Set<Layer> {
    const layers = new Set(this.#layers.get(session));
    const signs = this.#signs.postgres.get(session);
    const asked = signs === undefined ? null : layerOfSigns(signs);
    if (asked !== null) layers.add(asked);
    return layers;
  }
}

/** The language that everything which tells one agrees on. */
function agreed(
  layer: Language | null,
  postgres: PostgresDriver | 'other' | null,
  redis: RedisDriver | 'other' | null,
): Language | null {
  // The statement's side decides: it is where the fix begins.
  if (postgres === 'other') return null;
  const source = postgres === null ? layer : LANGUAGES[postgres];
  if (source !== null) return source;
  return redis === null || redis === 'other' ? null : LANGUAGES[redis];
}

function fitting<Library extends RedisDriver | PostgresDriver | Layer>(
  library: Library | 'other' | null,
  language: Language,
): Library | null {
  return library === null || library === 'other' || LANGUAGES[library] !== language ? null : library;
}

function awaitedBy(language: Language, postgres: PostgresDriver | null): boolean | null {
  if (language === 'javascript' || postgres === 'asyncpg') return true;
  return postgres === 'psycopg2' ? false : null;
}

/** The one value that all agree on. */
function only<T>(values: readonly (T | null)[]): T | null {
  const distinct = new Set(values.filter((value) => value !== null));
  const [one] = distinct;
  return distinct.size === 1 ? (one ?? null) : null;
}
