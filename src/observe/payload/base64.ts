/** Encodings of documents as text: base64 (RFC 4648, both alphabets) and HTML forms. */
import { type Decoded, entriesOf, textLeaf } from './tree.ts';

const SHORTEST_BASE64 = 16;
const FORM = /^[\w.[\]%+*-]+=[^&=\s]*(?:&[\w.[\]%+*-]+=[^&=\s]*)+$/;
const LONGEST_FORM = 65_536;

/** The bytes behind base64; null when the text is not base64. */
export function decodeBase64(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length < SHORTEST_BASE64 || !isBase64Byte(bytes[0] as number)) return null;
  const end = contentEnd(bytes);
  for (let i = 0; i < end; i++) if (!isBase64Byte(bytes[i] as number)) return null;
  if (end % 4 === 1) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1');
  return Buffer.from(text, 'base64');
}

/** End of the digits: padding and a final line break do not count. */
function contentEnd(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  for (let padding = 0; padding < 2 && bytes[end - 1] === 0x3d; padding++) end--;
  return end;
}

function isBase64Byte(byte: number): boolean {
  return (
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2f ||
    byte === 0x2d ||
    byte === 0x5f
  );
}

/** Two or more fields of a form, `a=1&b=2`. */
export function decodeForm(bytes: Uint8Array): Decoded | null {
  if (bytes.length > LONGEST_FORM || !bytes.includes(0x26) || !bytes.includes(0x3d)) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (!FORM.test(text)) return null;
  const fields = [...new URLSearchParams(text)];
  return { tree: entriesOf(fields.map(([name, value]) => [name, textLeaf(value)])), cut: false };
}
