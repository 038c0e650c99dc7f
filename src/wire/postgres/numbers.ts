/**
 * Binary numbers → the text PostgreSQL's output functions write.
 */
import type { BodyReader } from './reader.ts';

/** Decimal exponents from which floats are written with an exponent: `%g` of the type's guaranteed digits, which the
 * shortest-precise output (server 12 and later) kept. */
const FLOAT8_DIGITS = 15;
const FLOAT4_DIGITS = 6;
const LEAST_FIXED_EXPONENT = -4;

export function float8Text(value: number): string {
  return floatText(value, FLOAT8_DIGITS, shortestFloat8);
}

export function float4Text(value: number): string {
  return floatText(value, FLOAT4_DIGITS, shortestFloat4);
}

/** Where a decimal of 17 digits can lie exactly halfway between two doubles: below, halves need more digits; above, more
 * factors of five than an odd number of 54 bits has. */
const HALFWAY_FROM = 2 ** 53;
const HALFWAY_TO = 1e40;

/** JavaScript and the server both write the shortest decimal that reads back as the same double, but only JavaScript
 * takes one that lies exactly on the border to the neighbouring double. */
function shortestFloat8(value: number): string {
  let text = value.toExponential();
  if (value < HALFWAY_FROM || value >= HALFWAY_TO) return text;
  const exact = BigInt(value);
  const step = BigInt(2 ** (exact.toString(2).length - 53));
  for (let digits = text.indexOf('e') - 1; digits <= 17; digits++) {
    const distance = BigInt(wholeNumber(text)) - exact;
    if ((distance < 0n ? -distance : distance) * 2n < step) break;
    text = value.toExponential(digits);
  }
  return text;
}

/** `1.25e+3` → `1250`. */
function wholeNumber(text: string): string {
  const [mantissa = '', power = '0'] = text.split('e');
  return mantissa.replace('.', '').padEnd(Number(power) + 1, '0');
}

/** The shortest decimal that reads back as the same 32-bit float; nine digits always do. */
function shortestFloat4(value: number): string {
  const step = 2 ** (Math.floor(Math.log2(value)) - 23);
  for (let digits = 0; digits < 8; digits++) {
    const text = roundedToEven(value, digits);
    const read = Number(text);
    const onBorder = value >= 2 ** 24 && Math.abs(read - value) * 2 >= step;
    if (Math.fround(read) === value && !onBorder) return text;
  }
  return value.toExponential(8);
}

/** `toExponential` rounds a tie up, the server to the even digit. A tie's digits end in a 5 right behind the rounded
 * ones; forty digits show that nothing follows it. */
function roundedToEven(value: number, digits: number): string {
  const text = value.toExponential(digits);
  const [mantissa = '', power = ''] = text.split('e');
  const last = Number(mantissa.at(-1));
  if (last % 2 === 0) return text;
  const behind = value
    .toExponential(40)
    .slice(0, 42)
    .replace('.', '')
    .slice(digits + 1);
  return /^50*$/.test(behind) ? `${mantissa.slice(0, -1)}${last - 1}e${power}` : text;
}

function floatText(value: number, fixedDigits: number, shortest: (value: number) => string): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const sign = value < 0 ? '-' : '';
  const [mantissa = '', power = '0'] = shortest(Math.abs(value)).split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent >= LEAST_FIXED_EXPONENT && exponent < fixedDigits) return sign + fixed(digits, exponent);
  const point = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}${point}e${exponent < 0 ? '-' : '+'}${size}`;
}

function fixed(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = digits.slice(exponent + 1);
  return rest === '' ? whole : `${whole}.${rest}`;
}

const NUMERIC_NEGATIVE = 0x4000;
const NUMERIC_SPECIAL: Readonly<Record<number, string>> = {
  49152: 'NaN',
  53248: 'Infinity',
  61440: '-Infinity',
};
const DIGITS_PER_GROUP = 4;

/** numeric: base-10000 groups, the weight of the first, sign, and the number of decimals to show (numeric_send). */
export function numericText(reader: BodyReader): string | undefined {
  const count = reader.uint16();
  const weight = reader.int16();
  const sign = reader.uint16();
  const scale = reader.uint16() & 0x3fff;
  if (reader.failed || reader.left < count * 2) return undefined;
  const special = NUMERIC_SPECIAL[sign];
  if (special !== undefined) return special;
  if (sign !== 0 && sign !== NUMERIC_NEGATIVE) return undefined;
  const groups: number[] = [];
  for (let i = 0; i < count; i++) groups.push(reader.uint16());
  const group = (index: number): string => String(groups[index] ?? 0).padStart(DIGITS_PER_GROUP, '0');
  let whole = '';
  for (let i = 0; i <= weight; i++) whole += group(i);
  let decimals = '';
  for (let i = weight + 1; decimals.length < scale; i++) decimals += i < 0 ? '0000' : group(i);
  const text = whole.replace(/^0+(?=\d)/, '') || '0';
  return (sign === 0 ? '' : '-') + text + (scale > 0 ? `.${decimals.slice(0, scale)}` : '');
}
