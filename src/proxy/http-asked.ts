/**
 * What a request asks by, besides its path: its query, and header fields that may name a tenant, a user or a language. Only
 * texts are taken here; who records them decides in which form.
 */
import type { IncomingMessage } from 'node:http';
import net from 'node:net';

export const ASKED_LIMITS = {
  /** Parameters of the query and header fields that are looked at, and the longest name and value, characters. */
  parameters: 16,
  fields: 8,
  name: 64,
  value: 256,
} as const;

/** Place (`?lang`, `header:x-tenant`) and text. */
export type Asked = readonly (readonly [place: string, text: string])[];

/** Fields that proxies, tracing, browsers and test tools add: they say how a request came, not what it asks for. */
const PASSING =
  /^x-(?:forwarded|original|real|client-ip|cluster|request|correlation|trace|tracing|span|b3|amzn?|cloud|goog|gcp|azure|arr|ms|appengine|datadog|newrelic|envoy|istio|cf|akamai|fastly|vercel|railway|render|fly|heroku|http-method|method-override|requested-with|csrf|xsrf|ua|wap|att|do-not-track|purpose|moz|chrome|middleware|nextjs|matched|invoke|forwarded|powered|nonce|timestamp|date|start|queue|cache|varnish|debug|idempotency)/;

/** Repeated names count once, with their first value. */
export function askedOf(request: IncomingMessage): Asked {
  const asked: [string, string][] = [...queryOf(request.url ?? '')];
  let fields = 0;
  const { headers } = request;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('x-') || PASSING.test(name) || typeof value !== 'string') continue;
    if (!fits(name, value) || fields >= ASKED_LIMITS.fields) continue;
    fields++;
    asked.push([`header:${name}`, value]);
  }
  asked.push(...hostOf(headers.host), ...languageOf(headers['accept-language']));
  return asked;
}

function* queryOf(url: string): Iterable<[string, string]> {
  const cut = url.indexOf('?');
  if (cut < 0) return;
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(url.slice(cut + 1, cut + 1 + MAX_QUERY))) {
    if (seen.size >= ASKED_LIMITS.parameters) return;
    if (seen.has(name) || !fits(name, value)) continue;
    seen.add(name);
    yield [`?${name}`, value];
  }
}

/** Longest part of a query that is looked at, characters. */
const MAX_QUERY = 8_192;

function fits(name: string, value: string): boolean {
  return (
    name !== '' && name.length <= ASKED_LIMITS.name && value !== '' && value.length <= ASKED_LIMITS.value
  );
}

/** The host's name, and its first label where that may be a tenant's. An address or a bare name is no one's. */
function hostOf(host: string | undefined): readonly [string, string][] {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  const labels = name.split('.');
  if (labels.length < 2 || net.isIP(name.replace(/^\[|\]$/g, '')) !== 0 || name.length > ASKED_LIMITS.value)
    return [];
  return [
    ['header:host', name],
    ['header:host label', labels[0]!],
  ];
}

/** The language that is preferred (RFC 9110 section 12.5.4): the first tag, and its primary subtag. */
function languageOf(field: string | undefined): readonly [string, string][] {
  const [tag] = /^\s*[A-Za-z]{1,8}(?:-[A-Za-z\d]{1,8})*/.exec(field ?? '') ?? [];
  if (tag === undefined) return [];
  const [primary = ''] = tag.trim().split('-');
  return [
    ['header:accept-language', tag.trim()],
    ['header:accept-language primary', primary.toLowerCase()],
  ];
}
