/** What a request asks by, and what names its asker: places with values, so that they can be held against statements. */

import { innerSegments, outerSegments } from '../keys.ts';
import type { Digest, HttpRequest } from '../operation.ts';
import { indexPayload } from '../payload.ts';
import type { ReadFact } from '../source.ts';
import type { KeyState } from '../versions.ts';
import type { Hit } from './exchange.ts';

/** Leaves of one value that may name the asker. */
const MAX_LEAVES = 24;
/** Hits and reads of a request that are looked at; who asks is read first. */
const MAX_EARLIER = 4;

/** `path:1`, `?lang`, `header:x-tenant` to what stands there. */
export function askedOf(request: HttpRequest): ReadonlyMap<string, Digest> {
  const asked = new Map<string, Digest>();
  for (const [i, part] of (request.parts ?? []).entries()) asked.set(`path:${i}`, part);
  for (const [place, value] of request.asked ?? []) asked.set(place, value);
  return asked;
}

/** Whether a place is of the request itself, not of something that was read for it. */
export function isOfRequest(place: string): boolean {
  return /^(?:path:|\?|header:)/.test(place);
}

/** What was read before a moment and may name the asker: a session's user, the tenant of a token. */
export function toldBefore(
  moment: number,
  about: KeyState,
  hits: readonly Hit[],
  reads: readonly ReadFact[],
): ReadonlyMap<string, Digest> {
  const told = new Map<string, Digest>();
  for (const { version, read } of hits.slice(0, MAX_EARLIER)) {
    if ((read.return ?? moment) > moment || version.key === about || version.payload === null) continue;
    const kind = kindOf(version.key);
    for (const leaf of indexPayload(version.payload).leaves.slice(0, MAX_LEAVES))
      told.set(`hit:${kind}:${leaf.place}`, leaf.value);
  }
  for (const { op, rows } of reads.slice(0, MAX_EARLIER)) {
    if (op.kind !== 'read' || (op.return ?? moment) > moment || rows.length !== 1) continue;
    for (const cell of rows[0]!.cells.slice(0, MAX_LEAVES))
      told.set(`row:${cell.table ?? ''}.${cell.column ?? cell.name}`, cell.value);
  }
  return told;
}

/** What keys of one kind have in common, before templates are learned: how they begin, and how many segments they have. */
export function kindOf(key: KeyState): string {
  let kind = kinds.get(key);
  if (kind === undefined) {
    kind = kindOfName(key);
    kinds.set(key, kind);
  }
  return kind;
}

const kinds = new WeakMap<KeyState, string>();

function kindOfName(key: KeyState): string {
  const segments = outerSegments(key.name).filter(({ look }) => look !== 'separator');
  const [first] = segments;
  return first === undefined ? '' : `${innerSegments(first)[0]?.text ?? ''} ${segments.length}`;
}

/** The route of a request with one place of its path left open: `GET /{id}/settings` for `path:0`. */
export function routeAround(route: string, place: string): string {
  const index = /^path:(\d+)$/.exec(place)?.[1];
  if (index === undefined) return route;
  let at = -1;
  return route
    .split('/')
    .map((segment, i) => {
      if (i === 0 || segment === '') return segment;
      at++;
      return at === Number(index) ? '{id}' : segment;
    })
    .join('/');
}

/** A place in words: `path segment 2`, `?lang`, `header x-tenant`. */
export function placeText(place: string): string {
  const path = /^path:(\d+)$/.exec(place)?.[1];
  if (path !== undefined) return `path segment ${Number(path) + 1}`;
  if (place.startsWith('header:')) return `header ${place.slice(7)}`;
  if (place.startsWith('hit:'))
    return `${place.slice(place.lastIndexOf(':') + 1) || 'the value'} of the session`;
  if (place.startsWith('row:')) return place.slice(4);
  return place;
}
