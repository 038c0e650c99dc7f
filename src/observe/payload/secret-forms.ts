/**
 * Secrets that are known by their form alone: what issuers and standards publish about how their tokens, hashes and keys
 * look.
 *
 * To add a form: a row in {@link FORMS}, and what its texts hold at least in {@link HINT}. Every pattern begins at a border
 * and repeats within bounds, so that no text can make the search slow.
 *
 * Sources: RFC 7519 and 7515 (JWT), RFC 7468 (PEM), crypt(5) (modular crypt format), RFC 2307 and 5803 (LDAP, SCRAM),
 * ISO/IEC 7812 (card numbers), the password hashers of Django, Werkzeug and passlib, and the issuers' own pages on the
 * prefixes of their keys.
 */
import type { SecretKind } from '../../core/operation.ts';

/** A secret that a text holds. */
export interface FormFound {
  readonly kind: SecretKind;
  readonly certain: boolean;
}

interface Form extends FormFound {
  readonly pattern: RegExp;
  /** What must hold beside the pattern. */
  readonly holds?: (match: string) => boolean;
}

/** Shortest text with a form: a card number with its gaps. */
export const SHORTEST_FORM = 16;

/** Present in every text that has one of the forms; most texts are dismissed here. */
const HINT =
  /eyJ|\$[\w-]{1,16}\$|\$\d{4,7}:|SHA\d{0,3}\}|PRIVATE KEY|gh[oprsu]_|github_pat_|[rs]k_(?:live|test)_|whsec_|npm_|hf_|shp(?:at|ss|ca|pa)_|dop_v1_|glpat-|xox[a-z]-|xapp-|A[KS]IA|AIza|ya29\.|GOCSPX-|\bsk-|pypi-|SG\.|hvs\.|[Bb]earer |\d[ -]\d{4}[ -]\d|\d{4}[ -]\d{6}/;

const CRYPT = '[./A-Za-z0-9]';
/** No letter, digit or sign of a longer token stands before. */
const START = '(?<![\\w./+-])';
const form = (pattern: string): RegExp => new RegExp(START + pattern);

/** Formats of password hashes. */
const HASHES: readonly RegExp[] = [
  // bcrypt, also as Django prefixes it.
  new RegExp(`(?<![\\w./+-])(?:bcrypt(?:_sha256)?\\$)?\\$2[abxy]?\\$\\d{2}\\$${CRYPT}{53}(?!${CRYPT})`),
  form(
    '(?:argon2)?\\$argon2(?:id|i|d)\\$(?:v=\\d{1,3}\\$)?m=\\d{1,8},t=\\d{1,8},p=\\d{1,4}[^$\\s]{0,80}\\$[\\w+/]{8,128}\\$[\\w+/]{16,256}',
  ),
  // scrypt: passlib, Werkzeug, Django.
  form(
    `\\$scrypt\\$ln=\\d{1,3},r=\\d{1,4},p=\\d{1,4}\\$${CRYPT.replace(']', '+=]')}{0,128}\\$[\\w+/]{20,256}`,
  ),
  form('scrypt:\\d{1,9}:\\d{1,4}:\\d{1,4}\\$[^$\\s]{1,64}\\$[0-9a-f]{64,256}'),
  form('scrypt\\$\\d{1,9}\\$[^$\\s]{1,64}\\$\\d{1,4}\\$\\d{1,4}\\$[\\w+/=]{40,256}'),
  // PBKDF2: Django, Werkzeug, passlib.
  form('pbkdf2_sha(?:1|256|512)\\$\\d{1,9}\\$[^$\\s]{1,64}\\$[\\w+/]{20,128}'),
  form('pbkdf2:sha\\d{1,3}:\\d{1,9}\\$[^$\\s]{1,64}\\$[0-9a-f]{40,128}'),
  form(`\\$pbkdf2(?:-sha\\d{1,3})?\\$\\d{1,9}\\$${CRYPT}{1,128}\\$${CRYPT}{20,128}`),
  // crypt(3): MD5, SHA-256, SHA-512, yescrypt.
  form(`\\$1\\$${CRYPT}{1,8}\\$${CRYPT}{22}(?!${CRYPT})`),
  form(`\\$5\\$(?:rounds=\\d{1,9}\\$)?${CRYPT}{1,16}\\$${CRYPT}{43}(?!${CRYPT})`),
  form(`\\$6\\$(?:rounds=\\d{1,9}\\$)?${CRYPT}{1,16}\\$${CRYPT}{86}(?!${CRYPT})`),
  form(`\\$g?y\\$${CRYPT}{1,32}\\$${CRYPT}{1,86}\\$${CRYPT}{43}(?!${CRYPT})`),
  // phpass (WordPress, phpBB) and Drupal.
  form(`\\$[PH]\\$${CRYPT}{31}(?!${CRYPT})`),
  form(`\\$S\\$${CRYPT}{52}(?!${CRYPT})`),
  // LDAP and SCRAM.
  /\{S?SHA(?:256|384|512)?\}[A-Za-z0-9+/]{26,180}={0,2}/,
  form('SCRAM-SHA-(?:1|256)\\$\\d{4,7}:[\\w+/=]{8,128}\\$[\\w+/=]{27,128}:[\\w+/=]{27,128}'),
];

