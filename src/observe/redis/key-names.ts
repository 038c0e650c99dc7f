/**
 * Key and field names as text. Names are bytes; those that are UTF-8 read as they are, any other byte becomes `\xHH`. A
 * backslash that would read like such an escape is itself escaped, so that no two names read alike.
 */

/** Bytes of a valid UTF-8 sequence at `at`, or 0. */
function sequence(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const size =
    first >= 0xc2 && first < 0xe0
      ? 2
      : first >= 0xe0 && first < 0xf0
        ? 3
        : first >= 0xf0 && first < 0xf5
          ? 4
          : 0;
  if (size === 0 || at + size > end) return 0;
  for (let i = 1; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  return first === 0xf4 && second > 0x8f ? 0 : size;
}

/** Text of the name in `bytes` from `start` to `end`. */
export function nameText(bytes: Uint8Array, start: number, end: number): string {
  const buffer = asBuffer(bytes);
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x80 || byte === 0x5c) return unusual(buffer, start, end);
  }
  return buffer.toString('latin1', start, end);
}

/** Bytes of a name as text: the inverse of {@link nameText}. */
export function nameBytes(text: string): Uint8Array {
  const parts = text.split(/\\x([0-9a-f]{2})/);
  return Buffer.concat(parts.map((part, i) => (i % 2 === 0 ? Buffer.from(part) : Buffer.from(part, 'hex'))));
}

function unusual(bytes: Buffer, start: number, end: number): string {
  let text = '';
  let plain = start;
  for (let at = start; at < end; ) {
    const size = looksEscaped(bytes, at, end) ? 0 : sequence(bytes, at, end);
    if (size > 0) {
      at += size;
      continue;
    }
    text += `${bytes.toString('utf8', plain, at)}\\x${bytes[at]!.toString(16).padStart(2, '0')}`;
    plain = ++at;
  }
  return text + bytes.toString('utf8', plain, end);
}

function looksEscaped(bytes: Uint8Array, at: number, end: number): boolean {
  if (bytes[at] !== 0x5c || bytes[at + 1] !== 0x78 || at + 4 > end) return false;
  return isHex(bytes[at + 2]!) && isHex(bytes[at + 3]!);
}

function isHex(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102);
}

let lastView: Buffer = Buffer.alloc(0);
let lastBytes: Uint8Array = lastView;

/** The same memory as a Buffer; the last answer is remembered, because one chunk holds many names. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (bytes === lastBytes) return lastView;
  lastBytes = bytes;
  lastView = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return lastView;
}
