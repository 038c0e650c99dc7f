/**
 * What the masked segments of a key's name are. Masking is careful and hides whatever may be a secret; what is told here is
 * narrower: known forms, and what the segment before announces. A random id by itself (of a session, a cart, a user) is
 * hidden and not told of, since the name of such a key is what the store is asked for.
 */
import type { SecretFound, SecretKind } from '../../core/operation.ts';
import { isCardNumber, looksIssued, secretForms } from './secret-forms.ts';

/** Words after which the next segment is a credential by its name. */
export const ANNOUNCES =
  /^(?:bearer|authorization|api[-_]?keys?|access[-_]?tokens?|refresh[-_]?tokens?|id[-_]?tokens?|auth[-_]?tokens?|jwts?|secrets?|passwords?|passwd)$/i;

const CARD = /^(?:(?:credit|debit|payment)?[-_]?cards?(?:[-_]?(?:number|num|no))?|cc|ccn|pan)$/i;

const ANNOUNCED: readonly (readonly [RegExp, SecretKind])[] = [
  [/^api/i, 'api-key'],
  [/^pass/i, 'password'],
  [/^secret/i, 'secret'],
];

/** Whether a segment of digits is a card number: it must say that it is one. */
export function isCardSegment(segment: string, before: string): boolean {
  return CARD.test(before) && isCardNumber(segment.replaceAll('-', ''));
}

/** What a masked segment is, or null when it may as well be none. */
export function segmentSecret(segment: string, before: string): SecretFound | null {
  if (isCardSegment(segment, before)) return { kind: 'card-number', place: before, certain: true };
  const [form] = secretForms(segment);
  if (form !== undefined) return { ...form, place: shownPlace(before) };
  if (!ANNOUNCES.test(before) || PUBLISHABLE.test(segment) || !looksIssued(segment)) return null;
  const kind = ANNOUNCED.find(([pattern]) => pattern.test(before))?.[1] ?? 'bearer-token';
  return { kind, place: before, certain: false };
}

/** Keys that are meant to stand in web pages. */
const PUBLISHABLE = /^pk[_-]/;
const LONGEST_PLACE = 24;

/** The segment before, where it is a plain word. */
function shownPlace(before: string): string {
  return /^[A-Za-z][A-Za-z_-]*$/.test(before) && before.length <= LONGEST_PLACE ? before : '';
}
