/** Arrivals as they are written: `50/s`, `300/m`. */
import { z } from 'zod';
import { type Reading, shaped } from '../race/scenario/parts.ts';

const RATE_FORM = 'arrivals such as 50/s or 300/m';

export const RateSchema = z.union([
  z.number().positive(),
  shaped(String.raw`^\s*\d+(\.\d+)?\s*(\/\s*(s|m))?\s*$`, RATE_FORM),
]);

const MINUTE_SECONDS = 60;

/** Arrivals per second. */
export function rateOf(
  written: string | number | undefined,
  otherwise: number,
  path: Parameters<Reading['wrong']>[0],
  reading: Reading,
): number {
  if (written === undefined) return otherwise;
  const [number = '', unit = 's'] = String(written).split('/');
  const rate = Number(number) / (unit.trim() === 'm' ? MINUTE_SECONDS : 1);
  if (Number.isFinite(rate) && rate > 0) return rate;
  reading.wrong(path, '"rate" is no number above 0', 'Arrivals such as 50/s or 300/m.');
  return otherwise;
}