/** Tokens that name their issuer, with the lengths that the issuer documents. */
const ISSUED: readonly RegExp[] = [
  /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/,
  form('gh[opsur]_[A-Za-z0-9]{36,255}(?!\\w)'),
  form('github_pat_\\w{60,255}'),
  form('glpat-[\\w-]{20,255}'),
  form('xox[abeoprs]-(?=[A-Za-z-]{0,80}\\d)[A-Za-z0-9-]{20,255}'),
  form('xapp-\\d-[A-Za-z0-9-]{20,255}'),
  form('[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}'),
  form('whsec_[\\w+/]{24,128}'),
  /(?<![\w-])AIza[\w-]{35}(?![\w-])/,
  form('ya29\\.[\\w-]{30,2048}'),
  form('GOCSPX-[\\w-]{28}(?![\\w-])'),
  form('npm_[A-Za-z0-9]{36}(?!\\w)'),
  form('pypi-[\\w-]{50,1024}'),
  form('hf_[A-Za-z0-9]{34}(?!\\w)'),
  form('dop_v1_[a-f0-9]{64}(?!\\w)'),
  form('shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{32}(?!\\w)'),
  form('SG\\.[\\w-]{22}\\.[\\w-]{43}(?![\\w-])'),
  form('sk-(?:proj|ant|svcacct|admin)[\\w-]{0,16}-[\\w-]{32,255}'),
  form('sk-[A-Za-z0-9]{48}(?!\\w)'),
  form('hvs\\.[\\w-]{24,255}'),
];

const FORMS: readonly Form[] = [
  {
    kind: 'jwt',
    certain: true,
    pattern: /(?<![\w.-])eyJ[\w-]{8,4096}\.[\w-]{0,8192}\.[\w-]{0,8192}/,
    holds: isJwt,
  },
  ...HASHES.map((pattern): Form => ({ kind: 'password-hash', certain: true, pattern })),
  {
    kind: 'private-key',
    certain: true,
    pattern:
      /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|\s){1,8}[A-Za-z0-9+/=:,\s\\-]{32}/,
  },
  ...ISSUED.map((pattern): Form => ({ kind: 'api-key', certain: true, pattern })),
  {
    kind: 'bearer-token',
    certain: false,
    pattern: /(?<![\w-])[Bb]earer [\w.~+/-]{16,4096}/,
    holds: (match) => looksIssued(match.slice('Bearer '.length)),
  },
  {
    kind: 'card-number',
    certain: false,
    pattern:
      /(?<!\w|\d[ -])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?!\w|[ -]\d+(?![\d/]))/,
    holds: (match) => isCardNumber(match.replace(/[ -]/g, '')),
  },
];

/** The secrets that a text holds, each kind once. */
export function secretForms(text: string): readonly FormFound[] {
  if (text.length < SHORTEST_FORM || !HINT.test(text)) return NONE;
  const found: FormFound[] = [];
  for (const { kind, certain, pattern, holds } of FORMS) {
    if (found.some((other) => other.kind === kind)) continue;
    const match = pattern.exec(text);
    if (match !== null && (holds === undefined || holds(match[0]))) found.push({ kind, certain });
  }
  // A JWT behind `Bearer` is one secret, not two.
  return found.length > 1 && found.some(({ kind }) => kind === 'jwt')
    ? found.filter(({ kind }) => kind !== 'bearer-token')
    : found;
}

const NONE: readonly FormFound[] = [];

/** The text without whatever has such a form. */
export function withoutForms(text: string): string {
  return FORMS.reduce((rest, { pattern }) => rest.replace(new RegExp(pattern, 'g'), ' '), text);
}

/** Whether the first part of a JWS in compact form is a JOSE header: a JSON object that names its algorithm. */
export function isJwt(token: string): boolean {
  const header = token.slice(0, token.indexOf('.'));
  try {
    const decoded: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return (
      typeof decoded === 'object' && decoded !== null && 'alg' in decoded && typeof decoded.alg === 'string'
    );
  } catch {
    return false;
  }
}

/** Prefixes and lengths of the issuers whose cards are accepted in many countries. */
const ISSUERS =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17})$/;

/** Whether digits are a card number: an issuer's prefix and length, and the check digit (ISO/IEC 7812-1, Luhn). */
export function isCardNumber(digits: string): boolean {
  if (!ISSUERS.test(digits) || /^(\d)\1+$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30;
    const weighted = i % 2 === 0 ? digit : 2 * digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Words joined by dashes, points or slashes, in one case throughout: names, versions, paths. */
const WORDS = /^(?:[A-Z]?[a-z]+|[A-Z]+|\d+)(?:[-_./](?:[A-Z]?[a-z]+\d{0,4}|[A-Z]+\d{0,4}|\d+[a-z]{0,2}))*$/;
const MOMENT = /^\d{4}-\d\d-\d\d/;
/** Lowest entropy of a random token, bits a character; English words have about 3 when they are long. */
const RANDOM_BITS = 2.8;

/** Whether a text looks like something an issuer drew at random, rather than a name, a moment, an id or a placeholder. */
export function looksIssued(text: string, shortest = SHORTEST_FORM): boolean {
  if (text.length < shortest || text.length > 8192 || !/^[\w.~+/=:$!@#%^&*|-]+$/.test(text)) return false;
  if (UUID.test(text) || WORDS.test(text) || MOMENT.test(text) || isPlaceholder(text)) return false;
  if (!/\d/.test(text) || !/[A-Za-z]/.test(text)) return false;
  return bitsOf(text) >= RANDOM_BITS;
}

const PLACEHOLDER =
  /redacted|filtered|masked|hidden|removed|placeholder|changeme|example|your[-_]|x{4}|\*{3}|•|…|^<.*>$|\$\{|\{\{|^(?:https?|env|vault|arn|ssm|secret|file):/i;

/** Whether a text stands in for a secret: masked, a template, or a reference to where it is kept. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/** Shannon entropy of a text's characters, bits a character. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
