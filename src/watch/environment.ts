/**
 * The environment of the watched service: everything that names a store in the caller's environment names its proxy in
 * the child's, and nothing else changes. Pure.
 */
import { otlpVariables } from './otlp-environment.ts';
import { proxiedPairs, type TextRecord } from './proxied-pairs.ts';
import { type ProxiedStore, proxiedUrl, proxiedValue } from './proxied-value.ts';
import { isPostgresScheme } from './store-postgres.ts';
import { redisScheme } from './store-redis.ts';
import { STORE_VARIABLES, type StoreKind } from './stores.ts';
import { expand, type TemplateValues, templateValues } from './templates.ts';
import { joinUrl, redactText, splitUrl } from './url-text.ts';

export type { ProxiedStore } from './proxied-value.ts';

export interface EnvironmentRequest {
  /** The caller's environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Stores with their proxies; of each kind the first one is meant by REDIS_URL and DATABASE_URL. */
  readonly stores: readonly ProxiedStore[];
  /** `--env NAME=TEMPLATE`, in order. */
  readonly templates?: readonly (readonly [name: string, template: string])[];
  /** The value of `{port}`. */
  readonly port?: number;
  /** URL of the OTLP receiver, the value of `{otlp}`; absent: there is none. */
  readonly otlp?: string;
}

/** One variable that the child gets with another value than the caller has. */
export interface ChangedVariable {
  readonly name: string;
  /** `proxy`: names a store; `tls`: asked for what the loopback proxy does not offer; `otlp`: names the span receiver;
   * `env`: `--env`. */
  readonly why: 'proxy' | 'tls' | 'otlp' | 'env';
  /** Without credentials; null when the caller did not have it. */
  readonly before: string | null;
  /** Without credentials. */
  readonly after: string;
}

export interface ChildEnvironment {
  readonly env: Readonly<Record<string, string>>;
  readonly changed: readonly ChangedVariable[];
  /** What `{redis}`, `{port}`… stand for, for use elsewhere. */
  readonly values: TemplateValues;
}

/**
 * The child's environment and what is different in it.
 *
 * @throws WhystaleError WSE425 when a template names something unknown
 */
export function childEnvironment(request: EnvironmentRequest): ChildEnvironment {
  const caller = defined(request.env);
  const env: Record<string, string> = { ...caller };
  const why = new Map<string, ChangedVariable['why']>();
  const set = (changes: TextRecord, reason: ChangedVariable['why']): void => {
    for (const [name, value] of Object.entries(changes)) {
      if (env[name] === value) continue;
      env[name] = value;
      why.set(name, reason);
    }
  };
  set(proxiedRecord(caller, request.stores), 'proxy');
  set(libpqWithoutTls(caller, request.stores), 'tls');
  const urls = mainUrls(caller, request.stores);
  set(urls, 'proxy');
  const firsts = new Set(
    ['redis', 'postgres'].map((kind) => request.stores.find(({ store }) => store.kind === kind)),
  );
  const urlOf = (proxied: ProxiedStore): string =>
    (firsts.has(proxied) ? urls[STORE_VARIABLES[proxied.store.kind]] : undefined) ??
    proxiedUrl(proxied.store.url, [proxied]);
  const { otlp } = request;
  if (otlp !== undefined) set(otlpVariables(caller, otlp), 'otlp');
  const values = {
    ...templateValues(request.stores, urlOf, request.port),
    ...(otlp === undefined ? {} : { otlp }),
  };
  for (const [name, template] of request.templates ?? []) set({ [name]: expand(template, values) }, 'env');
  const changed = [...why].map(([name, reason]) => ({
    name,
    why: reason,
    before: caller[name] === undefined ? null : hidden(name, caller[name], request.stores),
    after: hidden(name, env[name] ?? '', request.stores),
  }));
  return { env, changed, values };
}

const SECRET_NAME = /pass(?:word|wd)?$|pwd|secret|token/i;
/** Shorter passwords occur in other words; hiding those would only garble the text. */
const SHORTEST_PASSWORD = 4;

/** A value as it may be shown: without the stores' passwords, wherever they stand in it. */
function hidden(name: string, value: string, stores: readonly ProxiedStore[]): string {
  if (SECRET_NAME.test(name)) return '***';
  const passwords = stores
    .map(({ store }) => store.password ?? '')
    .filter((password) => password.length >= SHORTEST_PASSWORD);
  return passwords.reduce((text, password) => text.replaceAll(password, '***'), redactText(value));
}

