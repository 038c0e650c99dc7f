/**
 * The trace that a request carries in.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */

/** Version, trace id, parent id, flags; lower case as the specification demands. What follows belongs to later versions. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ZEROS = /^0+$/;

/** Trace id of a `traceparent` header, 32 hex digits; null when there is none or it is invalid: then, by the
 * specification, the request begins a trace of its own. Repeated headers are invalid. */
export function traceOf(header: string | readonly string[] | undefined): string | null {
  if (typeof header !== 'string') return null;
  const match = TRACEPARENT.exec(header.trim());
  if (match === null) return null;
  const [, version, trace, parent, more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (trace === undefined || parent === undefined || ZEROS.test(trace) || ZEROS.test(parent)) return null;
  return trace;
}
