/**
 * How a request says who asks, told from its header fields; their values go no further.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2 (Authorization) and RFC 6265 (cookies)
 */
import type { IncomingHttpHeaders } from 'node:http';

export type Credentials = 'authorization' | 'cookie' | 'none';

/** Cookies that frameworks keep sessions in, and what people name their own. */
const SESSION =
  /sess(?:ion)?(?:[_.-]?(?:id|key|token))?(?:$|[_.-])|^(?:connect\.)?sid$|[_.-]sid$|auth(?!or)|^jwt|[_-]jwt$|access[_-]?token|refresh[_-]?token|id[_-]?token|remember[_-]|logged[_-]?in|^\.aspnet|identity\.application|phpsessid|jsessionid/i;
/** Cookies with such names that are no credentials: tokens against forgery, analytics. */
const OTHER =
  /csrf|xsrf|^_hj|^_ga|^_gid|^_pk|^ai_|^amplitude|^mp_|^optimizely|^intercom|^_dd|analytics|^__utm/i;

/** Whether a cookie of this name is a session's or another credential. */
export function namesSession(cookie: string): boolean {
  const name = cookie.replace(/^__(?:Host|Secure)-/i, '');
  return SESSION.test(name) && !OTHER.test(name);
}

/** What a request identifies its user by. */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  if (filled(headers.authorization)) return 'authorization';
  const cookies = (headers.cookie ?? '').split(';');
  const session = cookies.some((pair) => {
    const cut = pair.indexOf('=');
    return cut > 0 && pair.slice(cut + 1).trim() !== '' && namesSession(pair.slice(0, cut).trim());
  });
  return session ? 'cookie' : 'none';
}

function filled(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== '';
}
