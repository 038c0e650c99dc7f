/** What a caller tells of requests and no recording knows: bodies and headers. */
import { wrongBody, wrongHeader } from './errors.ts';

/** A body for the requests of one path; `{…}` in it stands for any segment. */
export interface ToldBody {
  /** As it was given. */
  readonly text: string;
  readonly method: string;
  readonly path: string;
  /** Null: none. */
  readonly body: string | null;
}

/** `PUT /items/{id}={"price": 12}`. Throws WSE672. */
export function toldBody(text: string): ToldBody {
  const match = /^\s*([A-Za-z]+)\s+(\/[^\s=]*)\s*=(.*)$/s.exec(text);
  if (match === null) throw wrongBody(text);
  const [, method = '', path = '', body = ''] = match;
  return { text, method: method.toUpperCase(), path, body: body.trim() === '' ? null : body.trim() };
}

/** `authorization: Bearer x`. Throws WSE674. */
export function toldHeader(text: string): readonly [name: string, value: string] {
  const match = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*?)\s*$/.exec(text);
  if (match === null || match[2] === '') throw wrongHeader(text);
  return [match[1]!.toLowerCase(), match[2]!];
}

/** Whether a path fits a pattern, segment by segment: `{id}`, or `:id`, fits any. Queries do not count. */
export function fits(pattern: string, path: string): boolean {
  const [wanted, found] = [segmentsOf(pattern), segmentsOf(path)];
  return (
    wanted.length === found.length &&
    wanted.every((segment, i) => segment === found[i] || isVariable(segment))
  );
}

/** Values of a path's variable segments. */
export function valuesIn(pattern: string, path: string): readonly string[] {
  const found = segmentsOf(path);
  return segmentsOf(pattern).flatMap((segment, i) => (isVariable(segment) ? [found[i] ?? ''] : []));
}

export function isVariable(segment: string): boolean {
  return /^(?:\{.*\}|:\w+)$/.test(segment);
}

function segmentsOf(path: string): readonly string[] {
  return path.replace(/\?.*$/s, '').split('/');
}

/** The method and the path of `GET /items/{id}`. */
export function partsOfRoute(route: string): { readonly method: string; readonly path: string } {
  const cut = route.indexOf(' ');
  return { method: route.slice(0, cut), path: route.slice(cut + 1) };
}

/** Whether a request is one of a route's. */
export function isOf(route: string, { method, path }: { readonly method: string; readonly path: string }) {
  const wanted = partsOfRoute(route);
  return wanted.method === method && fits(wanted.path, path);
}
