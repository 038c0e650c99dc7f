/**
 * Spans as operations of the history. A span's name, its HTTP and database attributes and the name of its service are
 * kept, without values; nothing else of it is.
 *
 * Stamps: a span carries its service's wall clock. `origin` puts it on the history's clock; what remains is the
 * difference between the two machines' clocks (none on one machine) and the clock's own grain: several SDKs read the start
 * in whole milliseconds, so a start may lie up to 1 ms before the operations that really came first.
 */
import type { TraceSpan } from '../../core/operation.ts';
import {
  decodeTraces,
  decodeTracesJson,
  type Encoding,
  type TracesRequest,
  type WireSpan,
} from '../../wire/otlp/index.ts';
import type { Digester, Unnumbered } from '../context.ts';
import { textOf, WANTED } from './attributes.ts';
import { createDatabaseReader } from './database.ts';
import { httpFields } from './http.ts';
import { LIMITS } from './limits.ts';

/** Session of all spans: which connection brought them says nothing. */
export const SPAN_SESSION = 'otlp';

export interface SpanStamps {
  /** Wall clock at the history's zero, nanoseconds since 1970. */
  readonly origin: bigint;
  /** When the request had arrived, on the history's clock. No span ends later: a clock that is ahead is cut. */
  readonly arrived: number;
}

export interface ReadSpans {
  readonly spans: readonly Unnumbered<TraceSpan>[];
  /** Spans left out. */
  readonly rejected: number;
  /** Why, in one sentence; empty when none was. */
  readonly reason: string;
  /** How far the latest end lay after the arrival, ns; above 0 the service's clock is ahead of ours. */
  readonly ahead: number;
}

/** Reads the body of one request; null when it is damaged. Never throws. */
export type SpanReader = (body: Uint8Array, encoding: Encoding, stamps: SpanStamps) => ReadSpans | null;

/** Makes the reader of one recording. */
export function createSpanReader(digest: Digester): SpanReader {
  const databaseFields = createDatabaseReader();
  const operation = (wire: WireSpan, service: string | null, stamps: SpanStamps): Unnumbered<TraceSpan> => {
    const role = ROLES[wire.kind] ?? 'internal';
    return {
      tier: 'client',
      kind: 'span',
      session: SPAN_SESSION,
      ...timesOf(wire, stamps),
      trace: wire.trace,
      span: wire.span,
      parent: SPAN_ID.test(wire.parent) ? wire.parent : null,
      name: nameOf(wire, digest),
      role,
      service,
      ...(role === 'server' ? httpFields(wire.attributes, digest) : databaseFields(wire.attributes)),
    };
  };
  const read = (request: TracesRequest, stamps: SpanStamps): ReadSpans => {
    const spans: Unnumbered<TraceSpan>[] = [];
    let invalid = 0;
    let ahead = 0;
    for (const resource of request.resources) {
      const service = textOf(resource.attributes, 'service')?.slice(0, LIMITS.text) ?? null;
      for (const wire of resource.spans) {
        if (!TRACE_ID.test(wire.trace) || !SPAN_ID.test(wire.span)) invalid++;
        else {
          spans.push(operation(wire, service, stamps));
          ahead = Math.max(ahead, Number(wire.end - stamps.origin) - stamps.arrived);
        }
      }
    }
    return { spans, rejected: invalid + request.excess, reason: reasonOf(invalid, request.excess), ahead };
  };
  return (body, encoding, stamps) => {
    const decode = encoding === 'json' ? decodeTracesJson : decodeTraces;
    const request = decode(body, { wanted: WANTED, maxSpans: LIMITS.spans });
    return request === null ? null : read(request, stamps);
  };
}

/** SpanKind by number; unspecified means internal. */
const ROLES: readonly TraceSpan['role'][] = [
  'internal',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
];

/** Ids of nothing but zeros are invalid. */
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;
const ERROR_STATUS = 2;

function timesOf(
  { start, end, status }: WireSpan,
  { origin, arrived }: SpanStamps,
): Pick<TraceSpan, 'invoke' | 'return' | 'status'> {
  const place = (at: bigint): number => Math.min(Math.max(Number(at - origin), 0), arrived);
  const invoke = place(start);
  if (end === 0n) return { invoke, return: null, status: 'info' };
  return {
    invoke,
    return: Math.max(place(end), invoke),
    status: status === ERROR_STATUS ? 'fail' : 'ok',
  };
}

/**
 * The name as far as it holds no value. By the conventions names have none, but some instrumentations put the path or
 * the whole command there: of a database's span two words are kept, of any other what stands before a quote, a bracket
 * or a query; parts that look like secrets are masked.
 */
function nameOf({ name, attributes }: WireSpan, digest: Digester): string {
  const words = name.slice(0, LIMITS.text).split(/\s+/);
  const kept = textOf(attributes, 'system') === undefined ? words : words.slice(0, 2);
  const unquoted = kept.join(' ').split(/['"$=(?]/, 1)[0] as string;
  return unquoted
    .split('/')
    .map((part) => digest.key(part))
    .join('/')
    .trimEnd();
}

function reasonOf(invalid: number, excess: number): string {
  const reasons = [
    ...(invalid > 0 ? [`${invalid} without a valid trace and span id`] : []),
    ...(excess > 0 ? [`${excess} past the limit of ${LIMITS.spans} a request`] : []),
  ];
  return reasons.length === 0 ? '' : `Spans not taken: ${reasons.join(', ')}.`;
}
