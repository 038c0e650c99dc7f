/** Numbers and durations as people read them. */

/** Milliseconds of a timeline: one decimal, fewer when the number is long. */
export function stepTime(ms: number): string {
  return Math.abs(ms) >= 100_000 ? ms.toFixed(0) : ms.toFixed(1);
}

/** A duration in its natural unit: `0.8 ms`, `320 ms`, `48.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${trimmed(ms, 1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 99_950) return `${trimmed(ms / 1000, 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function trimmed(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/\.0$/, '');
}

/** A whole number with a comma between thousands. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 key`, `2 keys`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share from 0 to 1 in percent; a share that is not zero never prints as 0 %, nor one below all as 100 %. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  if (value < 100 && value > 99.9) return '> 99.9 %';
  return `${trimmed(value, 1)} %`;
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A duration as it is written, `500us`, `250ms`, `2s`, `1.5m`, `1h`, in integer nanoseconds; null when it is none. */
export function writtenDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s?(ns|us|ms|s|m|h)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : NANOSECONDS[match[2]];
  const nanoseconds = unit === undefined ? Number.NaN : Math.round(Number(match?.[1]) * unit);
  return Number.isSafeInteger(nanoseconds) ? nanoseconds : null;
}
