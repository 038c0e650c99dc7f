/**
 * Canonical text of dates and times. A PostgreSQL timestamp (`2024-01-01 10:00:00.123456+00`), an ISO 8601 one
 * (`2024-01-01T10:00:00.123Z`) and one with an offset are equal when they name the same moment.
 *
 * Decisions, each made so that what a service caches equals what the database said:
 * - without a zone, UTC is meant: that is what a service gets that keeps its timestamps in UTC;
 * - fractions are cut to milliseconds: JavaScript's Date, Rails and Django's JSON encoder cut the database's
 *   microseconds, and two updates of one row within a millisecond are no case to lose the others for;
 * - midnight UTC is the date alone: drivers turn a `date` column into a timestamp.
 */

const MOMENT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d(?::?\d\d)?)?))?)?$/;
const CLOCK = /^(\d\d):(\d\d):(\d\d)\.(\d{1,9})$/;

/** Canonical text of a date or timestamp, or null when the text is none. */
export function canonicalMoment(text: string): string | null {
  const match = MOMENT.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  if (hour === undefined) return text;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) return null;
  const millisecond = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'));
  date.setUTCHours(Number(hour), Number(minute), Number(second ?? 0), millisecond);
  date.setTime(date.getTime() - offsetMs(zone));
  return momentText(date);
}

/** Canonical text of a time of day with a fraction, or null: `10:00:00.500` is `10:00:00.5`. */
export function canonicalClock(text: string): string | null {
  const match = CLOCK.exec(text);
  if (match === null) return null;
  const fraction = (match[4] ?? '').replace(/0+$/, '');
  return `${match[1]}:${match[2]}:${match[3]}${fraction === '' ? '' : `.${fraction}`}`;
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const digits = zone.slice(1).replaceAll(':', '').padEnd(6, '0');
  const seconds =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return (zone.startsWith('-') ? -seconds : seconds) * 1000;
}

function momentText(date: Date): string | null {
  const year = date.getUTCFullYear();
  if (year < 0 || year > 9999) return null;
  const [day, clock] = date.toISOString().split('T') as [string, string];
  if (clock === '00:00:00.000Z') return day;
  return `${day}T${clock.slice(0, -1).replace(/\.?0+$/, '')}Z`;
}
