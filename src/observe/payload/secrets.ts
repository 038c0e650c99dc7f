/**
 * Looks for secrets among the scalars of a payload. Nearly every scalar holds none, so each is dismissed by its length, its
 * name and one search for what secrets begin with.
 */
import type { SecretFound, SecretKind } from '../../core/operation.ts';
import { LIMITS } from './limits.ts';
import { type FormFound, SHORTEST_FORM, secretForms, withoutForms } from './secret-forms.ts';
import { hintOf, namedSecret } from './secret-names.ts';

/** Shortest text under a telling name that is looked at. */
const SHORTEST_NAMED = 6;
const LONGEST_PLACE = 80;

/** What the secrets of one payload are gathered in. */
export interface SecretSearch {
  readonly found: SecretFound[];
  /** Name that the key gives the payload as a whole: `refresh_token` of `refresh_token:17`. */
  readonly keyName: string;
  /** Told of each text that holds one. */
  readonly hide: (text: string) => void;
  /** Hides segments of a path that are secrets themselves. */
  readonly mask: (name: string) => string;
  /** Characters searched. */
  searched: number;
}

/** Searches one scalar. Gives what of it is no secret: the text as it is, nearly always. */
export function searchSecrets(search: SecretSearch, path: string, text: string): string {
  const { length } = text;
  if (length < SHORTEST_NAMED) return text;
  const hint = hintOf(path === '' ? search.keyName : path);
  const named = hint === null ? null : namedSecret(hint, path, text);
  if (named?.certain === true) {
    note(search, named.kind, path, true, text);
    return '';
  }
  const forms = length < SHORTEST_FORM ? NONE : formsOf(search, text);
  for (const { kind, certain } of forms) note(search, kind, path, certain, text);
  if (named === null) return forms.length === 0 ? text : withoutForms(text);
  if (forms.length === 0) note(search, named.kind, path, false, text);
  return '';
}

const NONE: readonly FormFound[] = [];

function formsOf(search: SecretSearch, text: string): readonly FormFound[] {
  const room = LIMITS.secretText - search.searched;
  if (room <= 0) return NONE;
  search.searched += text.length;
  return secretForms(text.length > room ? text.slice(0, room) : text);
}

function note(search: SecretSearch, kind: SecretKind, path: string, certain: boolean, text: string): void {
  search.hide(text);
  if (search.found.length >= LIMITS.secrets) return;
  const place = placeOf(path, search.mask);
  if (search.found.some((known) => known.kind === kind && known.place === place)) return;
  search.found.push({ kind, place, certain });
}

/** `users.17.password` as `users.*.password`; never a secret, and not longer than can be shown. */
function placeOf(path: string, mask: (name: string) => string): string {
  const place = path
    .split('.')
    .map((segment) => (IDENTIFIER.test(segment) ? '*' : mask(segment)))
    .join('.');
  return place.length > LONGEST_PLACE ? `…${place.slice(1 - LONGEST_PLACE)}` : place;
}

const IDENTIFIER = /^(?:\d+|[0-9a-f]{24,64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;

/** The name that a key gives its value: its last segment that is a word. */
export function keyNameOf(key: string): string {
  if (NONCES.test(key)) return '';
  const segments = key.split(/[:/|.#;,\s]+/);
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i] ?? '';
    if (/^[A-Za-z][A-Za-z_-]+$/.test(segment)) return segment;
  }
  return '';
}

/** Keys that hold random values by their nature: what is drawn for a lock opens nothing. */
const NONCES = /(?:^|[^a-z])(?:lock|mutex|lease|semaphore|nonce|csrf|xsrf|etag)/i;
