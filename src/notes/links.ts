/** Which addresses may stand in a page. */

/** Longest address that is kept, characters. */
export const LONGEST_ADDRESS = 2_000;
/** Whitespace, controls, quotes and backslashes: none of them belongs in an address, and browsers drop some before they read it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
const FORBIDDEN = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\"'<>`{}|^\u202a-\u202e\u2066-\u2069]/;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** Other readers of Markdown undo entities in addresses. */
const ENTITY = /&#?\w{1,40};/;
const ALLOWED = /^(?:https?:\/\/[^/?#@]|mailto:[^?])/i;

/** The address where a link may lead: http, https, mailto, or relative; null: nowhere. */
export function safeLink(address: string): string | null {
  if (address === '' || address.length > LONGEST_ADDRESS) return null;
  if (FORBIDDEN.test(address) || ENTITY.test(address)) return null;
  // An encoded colon or slash in the first segment would be read by others as one.
  if (SCHEME.test(address)) return ALLOWED.test(address) ? address : null;
  if (address.startsWith('/') || /^[^/?#]*(?::|%3a)/i.test(address)) return null;
  return address;
}

/** A path of an image beside its note: relative, and never above it; null: another kind of address. Percent-escapes are undone. */
export function imagePath(address: string): string | null {
  if (safeLink(address) === null || SCHEME.test(address) || /[?#]/.test(address)) return null;
  let path: string;
  try {
    path = decodeURIComponent(address);
  } catch {
    return null;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a NUL ends paths.
  if (/[\u0000-\u001f\\]/.test(path) || path.startsWith('/')) return null;
  return path.split('/').includes('..') ? null : path;
}

/** The address of a picture that the site keeps, as seen from its root: a page in a folder writes `../assets/…`. */
export function withinSite(address: string): string {
  return address.replace(/^\.\.\/(?=assets\/)/, '');
}
