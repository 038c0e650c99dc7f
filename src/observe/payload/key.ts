/**
 * Key names as they may be shown and recorded. Services put bearer tokens, API keys and JWTs into key names; such a
 * segment becomes its first four characters, `…` and its digest, so that equal keys stay equal
 * and nobody can use what is on the screen.
 *
 * Not secrets, and left alone: plain hex (digests, object ids), UUIDs, ULIDs, numbers, slugs, e-mail addresses.
 */

import type { SecretFound } from '../../core/operation.ts';
import { ANNOUNCES, isCardSegment, segmentSecret } from './key-secrets.ts';

/** What ends a segment; the point is no such character, because it joins a JWT's parts. */
const SEPARATORS = /([:|,;&?=@{}\s]+)/;
const JWT = /^eyJ[\w-]{6,}\.[\w-]{4,}\.[\w-]*$/;
/** Prefixes by which issuers mark their tokens, followed by enough random characters. */
const ISSUED =
  /^(?:(?:[a-z]{2,8}_)?(?:sk|pk|rk|whsec|key|tok|sess|secret)[_-](?:live|test|prod|proj)?[_-]?[A-Za-z0-9]{16,}|[a-z]{2,8}_(?:live|test|prod)_[A-Za-z0-9]{8,}|whsec_[\w+/=-]{16,}|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{20,}|ya29\.[\w-]{20,}|npm_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{16,}|hf_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{32,}|SG\.[\w-]{10,}\.[\w-]{10,})$/;
const PLAIN_HEX = /^[0-9a-f]+$/i;
const UUID = /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const NUMBER = /^[0-9]+(?:[.-][0-9]+)*$/;

const SHORTEST_RANDOM = 24;
const SHORTEST_ANNOUNCED = 16;
/**
 * A random base62 text changes its class of characters at 62 % of its places, a camel-case name of short words at up to
 * 46 %; but such a name holds a number once at most.
 */
const RANDOM_CHANGES = 0.38;
const RANDOM_CHANGES_ONE_NUMBER = 0.5;
const SHORTEST_PIECE = 10;
const SHOWN = 4;

/** The name with secret segments masked. `digest` gives a segment's digest; `found` is told what was masked, where that is
 * known to be a secret and not only taken for one. */
export function maskKey(
  name: string,
  digest: (secret: string) => string,
  found?: (secret: SecretFound) => void,
): string {
  if (name.length < SHORTEST_ANNOUNCED) return name;
  const parts = name.split(SEPARATORS);
  const mask = (text: string, before: string): string => {
    const secret = found === undefined ? null : segmentSecret(text, before);
    if (secret !== null) found?.(secret);
    return `${text.slice(0, SHOWN)}…${digest(text)}`;
  };
  let before = '';
  let changed = false;
  for (let i = 0; i < parts.length; i += 2) {
    const segment = parts[i] as string;
    const masked = maskSegment(segment, before, mask);
    changed ||= masked !== segment;
    parts[i] = masked;
    if (segment !== '') before = segment;
  }
  return changed ? parts.join('') : name;
}

type Mask = (text: string, before: string) => string;

/** A segment as a whole, or the parts of a path or a dotted name in it. */
function maskSegment(segment: string, before: string, mask: Mask): string {
  if (!isPath(segment) && isSecret(segment, before)) return mask(segment, before);
  if (!/[/.]/.test(segment) || ISSUED.test(segment)) return segment;
  let follows = before;
  return segment
    .split(/([/.]+)/)
    .map((part, i) => {
      if (i % 2 === 1 || part === '') return part;
      const shown = isSecret(part, follows) ? mask(part, follows) : part;
      follows = part;
      return shown;
    })
    .join('');
}

/** Whether slashes and points separate names here: then one part at least is a lower-case word, a number or a version. */
function isPath(segment: string): boolean {
  return (
    /[/.]/.test(segment) && segment.split(/[/.]+/).some((part) => /^(?:[a-z_-]{2,}|v?[0-9]+)$/.test(part))
  );
}

function isSecret(segment: string, before: string): boolean {
  if (segment.length < 12) return false;
  if (isCardSegment(segment, before)) return true;
  const announced = ANNOUNCES.test(before);
  if (segment.length < (announced ? SHORTEST_ANNOUNCED : 12)) return false;
  if (JWT.test(segment) || ISSUED.test(segment)) return true;
  if (PLAIN_HEX.test(segment) || UUID.test(segment) || ULID.test(segment) || NUMBER.test(segment))
    return false;
  if (!/^[A-Za-z0-9+/_~-]+$/.test(segment)) return false;
  if (announced) return /[0-9]/.test(segment) && /[A-Za-z]/.test(segment) && !isSlug(segment);
  return segment.length >= SHORTEST_RANDOM && looksRandom(segment);
}

/** Lower-case words and numbers joined by dashes, points or underscores. */
function isSlug(segment: string): boolean {
  return /^(?:[a-z]+|[0-9]+)(?:[-_./](?:[a-z]+[0-9]{0,4}|[0-9]+[a-z]{0,2}))*$/.test(segment);
}

/** Lower case, upper case and digits, changing as often as chance makes them. */
function looksRandom(segment: string): boolean {
  if (!/[a-z]/.test(segment) || !/[A-Z]/.test(segment) || !/[0-9]/.test(segment)) return false;
  const pieces = segment.split(/[^A-Za-z0-9]+/);
  const longest = pieces.reduce((best, piece) => (piece.length > best.length ? piece : best), '');
  if (longest.length < SHORTEST_PIECE) return false;
  let changes = 0;
  for (let i = 1; i < longest.length; i++) if (classOf(longest, i) !== classOf(longest, i - 1)) changes++;
  const numbers = segment.match(/[0-9]+/g)?.length ?? 0;
  return changes / (longest.length - 1) >= (numbers > 1 ? RANDOM_CHANGES : RANDOM_CHANGES_ONE_NUMBER);
}

function classOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code <= 0x39 ? 0 : code <= 0x5a ? 1 : 2;
}
