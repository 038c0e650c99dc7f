/**
 * Texts for people that are the same in every execution. Parts of names that look made up on the spot (UUIDs, digests,
 * ids, points in time) stand as `{uuid}`, `{hash}`, `{id}`, `{time}`; footprints keep the true names.
 */
import { innerSegments, outerSegments, type Segment } from '../../core/keys.ts';
import type { Access, Footprint } from '../explore/footprint.ts';

/** Longest label, in characters. */
export const MAX_LABEL = 120;
/** Longest result, in characters. */
export const MAX_RESULT = 40;

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, from 2014 to 2033. */
const EPOCH = /^(?:1[4-9]\d{8})(?:\d{3}){0,3}(?:\.\d+)?$/;
/** A run of hexadecimal digits as token generators make them: both letters and digits, and not a short word. */
const HEX_RUN = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{16,}$/i;
/** What stands for a masked part, as patterns know it. */
const MASKS = /\{(?:uuid|hash|id|time)\}/;

function maskedSegment({ text, look }: Segment): string {
  if (look === 'uuid' || look === 'hash' || look === 'id') return `{${look}}`;
  if (EPOCH.test(text)) return '{time}';
  return HEX_RUN.test(text) ? '{hash}' : text;
}

/** A name with its random parts masked. */
export function masked(name: string): string {
  return outerSegments(name)
    .flatMap((segment) => innerSegments(segment))
    .map(maskedSegment)
    .join('');
}

/** Cut to a length, with an ellipsis in place of the rest. */
export function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

/** A label within its bound, on one line. */
export function asLabel(text: string): string {
  return shortened(text.replace(/\s+/g, ' ').trim(), MAX_LABEL);
}

/**
 * The footprint as it is in every execution: keys with random parts become the pattern that they match, rows with random
 * keys their table. Covers at least what the true footprint covers. For telling whether two executions did the same; what
 * conflicts is asked of the true one.
 */
export function coarsened(footprint: Footprint): Footprint {
  return footprint.map(coarse);
}

function coarse(access: Access): Access {
  const { mode, resource } = access;
  const redis = /^redis:(\d+):([\s\S]*)$/.exec(resource);
  if (redis !== null) {
    const shown = masked(redis[2]!);
    if (shown === redis[2]) return access;
    const pattern = shown
      .split(MASKS)
      .map((part) => part.replace(/[*?[\]\\]/g, '\\$&'))
      .join('*');
    return { mode, resource: `redis:${redis[1]}~${pattern}` };
  }
  const row = /^(pg|lock):([^:~]+):([\s\S]*)$/.exec(resource);
  return row !== null && masked(row[3]!) !== row[3] ? { mode, resource: `${row[1]}:${row[2]}` } : access;
}
