/**
 * Canonical text of numbers, by digits and never by floating point: `12.00`, `12`, `1.2e1` and `12.0` are one number,
 * and so are all spellings of `9007199254740993`, which no double can hold.
 *
 * Not numbers, because they are names that happen to be digits: leading zeros (`007`, a postal code), a leading plus
 * (`+4917…`, a telephone number).
 */

const NUMBER = /^(-?)(0|[1-9][0-9]*)?(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,5}))?$/;
/** Numbers whose plain form is longer than this are written as `digits`e`exponent`. */
const PLAIN_LENGTH = 64;

/** Canonical text of a decimal number, or null when the text is none. */
export function canonicalNumber(text: string): string | null {
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const whole = match[2];
  const fraction = match[3] ?? '';
  if (whole === undefined && fraction === '') return null;
  const all = `${whole ?? '0'}${fraction}`;
  const first = firstNonZero(all);
  if (first === all.length) return '0';
  let end = all.length;
  while (all.charCodeAt(end - 1) === 48) end--;
  const digits = all.slice(first, end);
  // The value is 0.digits × 10^point.
  const point = (whole ?? '0').length - first + Number(match[4] ?? 0);
  return (match[1] ?? '') + place(digits, point);
}

function firstNonZero(digits: string): number {
  let at = 0;
  while (at < digits.length && digits.charCodeAt(at) === 48) at++;
  return at;
}

function place(digits: string, point: number): string {
  if (point > PLAIN_LENGTH && point > digits.length) return `${digits}e${point - digits.length}`;
  if (point < -PLAIN_LENGTH) return `${digits}e${point - digits.length}`;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}
