/**
 * Whether caches that users share (a CDN, a reverse proxy) may store a response and answer other users with it: facts for
 * WS303 (core/safety/private-response.ts), told from header fields. No value of a field goes further.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-3 (what may be stored), 3.5 (Authorization), 4.1 (Vary), 7.3 (cookies)
 */
import type { SharedResponse } from '../core/operation.ts';
import { type Credentials, namesSession } from '../proxy/http-credentials.ts';
import type { RawHeaders } from '../proxy/http-session.ts';

/** Null when it may not be stored, or only for those who show the same credentials. */
export function sharedResponse(
  method: string,
  credentials: Credentials,
  headers: RawHeaders,
): SharedResponse | null {
  if (method !== 'GET' && method !== 'HEAD') return null;
  const directives = directivesOf(valuesOf(headers, 'cache-control'));
  const by = storableBy(directives, headers, credentials);
  if (by === null) return null;
  const vary = valuesOf(headers, 'vary').flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
  if (vary.some((name) => name.trim() === '*')) return null;
  if (valuesOf(headers, 'set-cookie').some(setsSession)) return { by, credentials, setsSession: true };
  if (credentials !== 'none' && vary.some((name) => name.trim() === credentials)) return null;
  if (isSameForAll(headers, credentials)) return null;
  return { by, credentials };
}

export type Directives = ReadonlyMap<string, string | null>;

/** Directives of Cache-Control in lower case, with their arguments without quotes (RFC 9111 section 5.2). */
export function directivesOf(values: readonly string[]): Directives {
  const directives = new Map<string, string | null>();
  for (const [, name, quoted, plain] of values
    .join(',')
    .matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;"]*)))?/g))
    directives.set((name ?? '').toLowerCase(), quoted ?? plain ?? null);
  return directives;
}

/** What lets a shared cache store it and use it without asking the service again. */
function storableBy(
  directives: Directives,
  headers: RawHeaders,
  credentials: Credentials,
): SharedResponse['by'] | null {
  if (directives.has('no-store') || directives.has('private') || directives.has('no-cache')) return null;
  const lifetime = seconds(directives, 's-maxage') ?? seconds(directives, 'max-age');
  if (lifetime !== null && lifetime <= 0) return null;
  if (directives.has('s-maxage') || directives.has('public')) return 'explicit';
  if (lifetime === null && !expiresLater(headers)) return null;
  // Section 3.5: with Authorization a response may be stored only where a directive says so.
  if (credentials !== 'authorization') return 'default';
  return directives.has('must-revalidate') ? 'explicit' : null;
}

function seconds(directives: Directives, name: string): number | null {
  const value = directives.get(name);
  return value == null || !/^\d+$/.test(value) ? null : Number(value);
}

/** Whether Expires lies after Date; a time that cannot be read has passed (section 5.3). */
function expiresLater(headers: RawHeaders): boolean {
  const [expires] = valuesOf(headers, 'expires');
  const [date] = valuesOf(headers, 'date');
  if (expires === undefined || date === undefined) return false;
  return Date.parse(expires) > Date.parse(date);
}

/** A cookie of a session that is handed out, not removed. */
function setsSession(cookie: string): boolean {
  const cut = cookie.indexOf('=');
  if (cut <= 0 || !namesSession(cookie.slice(0, cut).trim())) return false;
  const [value = '', ...attributes] = cookie.slice(cut + 1).split(';');
  const removed = attributes.some((text) =>
    /^\s*max-age\s*=\s*-?0*\s*$|^\s*expires\s*=.*\b19[67]\d\b/i.test(text),
  );
  return value.trim().replace(/^"|"$/g, '') !== '' && !removed;
}

/** Code, styles and fonts are the same for every user, whatever the request carries; so are pictures, with which browsers
 * send cookies unasked. */
function isSameForAll(headers: RawHeaders, credentials: Credentials): boolean {
  const [type = ''] = valuesOf(headers, 'content-type');
  return CODE.test(type) || (credentials === 'cookie' && /^\s*(?:image|audio|video)\//i.test(type));
}

const CODE =
  /^\s*(?:text\/css|(?:text|application)\/(?:x-)?javascript|application\/wasm|font\/|application\/(?:x-)?font)/i;

/** The values of every field of this name (in lower case), in order. */
export function valuesOf(headers: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (headers[at]!.toLowerCase() === name) values.push(headers[at + 1]!);
  return values;
}
