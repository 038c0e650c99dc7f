/**
 * The stores a run is about: what `--redis` and `--postgres` say, or `$REDIS_URL`, `$DATABASE_URL` and libpq's PG…
 * variables, read into one shape. Pure: the environment is an argument.
 */
import { WhystaleError } from '../errors.ts';
import { type Endpoint, formatEndpoint } from '../proxy/endpoint.ts';
import { parsePostgres, postgresHint } from './store-postgres.ts';
import { parseRedis, redisHint } from './store-redis.ts';
import { redactText } from './url-text.ts';

export type StoreKind = 'redis' | 'postgres';

/** How TLS towards a store is made. */
export interface StoreTls {
  /** `prefer`: TLS when the server offers it (libpq's default); `require`: TLS or nothing. */
  readonly mode: 'prefer' | 'require';
  /** `none`: any certificate; `ca`: signed by a known authority; `full`: and for this host name. */
  readonly verify: 'none' | 'ca' | 'full';
  /** Files in PEM, as named in the URL. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** One store, wherever it was named. Holds credentials: print {@link displayStore}, never the record. */
export interface Store {
  readonly kind: StoreKind;
  /** The NAME of `NAME=URL`; null without one. */
  readonly name: string | null;
  readonly endpoint: Endpoint;
  /** Null: plain text only. */
  readonly tls: StoreTls | null;
  readonly user: string | null;
  readonly password: string | null;
  /** PostgreSQL's database name (null: the server's default), or the Redis database number as text. */
  readonly database: string | null;
  /** The URL with credentials; forms that are no URL are turned into one. */
  readonly url: string;
}

/** One place to take a store from: an existing one, or an engine that is to be started. */
export type StoreChoice =
  | { readonly embedded: false; readonly store: Store; readonly origin: string }
  | {
      readonly embedded: true;
      readonly name: string | null;
      readonly origin: string;
      /** Set when other variables (PGHOST, REDIS_HOST) name a server that is not used: what to give instead. */
      readonly hint?: string;
    };

/** The value that asks for an engine of our own. */
export const EMBEDDED = 'embedded';

/** Variables that the contract names as defaults and that the child always gets. */
export const STORE_VARIABLES: Readonly<Record<StoreKind, string>> = {
  redis: 'REDIS_URL',
  postgres: 'DATABASE_URL',
};

const PARSERS = { redis: parseRedis, postgres: parsePostgres } as const;
const HINTS = { redis: redisHint, postgres: postgresHint } as const;

/** Names that would be mistaken for a keyword of a `host=… port=…` text or a template part. */
const NAMED = /^(?<name>[A-Za-z][\w-]*)=(?<rest>embedded$|[a-z][a-z0-9+.:-]*:\/\/.*)/is;

/**
 * Reads one `[NAME=]URL`.
 *
 * @throws WhystaleError WSE421 unreadable, WSE422 scheme of something else, WSE423 a topology that is not supported
 */
export function parseStore(kind: StoreKind, text: string, env: NodeJS.ProcessEnv = {}): Store {
  const { name, rest } = splitName(text.trim());
  return { ...PARSERS[kind](rest, env), name };
}

function splitName(text: string): { readonly name: string | null; readonly rest: string } {
  const groups = NAMED.exec(text)?.groups;
  return { name: groups?.name ?? null, rest: groups?.rest ?? text };
}

/**
 * The stores of one kind: the values given, else the default variable, else an embedded engine.
 *
 * @param values what the option was given, in order; the first one is the primary until the server says otherwise
 * @throws WhystaleError as {@link parseStore}; WSE424 when two stores have one name
 */
export function chooseStores(
  kind: StoreKind,
  values: readonly string[],
  env: NodeJS.ProcessEnv,
): readonly StoreChoice[] {
  if (values.length > 0) {
    const choices = values.map((value) => choose(kind, value, `--${kind}`, env));
    assertNames(kind, choices);
    return choices;
  }
  const variable = STORE_VARIABLES[kind];
  const value = env[variable]?.trim();
  if (value) return [choose(kind, value, `$${variable}`, env)];
  const hint = HINTS[kind](env);
  return [{ embedded: true, name: null, origin: 'default', ...(hint === null ? {} : { hint }) }];
}

function choose(kind: StoreKind, value: string, origin: string, env: NodeJS.ProcessEnv): StoreChoice {
  const { name, rest } = splitName(value.trim());
  if (rest.toLowerCase() === EMBEDDED) return { embedded: true, name, origin };
  return { embedded: false, store: parseStore(kind, value, env), origin };
}

function assertNames(kind: StoreKind, choices: readonly StoreChoice[]): void {
  const seen = new Set<string>();
  for (const choice of choices) {
    const name = choice.embedded ? choice.name : choice.store.name;
    if (name === null) continue;
    if (seen.has(name)) {
      throw new WhystaleError({
        code: 'WSE424',
        what: `Two --${kind} stores are named ${name}.`,
        expected: 'A different NAME for each.',
        retry: 'after-fix',
        next: `Rename one: --${kind} OTHER=URL.`,
        exitCode: 2,
      });
    }
    seen.add(name);
  }
}

/** A store as it may be shown: scheme, user, endpoint, database; never a password. */
export function displayStore(store: Store): string {
  const scheme = store.kind === 'redis' ? (store.tls === null ? 'redis' : 'rediss') : 'postgresql';
  const login = store.user === null ? (store.password === null ? '' : '***@') : `${redactText(store.user)}@`;
  const database = store.database === null ? '' : `/${store.database}`;
  const label = store.name === null ? '' : `${store.name}=`;
  return `${label}${scheme}://${login}${formatEndpoint(store.endpoint)}${database}`;
}
