/**
 * What `--annotate` adds to a response: `Cache-Status` (RFC 9211) and `Server-Timing`. The body and every other header stay
 * as they are.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9211 and https://www.w3.org/TR/server-timing/
 */
import { counted } from '../core/numbers.ts';
import type { RawHeaders } from '../proxy/http-session.ts';
import type { StoreFigures } from './http-figures.ts';

/** Longest key that is shown, bytes of the header; a longer one is left out. */
const MAX_KEY_CHARS = 256;

/** What is known when the head passes. */
export interface Annotation {
  /** From forwarding the request to the head of its response, ns. */
  readonly total: number;
  /** null when it is not certain which operations are the request's. */
  readonly figures: StoreFigures | null;
}

/** The headers with what is known of the request. */
export function annotated(headers: RawHeaders, { total, figures }: Annotation): RawHeaders {
  const member = figures === null ? null : cacheStatus(figures);
  const timed = withMember(headers, 'Server-Timing', serverTiming(total, figures));
  return member === null ? timed : withMember(timed, 'Cache-Status', member);
}

/** Null when the cache was not read. */
function cacheStatus(figures: StoreFigures): string | null {
  const { hits, misses, stored, key } = figures;
  if (figures.cacheStatus === 'none') return null;
  const parameters = misses === 0 ? ['hit'] : ['fwd=miss', ...(stored ? ['stored'] : [])];
  const shown = key === null ? null : structuredString(key);
  if (shown !== null && shown.length <= MAX_KEY_CHARS) parameters.push(`key=${shown}`);
  if (hits > 0 && misses > 0)
    parameters.push(`detail="${counted(hits, 'hit')}, ${counted(misses, 'miss', 'misses')}"`);
  return ['whystale', ...parameters].join('; ');
}

function serverTiming(total: number, figures: StoreFigures | null): string {
  const metrics = [`total;dur=${ms(total)}`];
  if (figures !== null) {
    const { hits, misses, databaseCalls, cacheTime, databaseTime } = figures;
    const reads = `${counted(hits + misses, 'read')}, ${counted(hits, 'hit')}`;
    metrics.unshift(
      `cache;dur=${ms(cacheTime.total)};desc="${reads}"`,
      `db;dur=${ms(databaseTime.total)};desc="${counted(databaseCalls, 'call')}"`,
    );
  }
  return metrics.join(', ');
}

/** Milliseconds of ns, to the microsecond. */
function ms(ns: number): string {
  return String(Math.round(ns / 1e3) / 1e3);
}

/** A String of RFC 8941: ASCII between quotes; what is not ASCII is percent-encoded as in a URL. */
function structuredString(text: string): string {
  const plain = text
    .replaceAll('…', '...')
    .replace(/[^\x20-\x7e]+/g, (part) =>
      [...Buffer.from(part, 'utf8')]
        .map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)
        .join(''),
    );
  return `"${plain.replace(/[\\"]/g, '\\$&')}"`;
}

/** Appends a member to a list field: to the last line of that name, or as a line of its own. */
function withMember(headers: RawHeaders, name: string, member: string): RawHeaders {
  const result = [...headers];
  for (let at = result.length - 2; at >= 0; at -= 2) {
    if (result[at]!.toLowerCase() !== name.toLowerCase()) continue;
    const value = result[at + 1]!.trim();
    result[at + 1] = value === '' ? member : `${value}, ${member}`;
    return result;
  }
  result.push(name, member);
  return result;
}