function defined(env: NodeJS.ProcessEnv): TextRecord {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The entries of a record that name a store, rewritten: single values, and pairs of host and port. */
function proxiedRecord(record: TextRecord, stores: readonly ProxiedStore[]): TextRecord {
  const changes: Record<string, string> = {};
  for (const [name, value] of Object.entries(record)) {
    const rewritten = proxiedJson(value, stores) ?? proxiedValue(value, stores);
    if (rewritten !== value) changes[name] = rewritten;
  }
  return { ...changes, ...proxiedPairs(record, stores) };
}

/** Deepest nesting of a JSON value that is looked into. */
const JSON_DEPTH = 20;

/** A JSON document as a value (NODE_CONFIG, SPRING_APPLICATION_JSON…); null when it is none or names no store. */
function proxiedJson(value: string, stores: readonly ProxiedStore[]): string | null {
  if (!/^\s*[[{]/.test(value)) return null;
  let document: unknown;
  try {
    document = JSON.parse(value);
  } catch {
    return null;
  }
  const rewritten = JSON.stringify(proxiedNode(document, stores, JSON_DEPTH));
  return rewritten === JSON.stringify(document) ? null : rewritten;
}

function proxiedNode(node: unknown, stores: readonly ProxiedStore[], depth: number): unknown {
  if (typeof node === 'string') return proxiedValue(node, stores);
  if (typeof node !== 'object' || node === null || depth === 0) return node;
  if (Array.isArray(node)) return node.map((item) => proxiedNode(item, stores, depth - 1));
  const entries = Object.entries(node);
  const scalars = entries.filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  const texts = Object.fromEntries(scalars.map(([name, value]) => [name, String(value)]));
  const pairs = proxiedPairs(texts, stores);
  const kept = entries.map(([name, value]) => [
    name,
    name in pairs ? likeBefore(value, pairs[name] ?? '') : proxiedNode(value, stores, depth - 1),
  ]);
  const added = Object.entries(pairs)
    .filter(([name]) => !(name in texts))
    .map(([name, value]) => [name, Number(value)]);
  return Object.fromEntries([...kept, ...added]);
}

function likeBefore(before: unknown, after: string): unknown {
  if (typeof before === 'number') return Number(after);
  return typeof before === 'boolean' ? after.toLowerCase() === 'true' : after;
}

/** libpq's own variables that make every connection insist on TLS, or on what only TLS gives. */
const LIBPQ_TLS: readonly (readonly [name: string, value: string, harmless: readonly string[]])[] = [
  ['PGSSLMODE', 'disable', ['disable', 'allow']],
  ['PGSSLNEGOTIATION', 'postgres', ['postgres']],
  ['PGCHANNELBINDING', 'disable', ['disable', 'prefer']],
  ['PGGSSENCMODE', 'disable', ['disable', 'prefer']],
];

function libpqWithoutTls(caller: TextRecord, stores: readonly ProxiedStore[]): TextRecord {
  if (!stores.some(({ store }) => store.kind === 'postgres')) return {};
  const insisting = LIBPQ_TLS.filter(([name, , harmless]) => {
    const value = caller[name];
    return value !== undefined && value !== '' && !harmless.includes(value);
  });
  return Object.fromEntries(insisting.map(([name, value]) => [name, value]));
}

/** REDIS_URL and DATABASE_URL, always. A caller's own value that names the store keeps its form. */
function mainUrls(caller: TextRecord, stores: readonly ProxiedStore[]): TextRecord {
  const urls: Record<string, string> = {};
  for (const kind of ['redis', 'postgres'] as const) {
    const first = stores.find(({ store }) => store.kind === kind);
    if (first === undefined) continue;
    const variable = STORE_VARIABLES[kind];
    const own = caller[variable]?.trim();
    const rewritten = own === undefined ? undefined : proxiedValue(own, [first]);
    urls[variable] =
      own !== undefined && rewritten !== undefined && rewritten !== own
        ? rewritten
        : withSchemeOf(own, kind, proxiedUrl(first.store.url, [first]));
  }
  return urls;
}

/** Keeps the driver that the caller's URL names (`postgresql+asyncpg`), although it names another server. */
function withSchemeOf(own: string | undefined, kind: StoreKind, url: string): string {
  const scheme = own === undefined ? undefined : splitUrl(own)?.scheme;
  const parts = splitUrl(url);
  if (scheme === undefined || parts === null) return url;
  const usable = kind === 'postgres' ? isPostgresScheme(scheme) : redisScheme(scheme) === 'plain';
  return usable ? joinUrl({ ...parts, scheme }) : url;
}
