/**
 * Binary ranges → text (range_send and range_out in the server's source): a byte of flags, then the bounds that exist,
 * each with its length.
 */
import type { BodyReader } from './reader.ts';

const EMPTY = 0x01;
const LOWER_INCLUSIVE = 0x02;
const UPPER_INCLUSIVE = 0x04;
const LOWER_INFINITE = 0x08;
const UPPER_INFINITE = 0x10;

/** `bound` gives the text of one bound; undefined when it is not a value of the range's type. */
export function rangeText(
  reader: BodyReader,
  bound: (from: number, to: number) => string | undefined,
): string | undefined {
  const flags = reader.uint8();
  if (reader.failed) return undefined;
  if ((flags & EMPTY) !== 0) return 'empty';
  const next = (infinite: number): string | undefined => {
    if ((flags & infinite) !== 0) return '';
    const length = reader.int32();
    const from = reader.skip(length);
    if (reader.failed) return undefined;
    const text = bound(from, from + length);
    return text === undefined ? undefined : quoted(text);
  };
  const lower = next(LOWER_INFINITE);
  const upper = next(UPPER_INFINITE);
  if (lower === undefined || upper === undefined) return undefined;
  const open = (flags & LOWER_INCLUSIVE) !== 0 ? '[' : '(';
  return `${open}${lower},${upper}${(flags & UPPER_INCLUSIVE) !== 0 ? ']' : ')'}`;
}

function quoted(text: string): string {
  const plain = text !== '' && !/["\\()[\], \t\n\r\v\f]/.test(text);
  return plain ? text : `"${text.replace(/["\\]/g, '$&$&')}"`;
}
