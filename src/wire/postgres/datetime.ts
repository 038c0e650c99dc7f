/**
 * Binary dates and times → text in DateStyle ISO and IntervalStyle postgres. Times with time zone are written in UTC:
 * their binary form does not say which zone the session shows. Formats: date_send, time_send, timestamp_send,
 * interval_send in the server's source; the epoch is 2000-01-01.
 */
import type { BodyReader } from './reader.ts';

/** Julian day number of 2000-01-01. */
const EPOCH_JULIAN_DAY = 2_451_545;
const INT32_MAX = 0x7fff_ffff;
const INT32_MIN = -0x8000_0000;
const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);
const MICROS_PER_SECOND = 1_000_000;
const MICROS_PER_DAY = 86_400_000_000n;

const two = (value: number): string => String(value).padStart(2, '0');

/** Days since the epoch → `2024-01-31`, with ` BC` to be appended by the caller when `bc`. */
function calendar(days: number): { readonly text: string; readonly bc: boolean } {
  // Richards, Calendars (Explanatory Supplement to the Astronomical Almanac, 3rd ed., 15.11): Julian day → Gregorian.
  const julian = days + EPOCH_JULIAN_DAY;
  const f = julian + 1401 + Math.floor((Math.floor((4 * julian + 274_277) / 146_097) * 3) / 4) - 38;
  const e = 4 * f + 3;
  const g = Math.floor((((e % 1461) + 1461) % 1461) / 4);
  const h = 5 * g + 2;
  const day = Math.floor((h % 153) / 5) + 1;
  const month = ((Math.floor(h / 153) + 2) % 12) + 1;
  const year = Math.floor(e / 1461) - 4716 + Math.floor((14 - month) / 12);
  const shown = year > 0 ? year : 1 - year;
  return { text: `${String(shown).padStart(4, '0')}-${two(month)}-${two(day)}`, bc: year <= 0 };
}

export function dateText(reader: BodyReader): string | undefined {
  const days = reader.int32();
  if (reader.failed) return undefined;
  if (days === INT32_MAX) return 'infinity';
  if (days === INT32_MIN) return '-infinity';
  const { text, bc } = calendar(days);
  return bc ? `${text} BC` : text;
}

/** Microseconds of a day → `10:00:00.25`. Hours may exceed 24 (intervals). */
function clock(micros: number): string {
  const seconds = Math.floor(micros / MICROS_PER_SECOND);
  const rest = micros % MICROS_PER_SECOND;
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return rest === 0 ? text : `${text}.${String(rest).padStart(6, '0').replace(/0+$/, '')}`;
}

export function timeText(reader: BodyReader): string | undefined {
  const micros = reader.int64();
  return reader.failed || micros < 0n || micros > MICROS_PER_DAY ? undefined : clock(Number(micros));
}

/** Seconds west of Greenwich → `+02`, `-03:30`. */
function zone(west: number): string {
  const size = Math.abs(west);
  let text = `${west > 0 ? '-' : '+'}${two(Math.floor(size / 3600))}`;
  if (size % 3600 !== 0) text += `:${two(Math.floor(size / 60) % 60)}`;
  if (size % 60 !== 0) text += `:${two(size % 60)}`;
  return text;
}

export function timeWithZoneText(reader: BodyReader): string | undefined {
  const time = timeText(reader);
  const west = reader.int32();
  return time === undefined || reader.failed ? undefined : time + zone(west);
}

export function timestampText(reader: BodyReader, suffix: string): string | undefined {
  const micros = reader.int64();
  if (reader.failed) return undefined;
  if (micros === INT64_MAX) return 'infinity';
  if (micros === INT64_MIN) return '-infinity';
  const within = ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
  const { text, bc } = calendar(Number((micros - within) / MICROS_PER_DAY));
  return `${text} ${clock(Number(within))}${suffix}${bc ? ' BC' : ''}`;
}

/** `1 year 2 mons -3 days +04:05:06`: a sign is written after a negative field, and the time is left out when zero and
 * something else is there. */
export function intervalText(reader: BodyReader): string | undefined {
  const micros = reader.int64();
  const days = reader.int32();
  const months = reader.int32();
  if (reader.failed) return undefined;
  if (micros === INT64_MAX && days === INT32_MAX && months === INT32_MAX) return 'infinity';
  if (micros === INT64_MIN && days === INT32_MIN && months === INT32_MIN) return '-infinity';
  const parts: string[] = [];
  let negative = false;
  const field = (value: number, unit: string): void => {
    if (value === 0) return;
    parts.push(`${negative && value > 0 ? '+' : ''}${value} ${unit}${value === 1 ? '' : 's'}`);
    negative = value < 0;
  };
  field(Math.trunc(months / 12), 'year');
  field(months % 12, 'mon');
  field(days, 'day');
  if (micros !== 0n || parts.length === 0) {
    const sign = micros < 0n ? '-' : negative ? '+' : '';
    parts.push(sign + intervalClock(micros < 0n ? -micros : micros));
  }
  return parts.join(' ');
}

function intervalClock(micros: bigint): string {
  const perHour = 3_600_000_000n;
  const hours = micros / perHour;
  return `${hours < 10n ? '0' : ''}${hours}${clock(Number(micros % perHour)).slice(2)}`;
}
