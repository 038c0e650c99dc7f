/**
 * Keeps credentials out of everything that is written down: log lines of the watched service, argument vectors,
 * messages of errors. Two sources of knowledge: forms that carry credentials (URLs with a password, `password=…`,
 * bearer tokens, well-known token prefixes) and the secrets the caller already holds (passwords of store URLs).
 *
 * Every pattern is linear in the length of the text: a log line must not be able to stall the observer.
 */

/** What stands where a credential stood. */
export const MASK = '***';

/** Given secrets shorter than this are replaced as whole words only, so that a password `app` does not eat `apply`. */
const WHOLE_WORD_BELOW = 8;

/** Given secrets shorter than this are left to the patterns: replacing them would garble text and hide nothing. */
const SHORTEST_SECRET = 3;

/** Names whose value is a credential, as they appear in settings, JSON and command lines. */
const SECRET_NAME =
  '(?:[a-z0-9_.-]{0,40}(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|' +
  'credential|credentials)|requirepass|masterauth|rediscli_auth)';

/** A password in a URL: `scheme://user:password@host`; the password runs to the last `@` before a space or quote. A port
 * and a path with an `@` in it, `http://host:3000/@client`, are none. */
const URL_PASSWORD = /(:\/\/[^\s:/@"'<>]{0,256}:)(?!\d{1,5}\/)[^\s"'<>]{1,1024}@/g;

/** A long user part without a password is a token, as in `https://TOKEN@host`. */
const URL_TOKEN = /(:\/\/)[^\s:/@"'<>]{20,1024}@/g;

/** `name=value`, `name: value`, `"name": "value"`, with or without quotes. */
const ASSIGNED = new RegExp(
  `(?<![a-z0-9_.-])("?'?${SECRET_NAME}"?'?\\s{0,3}(?:=>|[=:])\\s{0,3})("[^"]{0,1024}"|'[^']{0,1024}'|[^\\s"'&,;)}\\]]{1,1024})`,
  'gi',
);

/** `--password value` and `--token=value` inside one text. */
const FLAGGED = new RegExp(
  `(?<![a-z0-9_-])(--?${SECRET_NAME})(\\s{1,3})("[^"]{0,1024}"|'[^']{0,1024}'|[^\\s-][^\\s]{0,1024})`,
  'gi',
);

const SCHEME_TOKEN = /\b(bearer|basic)(\s{1,3}|%20)[a-z0-9._~+/=-]{6,4096}/gi;
const AUTHORIZATION = /\b(authorization["']?\s{0,3}[:=]\s{0,3}["']?)(?!bearer\b|basic\b)[^\s"',;]{4,4096}/gi;
const SESSION_COOKIE = /\b((?:set-)?cookie["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"'][^"'\r\n]{0,4096}/gi;
const JWT = /\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{0,4096}/g;
const KNOWN_PREFIX =
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|xox[abposr]-[A-Za-z0-9-]{10,255}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}|(?:AKIA|ASIA)[A-Z0-9]{16}|glpat-[A-Za-z0-9_-]{16,255}|npm_[A-Za-z0-9]{30,255})\b/g;
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g;

/** Settings of a Redis configuration, which name and value share without a sign between. */
const REDIS_SETTING = /\b((?:requirepass|masterauth)\s{1,3})\S{1,1024}/gi;

/** A form of credential: what a text must contain to be worth looking at, the pattern, and what replaces it. */
interface Form {
  readonly hint: RegExp;
  readonly pattern: RegExp;
  readonly replacement: string;
}

const NAME_HINT = /pass|pwd|secret|token|key|credential|auth/i;

/** The order matters: whole URLs before `name=value` inside them. */
const FORMS: readonly Form[] = [
  { hint: /-----BEGIN/, pattern: PRIVATE_KEY, replacement: MASK },
  { hint: /:\/\//, pattern: URL_PASSWORD, replacement: `$1${MASK}@` },
  { hint: /:\/\//, pattern: URL_TOKEN, replacement: `$1${MASK}@` },
  { hint: /bearer|basic/i, pattern: SCHEME_TOKEN, replacement: `$1 ${MASK}` },
  { hint: /authorization/i, pattern: AUTHORIZATION, replacement: `$1${MASK}` },
  { hint: /cookie/i, pattern: SESSION_COOKIE, replacement: `$1${MASK}` },
  { hint: /eyJ/, pattern: JWT, replacement: MASK },
  { hint: /_|-|A[KS]IA/, pattern: KNOWN_PREFIX, replacement: MASK },
  { hint: NAME_HINT, pattern: ASSIGNED, replacement: `$1${MASK}` },
  { hint: NAME_HINT, pattern: FLAGGED, replacement: `$1$2${MASK}` },
  { hint: /requirepass|masterauth/i, pattern: REDIS_SETTING, replacement: `$1${MASK}` },
];

const SECRET_FLAG = new RegExp(`^--?${SECRET_NAME}$`, 'i');

/** Hides credentials in a text and in an argument vector. */
export interface Mask {
  (text: string): string;
  /** The arguments, each masked; a value that follows a flag such as `--password` is masked whole. */
  readonly argv: (args: readonly string[]) => string[];
}

/**
 * Makes a mask. `secrets` are credentials the caller knows in the clear (passwords taken from store URLs); they are
 * hidden in every spelling a log line is likely to use: as they are, percent-encoded, and escaped as in JSON.
 */
export function createMask(secrets: readonly string[] = []): Mask {
  const known = knownSecrets(secrets);
  const mask = (text: string): string => {
    let masked = text;
    for (const pattern of known) masked = masked.replace(pattern, MASK);
    for (const { hint, pattern, replacement } of FORMS)
      if (hint.test(masked)) masked = masked.replace(pattern, replacement);
    return masked;
  };
  const argv = (args: readonly string[]): string[] =>
    args.map((argument, index) => (isSecretValue(args, index) ? MASK : mask(argument)));
  return Object.assign(mask, { argv });
}

/** Masks by form alone, for texts met where no secret is known. */
export const maskForms: Mask = createMask();

/** The passwords that stand in store URLs, decoded; what is no URL gives none. */
export function secretsOfUrls(urls: readonly string[]): string[] {
  return urls.flatMap((text) => {
    if (!URL.canParse(text)) return [];
    const url = new URL(text);
    const password = url.searchParams.get('password');
    return [decoded(url.password), password ?? ''].filter((secret) => secret !== '');
  });
}

function isSecretValue(args: readonly string[], index: number): boolean {
  const before = args[index - 1];
  const argument = args[index];
  if (before === undefined || argument === undefined) return false;
  return SECRET_FLAG.test(before) && !argument.startsWith('-');
}

function knownSecrets(secrets: readonly string[]): RegExp[] {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    spellings.add(secret);
    spellings.add(encodeURIComponent(secret));
    spellings.add(JSON.stringify(secret).slice(1, -1));
  }
  return [...spellings].sort((a, b) => b.length - a.length).map(secretPattern);
}

function secretPattern(secret: string): RegExp {
  const literal = secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const wordlike = secret.length < WHOLE_WORD_BELOW || /^[a-z]+$/i.test(secret);
  return new RegExp(wordlike ? `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])` : literal, 'g');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
