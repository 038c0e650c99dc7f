/** Which requests stand for a pair: the same row on both sides, and such as can be sent again. */
import type { Digest, HttpRequest } from '../../core/operation.ts';
import type { RowId } from '../../core/source.ts';
import type { Base, BaseRequest } from './base.ts';
import type { Pair } from './pairs.ts';
import type { Sample } from './sightings.ts';
import { fits, isOf, isVariable, partsOfRoute, type ToldBody, valuesIn } from './told.ts';

/** A request that may be sent. */
export interface Candidate {
  readonly method: string;
  /** With its query, as far as that is known. */
  readonly path: string;
  /** Where it comes from; `told`: its path stands in a `--body`. */
  readonly from: 'recording' | 'base' | 'told';
  readonly fields: BaseRequest['fields'];
  readonly rows: ReadonlySet<RowId>;
  readonly code: number | null;
  /** Parameters of the query and headers that it was asked by and whose values are not recorded. */
  readonly unknown: readonly string[];
}

export interface Chosen {
  readonly reader: Candidate;
  readonly writer: Candidate;
  readonly sameRow: boolean;
}

export interface Sources {
  readonly base: Base | null;
  readonly bodies: readonly ToldBody[];
  /** Text of a digest, where the recording holds values in the clear. */
  readonly reveal: (digest: Digest) => string | undefined;
}

/** Null: no request of one of the two can be sent again. */
export function chooseRequests(pair: Pair, sources: Sources): Chosen | null {
  const readers = candidatesOf(pair.reader, pair.samples.reader, { ...sources, bodies: [] });
  const writers = candidatesOf(pair.writer, pair.samples.writer, sources);
  let best: { readonly chosen: Chosen; readonly rank: number } | null = null;
  for (const reader of readers)
    for (const writer of writers) {
      const shared = sharedOf(pair, reader, writer);
      const warmed = sources.base?.warmed.has(reader.path) === true ? -2 : 0;
      const rank = shared + trustOf(reader) + trustOf(writer) + warmed;
      if (best === null || rank > best.rank)
        best = { chosen: { reader, writer, sameRow: shared >= SAME_VALUE }, rank };
    }
  return best?.chosen ?? null;
}

const SAME_ROW = 3;
const SAME_VALUE = 2;

function sharedOf(pair: Pair, reader: Candidate, writer: Candidate): number {
  if ([...writer.rows].some((row) => reader.rows.has(row))) return SAME_ROW;
  const values = valuesIn(partsOfRoute(pair.reader).path, reader.path);
  const others = new Set(valuesIn(partsOfRoute(pair.writer).path, writer.path));
  if (values.some((value) => others.has(value))) return SAME_VALUE;
  // A base is a scenario: its requests are about the same thing.
  return reader.from === 'base' && writer.from === 'base' ? SAME_VALUE : 0;
}

/** The base's data holds what its requests ask for; a recorded request need not find its row there. */
function trustOf({ from, code }: Candidate): number {
  if (from !== 'recording') return 1.5;
  return code !== null && code >= 200 && code < 300 ? 0.5 : 0;
}

function candidatesOf(route: string, samples: readonly Sample[], sources: Sources): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  const { method } = partsOfRoute(route);
  for (const { request, rows } of samples) {
    if (!canBeSent(request.path) || request.method !== method) continue;
    const candidate = recorded(request, rows, sources);
    const known = found.get(candidate.path);
    // Later ones know more: the same path may have had to do with more rows.
    const both = known === undefined ? rows : new Set([...known.rows, ...rows]);
    found.set(candidate.path, { ...candidate, rows: both, code: candidate.code ?? known?.code ?? null });
  }
  const bare = [...found.values()];
  const rowsOf = (path: string) => bare.find((one) => bareOf(one.path) === bareOf(path))?.rows ?? new Set();
  for (const { path, method: told } of sources.bodies) {
    if (told !== method || path.split('/').some(isVariable) || !isOf(route, { method, path })) continue;
    found.set(path, { ...NOTHING, method, path, from: 'told', rows: rowsOf(path) });
  }
  for (const request of sources.base?.requests ?? []) {
    if (!isOf(route, request)) continue;
    const { path, fields } = request;
    found.set(path, { ...NOTHING, method, path, from: 'base', fields, rows: rowsOf(path) });
  }
  return [...found.values()];
}

const NOTHING = { fields: {}, code: null, unknown: [] } as const;

/** A recorded request as one that may be sent again, with the values of its query as far as they are known. */
export function recorded(
  request: HttpRequest,
  rows: ReadonlySet<RowId>,
  { reveal }: Pick<Sources, 'reveal'>,
): Candidate {
  const { method, path, code, asked = [] } = request;
  const query = asked.filter(([place]) => place.startsWith('?'));
  const known = query.flatMap(([place, value]) => {
    const text = reveal(value);
    return text === undefined ? [] : [`${encodeURIComponent(place.slice(1))}=${encodeURIComponent(text)}`];
  });
  const unknown = asked.filter(([place, value]) => !place.startsWith('?') || reveal(value) === undefined);
  return {
    method,
    path: known.length === 0 ? path : `${path}?${known.join('&')}`,
    from: 'recording',
    fields: {},
    rows,
    code,
    unknown: [...new Set(unknown.map(([place]) => place))].filter(
      (place) => !place.startsWith('header:host'),
    ),
  };
}

/** A secret in it is masked, and a path that was cut short is none. */
export function canBeSent(path: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(path);
}

function bareOf(path: string): string {
  return path.replace(/\?.*$/s, '');
}

/** The body that was told for a request: one for this very path before one for all of them. Several stand for several writers. */
export function bodiesFor({ method, path }: Candidate, bodies: readonly ToldBody[]): readonly ToldBody[] {
  const fitting = bodies.filter((body) => body.method === method && fits(body.path, path));
  const exact = fitting.filter((body) => body.path === bareOf(path));
  return exact.length > 0 ? exact : fitting;
}
