/**
 * Binary network addresses → text (network_send, macaddr_send in the server's source).
 */
import type { BodyReader } from './reader.ts';

/** The server's own number for IPv4; IPv6 is one more. */
const FAMILY_IPV4 = 2;
const FAMILY_IPV6 = 3;

/** inet and cidr; cidr always shows its prefix length, inet only when it is not a single host's. */
export function addressText(reader: BodyReader): string | undefined {
  const family = reader.uint8();
  const bits = reader.uint8();
  const cidr = reader.uint8();
  const size = reader.uint8();
  const from = reader.skip(size);
  const expected = family === FAMILY_IPV4 ? 4 : family === FAMILY_IPV6 ? 16 : -1;
  if (reader.failed || size !== expected) return undefined;
  const bytes = reader.bytes.subarray(from, from + size);
  const address = size === 4 ? bytes.join('.') : ipv6Text(bytes);
  return cidr !== 0 || bits !== size * 8 ? `${address}/${bits}` : address;
}

/** RFC 5952's shortest form, with the last 32 bits dotted for mapped and compatible addresses as inet_ntop does. */
function ipv6Text(bytes: Uint8Array): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  const run = longestZeroRun(words);
  const dotted = run.from === 0 && (run.size === 6 || (run.size === 5 && words[5] === 0xffff));
  const parts = words.map((word) => word.toString(16));
  if (dotted) parts.splice(6, 2, bytes.subarray(12).join('.'));
  if (run.size < 2) return parts.join(':');
  return `${parts.slice(0, run.from).join(':')}::${parts.slice(run.from + run.size).join(':')}`;
}

function longestZeroRun(words: readonly number[]): { readonly from: number; readonly size: number } {
  let best = { from: -1, size: 0 };
  for (let from = 0; from < words.length; from++) {
    let size = 0;
    while (words[from + size] === 0) size++;
    if (size > best.size) best = { from, size };
  }
  return best;
}

/** macaddr (6 bytes) and macaddr8 (8 bytes). */
export function macText(reader: BodyReader, size: number): string | undefined {
  if (reader.left !== size) return undefined;
  const from = reader.skip(size);
  return hex(reader.bytes, from, reader.at).replace(/..(?=.)/g, '$&:');
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes `[from, to)` in hexadecimal. */
export function hex(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) text += HEX[bytes[at] as number];
  return text;
}
