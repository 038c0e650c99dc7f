/** What an HTTP server's span says of its request, with secrets masked as in requests that the proxy saw. */
import type { Attributes } from '../../wire/otlp/index.ts';
import type { Digester } from '../context.ts';
import { integerOf, textOf } from './attributes.ts';
import { LIMITS } from './limits.ts';

export interface HttpFields {
  readonly method?: string;
  readonly route?: string;
  readonly path?: string;
  readonly code?: number;
}

/** RFC 9110 section 9.1, in upper case; `_OTHER` stands for one that the convention does not know. */
const METHOD = /^[A-Z_-]{1,32}$/;

export function httpFields(attributes: Attributes, digest: Digester): HttpFields {
  const method = textOf(attributes, 'method')?.toUpperCase();
  const route = textOf(attributes, 'route');
  const path = textOf(attributes, 'path');
  const code = integerOf(attributes, 'code', 100, 999);
  return {
    ...(method === undefined || !METHOD.test(method) ? {} : { method }),
    ...(route === undefined ? {} : { route: maskPath(route, digest) }),
    ...(path === undefined ? {} : { path: maskPath(path, digest) }),
    ...(code === undefined ? {} : { code }),
  };
}

/** A path without query and fragment (`http.target` has them), its segments decoded and secrets in them masked. */
export function maskPath(path: string, digest: Digester): string {
  const plain = path.slice(0, LIMITS.text * 2).split(/[?#]/, 1)[0] as string;
  return plain
    .split('/')
    .map((segment) => digest.key(decoded(segment)))
    .join('/')
    .slice(0, LIMITS.text);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
