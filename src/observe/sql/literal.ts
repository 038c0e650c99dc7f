/**
 * The value that a literal denotes, as the text that the server would send back for it. Rules: the manual's chapter
 * 4.1.2 "Constants". Never fails: a malformed literal gives its inner text.
 */

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const ESCAPE = /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;
const UNICODE_ESCAPE = /\\(?:\\|\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))/g;
const MAX_CODE_POINT = 0x10ffff;

function codePoint(hex: string): string {
  const value = Number.parseInt(hex, 16);
  return value <= MAX_CODE_POINT ? String.fromCodePoint(value) : '';
}

/** Inner texts of a string and its continuations, joined; quotes still doubled. */
function inner(source: string, open: number, escapes: boolean): string {
  const piece = escapes
    ? /'([^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*)(?:'|\\?$)\s*/y
    : /'([^']*(?:''[^']*)*)(?:'|$)\s*/y;
  let text = '';
  piece.lastIndex = open;
  for (;;) {
    const at = piece.lastIndex;
    const match = piece.exec(source);
    if (!match) return text || (at === open ? source.slice(open + 1) : text);
    text += match[1];
    if (piece.lastIndex >= source.length || piece.lastIndex === at) return text;
  }
}

function withoutEscapes(text: string): string {
  return text.replace(ESCAPE, (_, byte, short, long, octal, other) => {
    if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
    if (short !== undefined) return codePoint(short);
    if (long !== undefined) return codePoint(long);
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return SIMPLE_ESCAPES[other] ?? other;
  });
}

/** Value of a string literal in any of its forms. */
export function textValue(source: string): string {
  const first = source[0];
  if (first === '$') {
    const tag = source.indexOf('$', 1) + 1;
    const end = source.length - tag;
    return source.slice(tag, end >= tag && source.endsWith(source.slice(0, tag)) ? end : undefined);
  }
  if (first === 'E' || first === 'e') return withoutEscapes(inner(source, 1, true).replaceAll("''", "'"));
  if (first === 'U' || first === 'u') {
    const text = inner(source, 2, false).replaceAll("''", "'");
    return text.replace(UNICODE_ESCAPE, (_, long, short) =>
      long === undefined && short === undefined ? '\\' : codePoint(long ?? short),
    );
  }
  return inner(source, first === "'" ? 0 : 1, false).replaceAll("''", "'");
}

/** Value of a bit string: X'1F' is the bits 00011111. */
export function bitsValue(source: string): string {
  const digits = inner(source, 1, false);
  if (source[0] !== 'X' && source[0] !== 'x') return digits;
  return Array.from(digits, (digit) => {
    const value = Number.parseInt(digit, 16);
    return Number.isNaN(value) ? '' : value.toString(2).padStart(4, '0');
  }).join('');
}

/** Value of a number: digit separators dropped, other bases in decimal. */
export function numberValue(source: string): string {
  const plain = source.replaceAll('_', '').replace(/^([+-])\s+/, '$1');
  const sign = plain[0] === '-' ? '-' : '';
  const digits = plain.replace(/^[+-]/, '');
  if (!/^0[xXoObB]/.test(digits)) return sign + digits;
  try {
    return sign + BigInt(digits).toString();
  } catch {
    return sign + digits;
  }
}
