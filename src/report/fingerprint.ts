/**
 * An identity of a finding that lasts from run to run: its code, key template and writer, of which there is one finding
 * each. Keys, times and counts differ between runs and stay out of it.
 */
import type { Finding } from '../core/finding.ts';

/** FNV-1a with 64 bits: offset basis and prime of draft-eastlake-fnv, section 5. */
const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** 16 hexadecimal digits. */
export function fingerprint({
  code,
  template,
  writer,
}: Pick<Finding, 'code' | 'template' | 'writer'>): string {
  return fnv1a(JSON.stringify([code, template, writer]));
}

/** FNV-1a of the text in UTF-8, 64 bits as 16 hexadecimal digits. */
export function fnv1a(text: string): string {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash.toString(16).padStart(16, '0');
}
