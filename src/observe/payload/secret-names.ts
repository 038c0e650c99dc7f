/**
 * Secrets that are known by the name they stand under: `password`, `refresh_token`, `card.number`. A name alone is weak
 * evidence (a form's labels, a schema, translations have such names too), so the value must look the part as well.
 */
import type { SecretKind } from '../../core/operation.ts';
import { type FormFound, isCardNumber, isPlaceholder, looksIssued } from './secret-forms.ts';

/** What a name says of its value. */
export type NameHint =
  | 'password'
  | 'password-hash'
  | 'token'
  | 'key'
  | 'secret'
  | 'session'
  | 'header'
  | 'card';

const words = (list: string): RegExp => new RegExp(`(?:^|_)(?:${list})$`);

/** Asked in order; names are in lower case with `_` between their words. */
const NAMES: readonly (readonly [NameHint, RegExp])[] = [
  ['header', words('authorization|x_api_key|cookies?')],
  [
    'password-hash',
    words(
      '(?:password|passwd|pwd|pw|pass)_?(?:hash(?:ed)?|digest|encrypted|crypt)|(?:hashed|encrypted|crypted|hash)_(?:password|passwd|pw)',
    ),
  ],
  ['password', words('(?:password|passwd|pwd|passphrase|passwort)[12]?|password_confirmation')],
  [
    'token',
    words(
      '(?:access|refresh|auth|authentication|api|bearer|id|oauth|oauth2|jwt|reset|recovery|verification|confirmation|activation|invitation|remember|magic|login|personal|service)_?tokens?|jwt|bearer',
    ),
  ],
  ['token', /^tokens?$/],
  [
    'key',
    words(
      'api_?key|access_?key|(?:secret|private|encryption|signing|master)_key|privatekey|apikeys?|api_keys',
    ),
  ],
  [
    'secret',
    words(
      '(?:client|app|consumer|shared|webhook|signing|totp|otp|mfa|two_factor|2fa|jwt|api|oauth|token|cookie|session)_?secret|secret_key_base|secret|credentials?|otp_seed',
    ),
  ],
  ['session', words('session_?id|session_?token|session_?key|sess_?id|phpsessid|jsessionid|connect_sid')],
  [
    'card',
    words(
      'card_?(?:number|num|no)|(?:credit|debit|payment|bank)_?card|cc_?(?:number|num|no)?|ccn|pan|primary_account_number',
    ),
  ],
  ['card', /^cards?$/],
];

/** Names that are made of such words and say something else. */
const OTHER =
  /csrf|xsrf|next|page|cursor|continu|sync|device|push|fcm|apns|public|publishable|idempoten|cache/;
/** Names that say something only together with the name above them: `card.number`, `password.hash`. */
const DEPENDENT: Readonly<Record<string, string>> = {
  number: 'number',
  num: 'number',
  no: 'number',
  hash: 'hash',
  digest: 'digest',
  value: '',
  secret: 'secret',
  token: 'token',
  key: 'key',
};

/** Distinct names that are remembered. */
const MAX_NAMES = 20_000;
const LONGEST_NAME = 64;
const known = new Map<string, NameHint | 'dependent' | null>();

/** What the last name of a path says; null for nearly all. */
export function hintOf(path: string): NameHint | null {
  const cut = path.lastIndexOf('.');
  const name = cut < 0 ? path : path.slice(cut + 1);
  let hint = known.get(name);
  if (hint === undefined) {
    hint = learn(name);
    if (known.size >= MAX_NAMES) known.clear();
    known.set(name, hint);
  }
  return hint === null ? null : inContext(path, hint);
}

function learn(name: string): NameHint | 'dependent' | null {
  if (name.length < 2 || name.length > LONGEST_NAME) return null;
  const folded = foldWords(name);
  return folded in DEPENDENT ? 'dependent' : namedHint(folded);
}

function namedHint(folded: string): NameHint | null {
  if (OTHER.test(folded)) return null;
  return NAMES.find(([, pattern]) => pattern.test(folded))?.[0] ?? null;
}

/** The hint of a name below others: what stands above may say that it is something else, or complete it. */
function inContext(path: string, hint: NameHint | 'dependent'): NameHint | null {
  const segments = path.split('.').map(foldWords);
  const last = segments.pop() ?? '';
  const above = segments.findLast((segment) => !/^(?:\d*|items|data|value)$/.test(segment)) ?? '';
  if (/csrf|xsrf|i18n|l10n|translation|labels?$|errors?$|schema|properties/.test(segments.join('_')))
    return null;
  if (hint !== 'dependent') return hint;
  const joined = namedHint(`${above}_${DEPENDENT[last] ?? ''}`.replace(/^_|_$/g, ''));
  return joined ?? namedHint(last);
}

/** `refreshToken`, `Refresh-Token`, `refresh token` as `refresh_token`. */
function foldWords(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z\d]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Digests in hexadecimal, from MD5 on. */
const DIGEST = /^[0-9a-f]{32,128}$/i;
const SHORTEST_PASSWORD = 6;
const LONGEST_PASSWORD = 200;
const SHORTEST_TOKEN = 16;
/** `token` by itself is a word of many meanings. */
const SHORTEST_BARE_TOKEN = 20;

/** What a text under such a name is, or null when it does not look the part. */
export function namedSecret(hint: NameHint, path: string, text: string): FormFound | null {
  switch (hint) {
    case 'card':
      return isCardNumber(text.replace(/(?<=\d)[ -](?=\d)/g, ''))
        ? { kind: 'card-number', certain: true }
        : null;
    case 'password':
      if (DIGEST.test(text)) return { kind: 'password-hash', certain: false };
      return looksLikePassword(text) ? { kind: 'password', certain: false } : null;
    case 'password-hash':
      return DIGEST.test(text) || looksIssued(text, 20) ? { kind: 'password-hash', certain: false } : null;
    case 'header':
      return headerSecret(text);
    default: {
      const bare = /(?:^|\.)tokens?$/i.test(path) || path === '';
      if (!looksIssued(text, bare ? SHORTEST_BARE_TOKEN : SHORTEST_TOKEN)) return null;
      return { kind: KINDS[hint], certain: false };
    }
  }
}

const KINDS: Readonly<Record<'token' | 'key' | 'secret' | 'session', SecretKind>> = {
  token: 'bearer-token',
  key: 'api-key',
  secret: 'secret',
  session: 'session-secret',
};

/** One word that mixes kinds of characters; a label, a hint or a type name does not. */
function looksLikePassword(text: string): boolean {
  if (text.length < SHORTEST_PASSWORD || text.length > LONGEST_PASSWORD || /\s/.test(text)) return false;
  if (UUID.test(text) || isPlaceholder(text) || text.startsWith('/')) return false;
  const inner = text.slice(1, -1);
  return /[A-Za-z]/.test(text) && (/\d/.test(text) || /[!@#$%^&*+=~]/.test(inner));
}

const SESSION_COOKIE =
  /(?:^|[;\s])(?:__(?:Host|Secure)-)?[\w.-]{0,32}(?:sess|sid|auth|jwt|remember|login)[\w.-]{0,32}=([^;\s]{16,4096})/i;

function headerSecret(text: string): FormFound | null {
  const cookie = SESSION_COOKIE.exec(text);
  if (cookie !== null && looksIssued(decoded(cookie[1] ?? '')))
    return { kind: 'session-secret', certain: false };
  const token = text.replace(/^(?:bearer|basic|token|digest)\s+/i, '');
  return looksIssued(token) ? { kind: 'bearer-token', certain: false } : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
