/**
 * What a step touches, and when two steps conflict.
 *
 * A resource is a string `store[:scope[:item]]`; what is left out, or written `*`, means all of it:
 *
 * | resource | means |
 * |---|---|
 * | `*` | everything there is |
 * | `redis:*` | all of Redis |
 * | `redis:0` | database 0 |
 * | `redis:0:item:1` | the key `item:1` (all after the second colon, taken literally) |
 * | `redis:0~set:*` | the keys that match the pattern `set:*` |
 * | `pg:items` | the table and all its rows |
 * | `pg:items:1` | one row, as committed |
 * | `lock:items:1` | the lock on a row: what UPDATE takes and COMMIT frees, and a plain SELECT does not mind |
 * | `lock:advisory:42` | an advisory lock |
 * | `http:events` | the order of requests and responses, where an oracle depends on it |
 *
 * Steps commute when their footprints do not conflict; the reduction is as sound as this table is true.
 */
import { globMatches, globPrefix } from './glob.ts';

export type AccessMode = 'read' | 'write';

export interface Access {
  readonly resource: string;
  readonly mode: AccessMode;
}

export type Footprint = readonly Access[];

/** A step that touches nothing others can see. */
export const NOTHING: Footprint = [];

/** A step of which nothing is known. */
export const ANYTHING: Footprint = [{ resource: '*', mode: 'write' }];

/** SQL that was not understood: any row, any lock. */
export const UNKNOWN_SQL: Footprint = [
  { resource: 'pg:*', mode: 'write' },
  { resource: 'lock:*', mode: 'write' },
];

/** A Redis command that was not understood, or a script. */
export const UNKNOWN_REDIS: Footprint = [{ resource: 'redis:*', mode: 'write' }];

export function reads(resource: string): Access {
  return { resource, mode: 'read' };
}

export function writes(resource: string): Access {
  return { resource, mode: 'write' };
}

export function redisKey(database: number, key: string): string {
  return `redis:${database}:${key}`;
}

export function redisPattern(database: number, pattern: string): string {
  return `redis:${database}~${pattern}`;
}

export function pgTable(table: string): string {
  return `pg:${escapeScope(table)}`;
}

/** `row` is the canonical text of the whole unique key. */
export function pgRow(table: string, row: string): string {
  return `pg:${escapeScope(table)}:${row}`;
}

export function rowLock(table: string, row: string): string {
  return `lock:${escapeScope(table)}:${row}`;
}

function escapeScope(name: string): string {
  return name.replace(/[%:~*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

interface Parsed {
  readonly store: string | null;
  readonly scope: string | null;
  readonly item: string | null;
  readonly pattern: boolean;
}

function parse(resource: string): Parsed {
  if (resource === '*') return { store: null, scope: null, item: null, pattern: false };
  const colon = resource.indexOf(':');
  if (colon < 0) return { store: resource, scope: null, item: null, pattern: false };
  const store = resource.slice(0, colon);
  const rest = resource.slice(colon + 1);
  const end = rest.search(/[:~]/);
  const scope = end < 0 ? rest : rest.slice(0, end);
  if (scope === '*') return { store, scope: null, item: null, pattern: false };
  if (end < 0) return { store, scope, item: null, pattern: false };
  return { store, scope, item: rest.slice(end + 1), pattern: rest[end] === '~' };
}

/** Whether two resources have anything in common. Errs towards yes: two patterns overlap unless their fixed beginnings
 * exclude each other. */
export function overlap(a: string, b: string): boolean {
  if (a === b) return true;
  const left = parse(a);
  const right = parse(b);
  if (left.store === null || right.store === null) return true;
  if (left.store !== right.store) return false;
  if (left.scope === null || right.scope === null) return true;
  if (left.scope !== right.scope) return false;
  if (left.item === null || right.item === null) return true;
  if (left.pattern && right.pattern) return prefixesAgree(globPrefix(left.item), globPrefix(right.item));
  if (left.pattern) return globMatches(left.item, right.item);
  if (right.pattern) return globMatches(right.item, left.item);
  return left.item === right.item;
}

function prefixesAgree(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

/** Whether the order of two footprints can matter: something in common, and one of the two writes it. */
export function conflict(a: Footprint, b: Footprint): boolean {
  return a.some((one) =>
    b.some((two) => (one.mode === 'write' || two.mode === 'write') && overlap(one.resource, two.resource)),
  );
}

/** Whether two steps may not change places: one actor's steps keep their order, and conflicts do. */
export function dependent(
  a: { readonly actor: string; readonly footprint: Footprint },
  b: { readonly actor: string; readonly footprint: Footprint },
): boolean {
  return a.actor === b.actor || conflict(a.footprint, b.footprint);
}

/** One text per set of accesses, whatever their order. */
export function footprintKey(footprint: Footprint): string {
  const [only, ...rest] = footprint;
  if (only === undefined) return '';
  if (rest.length === 0) return accessKey(only);
  return [...new Set(footprint.map(accessKey))].sort().join('\n');
}

function accessKey({ mode, resource }: Access): string {
  return mode === 'read' ? `r ${resource}` : `w ${resource}`;
}

/** Whether two footprints are equal as sets. */
export function sameFootprint(a: Footprint, b: Footprint): boolean {
  const alike = ({ resource, mode }: Access, at: number) =>
    b[at]?.resource === resource && b[at].mode === mode;
  return a === b || (a.length === b.length && a.every(alike)) || footprintKey(a) === footprintKey(b);
}
