/**
 * Canonical text of scalars. A database cell in PostgreSQL's text form, a SQL parameter and a value inside a cached
 * document are equal exactly when their canonical texts are, whatever wrote them.
 *
 * | kind | canonical text | equal to it |
 * |---|---|---|
 * | number | plain decimal digits | `12`, `12.00`, `1.2e1` |
 * | boolean | `true`, `false` | `t`, `f` (PostgreSQL), `True`, `False` (Python), `TRUE`, `FALSE` |
 * | moment | ISO 8601 in UTC, cut to milliseconds; midnight is the date | see canonical-time.ts |
 * | UUID | 32 lower-case hex digits | upper case, with dashes, in braces, `urn:uuid:` |
 * | bytea | its bytes as text when they are text, else `\x` and lower-case hex | `\x6869` and `hi` |
 * | JSON container | compact, keys sorted, scalars canonical | any spacing, a `json` or `jsonb` cell |
 * | text | itself without trailing spaces | `char(n)` pads with spaces that PostgreSQL ignores |
 *
 * `t` as a text is thereby equal to true: one-letter texts carry next to no information, and PostgreSQL's booleans
 * are far more frequent. Everything else is compared exactly, case and inner spaces included.
 */

import { canonicalNumber } from './canonical-number.ts';
import { canonicalClock, canonicalMoment } from './canonical-time.ts';

const BOOLEANS = new Map([
  ['t', 'true'],
  ['f', 'false'],
  ['true', 'true'],
  ['false', 'false'],
  ['True', 'true'],
  ['False', 'false'],
  ['TRUE', 'true'],
  ['FALSE', 'false'],
]);
const UUID =
  /^(?:urn:uuid:)?(\{)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})(\})?$/i;
const BYTEA = /^\\x(?:[0-9a-fA-F]{2})*$/;
/** Longest text that can be a number, a moment or a UUID in any spelling. */
const SHORT = 1_100;

/** What a canonical text stands for; `text` is everything that has no other kind. */
export type ScalarKind = 'number' | 'boolean' | 'null' | 'moment' | 'uuid' | 'text';

/** A scalar's canonical text and kind. */
export interface Canonical {
  readonly text: string;
  readonly kind: ScalarKind;
}

/** Brings a scalar's text into canonical form. Total: every text has one. */
export function canonical(raw: string): Canonical {
  if (raw.charCodeAt(0) === 0x5c && BYTEA.test(raw)) return recognise(byteaText(raw));
  return recognise(raw);
}

/** Text of bytes that stand for a scalar: themselves when they are readable UTF-8, else `\x` and hex. */
export function bytesText(bytes: Uint8Array): string {
  const readable = readableText(bytes);
  if (readable !== null) return readable;
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** The text of readable UTF-8, or null: invalid sequences and control characters other than white space. */
export function readableText(bytes: Uint8Array): string | null {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d)) return null;
    if (byte === 0x7f) return null;
  }
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function byteaText(raw: string): string {
  return bytesText(Buffer.from(raw.slice(2), 'hex'));
}

function recognise(text: string): Canonical {
  if (text.length <= SHORT) {
    const known = recogniseShort(text);
    if (known !== null) return known;
  }
  return { text: withoutTrailingSpaces(text), kind: 'text' };
}

function recogniseShort(text: string): Canonical | null {
  if (text.length <= 5) {
    const truth = BOOLEANS.get(text);
    if (truth !== undefined) return { text: truth, kind: 'boolean' };
    if (text === 'null') return { text, kind: 'null' };
  }
  if (text.length >= 32 && text.length <= 47) {
    const uuid = canonicalUuid(text);
    if (uuid !== null) return { text: uuid, kind: 'uuid' };
  }
  const first = text.charCodeAt(0);
  const digit = first >= 48 && first <= 57;
  if (!digit && first !== 45 && first !== 46) return null;
  const number = canonicalNumber(text);
  if (number !== null) return { text: number, kind: 'number' };
  const moment = digit ? (canonicalMoment(text) ?? canonicalClock(text)) : null;
  return moment === null ? null : { text: moment, kind: 'moment' };
}

function canonicalUuid(text: string): string | null {
  const match = UUID.exec(text);
  if (match === null || (match[1] === undefined) !== (match[7] === undefined)) return null;
  return match.slice(2, 7).join('').toLowerCase();
}

function withoutTrailingSpaces(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}

/**
 * Whether a canonical text carries so little information that equality proves little: null, booleans, numbers of up to
 * three digits, texts of up to two characters.
 */
export function isCommon(value: Canonical): boolean {
  const { text, kind } = value;
  if (kind === 'null' || kind === 'boolean') return true;
  if (kind === 'number') return text.length <= 5 && text.replace(/[-.]/g, '').length <= 3;
  return text.length <= 2 || (text.length <= 4 && [...text].length <= 2);
}
