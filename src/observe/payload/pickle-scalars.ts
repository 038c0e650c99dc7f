/** Scalars as pickles write them. */
import { LIMITS } from './limits.ts';

/** Decimal text of a little-endian two's complement integer of any length (LONG1, LONG4). */
export function integerText(bytes: Uint8Array): string {
  if (bytes.length === 0) return '0';
  const hex = Buffer.from(bytes).reverse().toString('hex');
  // Writing out a huge integer takes quadratic time; no cell is equal to one.
  if (bytes.length > LIMITS.integerBytes) return `0x${hex.slice(0, LIMITS.integerBytes)}`;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)).toString();
}

/** Text of a double, as short as round-trips. */
export function floatText(value: number): string {
  return String(value);
}

/** The bytes of a protocol 0 string's body: Python's `\\`, `\'`, `\n`, `\xNN`. */
export function decodeBytesEscape(body: string): Uint8Array {
  const plain = body.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_, hex: string | undefined, char: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return SIMPLE_ESCAPES[char] ?? char;
  });
  return Buffer.from(plain, 'latin1');
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Text of Python's raw-unicode-escape: Latin-1 with `\uNNNN` and `\UNNNNNNNN`. */
export function decodeRawUnicode(body: string): string {
  return body.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, short?: string, long?: string) => {
    const code = Number.parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
