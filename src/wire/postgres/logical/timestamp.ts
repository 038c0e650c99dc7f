/** Times with a zone as the server writes them in its ISO style, whatever DateStyle is set (`timestamptz_to_str`). */

const TIMESTAMP =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;
const MICROS_PER_MILLI = 1000n;
const MICROS_PER_SECOND = 1_000_000n;
const FRACTION_DIGITS = 6;
/** Below it, Date.UTC takes years for those of the 20th century. */
const FIRST_YEAR = 100;

/**
 * Microseconds since 1970 of a text like `2024-01-31 10:00:00.25+05:30`; null for what is no such time, for infinity, and
 * for years that no clock shows (before 100).
 */
export function parseTimestamp(text: string): bigint | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const field = (index: number): number => Number(match[index] ?? 0);
  if (field(1) < FIRST_YEAR) return null;
  const millis = Date.UTC(field(1), field(2) - 1, field(3), field(4), field(5), field(6));
  if (!Number.isFinite(millis)) return null;
  const fraction = BigInt((match[7] ?? '').padEnd(FRACTION_DIGITS, '0'));
  const east = BigInt(field(9) * 3600 + field(10) * 60 + field(11)) * MICROS_PER_SECOND;
  return BigInt(millis) * MICROS_PER_MILLI + fraction - (match[8] === '-' ? -east : east);
}
