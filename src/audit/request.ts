/** What the command line asks for, read into what the audit needs. Pure. */
import { chooseStores, parseStore, type Store, type StoreKind } from '../watch/stores.ts';
import { decodePart } from '../watch/url-text.ts';
import { embeddedStore, nothingNamed, withoutIts, wrongValue } from './errors.ts';
import type { HttpTarget } from './http.ts';
import { MOST_PATHS } from './http.ts';
import type { Fields } from './http-ask.ts';

/** The flags as given. */
export interface AuditFlags {
  readonly redis: readonly string[];
  readonly postgres: readonly string[];
  readonly redisAdmin?: string;
  readonly http?: string;
  readonly path: readonly string[];
  readonly header: readonly string[];
  readonly upload?: string;
  readonly iOwnThisService?: boolean;
  readonly recording?: string;
  readonly log: readonly string[];
}

export interface AuditRequest {
  readonly redis: readonly Store[];
  readonly postgres: readonly Store[];
  readonly admin: Store | null;
  readonly http: HttpTarget | null;
  readonly upload: { readonly method: string; readonly path: string };
  /** Whether limits may be tried on a service of another machine. */
  readonly owned: boolean;
  readonly recording: string | null;
  readonly logs: readonly string[];
  /** Credentials that are known in the clear and must not be shown. */
  readonly secrets: readonly string[];
}

/**
 * Reads the flags.
 *
 * @throws WhystaleError WSE800…WSE803, and those of store URLs
 */
export function readRequest(flags: AuditFlags, env: NodeJS.ProcessEnv): AuditRequest {
  const redis = storesOf('redis', flags.redis, env);
  const postgres = storesOf('postgres', flags.postgres, env);
  const admin = flags.redisAdmin === undefined ? null : parseStore('redis', flags.redisAdmin, env);
  if (admin !== null && redis.length === 0) throw withoutIts('redis-admin', 'redis');
  const http = httpTarget(flags);
  const { recording, log } = flags;
  if (redis.length + postgres.length + log.length === 0 && http === null && recording === undefined)
    throw nothingNamed();
  return {
    redis,
    postgres,
    admin,
    http,
    upload: uploadOf(flags.upload, http),
    owned: flags.iOwnThisService === true,
    recording: recording ?? null,
    logs: log,
    secrets: secretsOf([...redis, ...postgres, ...(admin === null ? [] : [admin])], http),
  };
}

function storesOf(kind: StoreKind, values: readonly string[], env: NodeJS.ProcessEnv): readonly Store[] {
  return chooseStores(kind, values, env).flatMap((choice) => {
    if (!choice.embedded) return [choice.store];
    if (choice.origin === 'default') return [];
    throw embeddedStore(kind);
  });
}

function httpTarget(flags: AuditFlags): HttpTarget | null {
  const { http, path, header } = flags;
  if (http === undefined) {
    for (const [flag, given] of [
      ['path', path.length > 0],
      ['header', header.length > 0],
      ['upload', flags.upload !== undefined],
    ] as const)
      if (given) throw withoutIts(flag, 'http');
    return null;
  }
  const base = URL.canParse(http) ? new URL(http) : null;
  if (base === null || !/^https?:$/.test(base.protocol) || base.search !== '' || base.hash !== '')
    throw wrongValue('http', http, 'An address such as http://127.0.0.1:8000.');
  const fields = header.map(fieldOf);
  const credential = (name: string) => fields.find(([one]) => one === name)?.[1] ?? null;
  const login = loginOf(base);
  return {
    base: new URL(`${base.origin}${base.pathname}`),
    paths: pathsOf(path),
    fields: fields.filter(([name]) => name !== 'authorization' && name !== 'cookie'),
    authorization: credential('authorization') ?? login,
    cookie: credential('cookie'),
  };
}

/** Credentials in the URL are what a client sends as Basic (RFC 7617). */
function loginOf({ username, password }: URL): string | null {
  if (username === '' && password === '') return null;
  const pair = `${decodePart(username)}:${decodePart(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function pathsOf(given: readonly string[]): readonly string[] {
  const paths = given.length === 0 ? ['/'] : [...new Set(given)];
  const wrong = paths.find((path) => !isPath(path));
  if (wrong !== undefined) throw wrongValue('path', wrong, 'A path such as /items/1, percent-encoded.');
  if (paths.length > MOST_PATHS)
    throw wrongValue('path', paths[MOST_PATHS] ?? '', `${MOST_PATHS} paths at most.`);
  return paths;
}

function isPath(path: string): boolean {
  return /^\/[!-~]*$/.test(path) && !path.includes('#');
}

/** A field name is a token, a value has no control characters (RFC 9110, sections 5.1 and 5.5). */
function fieldOf(text: string): Fields[number] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*([\x20-\x7e\x80-\xff]*?)\s*$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw wrongValue('header', text.replace(/:.*/s, ': …'), "A field such as 'Authorization: Bearer TOKEN'.");
  return [name.toLowerCase(), value];
}

function uploadOf(text: string | undefined, http: HttpTarget | null): AuditRequest['upload'] {
  if (text === undefined) return { method: 'POST', path: http?.paths[0] ?? '/' };
  const [, method, path] = /^(POST|PUT|PATCH)\s+(\S+)$/.exec(text.trim()) ?? [];
  if (method === undefined || path === undefined || !isPath(path))
    throw wrongValue('upload', text, "POST, PUT or PATCH and a path: 'POST /items'.");
  return { method, path };
}

function secretsOf(stores: readonly Store[], http: HttpTarget | null): readonly string[] {
  const fields = (http?.fields ?? []).map(([, value]) => value);
  const { authorization = null, cookie = null } = http ?? {};
  const tokens = (authorization ?? '').split(/\s+/).slice(1);
  const cookies = (cookie ?? '').split(';').map((pair) => pair.slice(pair.indexOf('=') + 1).trim());
  return [
    ...stores.map(({ password }) => password ?? ''),
    ...fields,
    authorization ?? '',
    cookie ?? '',
    ...tokens,
    ...cookies,
  ].filter((secret) => secret.length >= SHORTEST_SECRET);
}

/** Shorter values are words of every sentence. */
const SHORTEST_SECRET = 6;
