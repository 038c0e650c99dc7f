/**
 * URLs of stores as text: split into parts and put together again without touching what is not changed. The URL class
 * is of no use here: it normalises, refuses schemes with two colons (`jdbc:postgresql:`), and re-encodes passwords.
 *
 * @see RFC 3986 section 3
 */

export interface UrlParts {
  /** Without `://`, as written: `postgresql+asyncpg`, `jdbc:postgresql`. */
  readonly scheme: string;
  /** Still percent-encoded, without `@`; null when there is none. */
  readonly userinfo: string | null;
  /** Without brackets, still percent-encoded; may be empty. Several hosts stay one text with commas. */
  readonly host: string;
  readonly port: number | null;
  /** With its leading slash; may be empty. */
  readonly path: string;
  /** Parameters as written, without `?` and `&`. */
  readonly query: readonly string[];
  /** With its `#`; may be empty. */
  readonly fragment: string;
}

const URL_PATTERN =
  /^(?<scheme>[a-z][a-z0-9+.-]*(?::[a-z][a-z0-9+.-]*)?):\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?<fragment>#.*)?$/is;

/** Splits a URL; null when the text is none. */
export function splitUrl(text: string): UrlParts | null {
  const groups = URL_PATTERN.exec(text)?.groups;
  if (groups === undefined) return null;
  const authority = groups.authority ?? '';
  // The last @ counts: passwords with an unencoded @ are common, and drivers accept them.
  const at = authority.lastIndexOf('@');
  const address = splitAddress(authority.slice(at + 1));
  if (address === null) return null;
  return {
    scheme: groups.scheme ?? '',
    userinfo: at < 0 ? null : authority.slice(0, at),
    ...address,
    path: groups.path ?? '',
    query: (groups.query ?? '').split('&').filter((part) => part !== ''),
    fragment: groups.fragment ?? '',
  };
}

/** Puts the parts together; the inverse of {@link splitUrl}. */
export function joinUrl(parts: UrlParts): string {
  const userinfo = parts.userinfo === null ? '' : `${parts.userinfo}@`;
  const host = parts.host.includes(':') ? `[${parts.host}]` : parts.host;
  const port = parts.port === null ? '' : `:${parts.port}`;
  const query = parts.query.length === 0 ? '' : `?${parts.query.join('&')}`;
  return `${parts.scheme}://${userinfo}${host}${port}${parts.path}${query}${parts.fragment}`;
}

/** Splits `host`, `host:port`, `[v6]:port`; null when a port is no port. */
export function splitAddress(text: string): { readonly host: string; readonly port: number | null } | null {
  const bracketed = /^\[([^\]]*)\](?::(\d*))?$/.exec(text);
  if (bracketed !== null) return withPort(bracketed[1] ?? '', bracketed[2]);
  // A bare IPv6 address has several colons, and so has a list of hosts; neither ends in a port of its own.
  if (text.includes(',') || text.split(':').length > 2) return { host: text, port: null };
  const [host = '', port] = text.split(':');
  return withPort(host, port);
}

const HIGHEST_PORT = 65_535;

function withPort(host: string, port: string | undefined): { host: string; port: number | null } | null {
  if (port === undefined || port === '') return { host, port: null };
  const number = Number(port);
  if (!/^\d{1,5}$/.test(port) || number > HIGHEST_PORT || number === 0) return null;
  return { host, port: number };
}

/** Value of the first parameter with one of these names (in lower case), decoded; null when there is none. */
export function parameter(parts: UrlParts, ...names: readonly string[]): string | null {
  for (const part of parts.query) {
    const [name = '', ...value] = part.split('=');
    if (names.includes(name.toLowerCase())) return decodePart(value.join('='));
  }
  return null;
}

/** Percent-decoding that leaves text alone that was never encoded. */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** User name and password of a userinfo, decoded. */
export function splitUserinfo(userinfo: string | null): {
  readonly user: string | null;
  readonly password: string | null;
} {
  if (userinfo === null) return { user: null, password: null };
  const colon = userinfo.indexOf(':');
  const user = decodePart(colon < 0 ? userinfo : userinfo.slice(0, colon));
  return {
    user: user === '' ? null : user,
    password: colon < 0 ? null : decodePart(userinfo.slice(colon + 1)),
  };
}

const MASK = '***';

/** Hides credentials in any text: the userinfo of URLs, and values of password-like settings. */
export function redactText(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)([^\s"'<>/?#]*)@/gi, (_, start: string, userinfo: string) => {
      const user = /^([^:@]*):/.exec(userinfo)?.[1];
      return user === undefined ? `${start}${MASK}@` : `${start}${user}:${MASK}@`;
    })
    .replace(
      /((?:password|passwd|pwd|secret|token|sslpassword)["']?\s*[=:]\s*)("[^"]*"|'(?:[^'\\]|\\.)*'|[^\s&;,}"']+)/gi,
      `$1${MASK}`,
    );
}
