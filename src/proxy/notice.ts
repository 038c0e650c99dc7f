/** Says a thing at most once in a given time, so that a store that is down does not fill the terminal. */
import type { Clock } from './observer.ts';

/** Least time between two notices of an unreachable store, ns. */
export const NOTICE_INTERVAL_NS = 60_000_000_000;

/** Wraps `say` so that calls within `intervalNs` of the last one that passed are dropped. */
export function atMostEvery<T>(intervalNs: number, clock: Clock, say: (what: T) => void): (what: T) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (what) => {
    const now = clock();
    if (now - last < intervalNs) return;
    last = now;
    say(what);
  };
}

/** Wraps `say` so that each code passes once. */
export function oncePerCode(say: (code: string, text: string) => void): (code: string, text: string) => void {
  const said = new Set<string>();
  return (code, text) => {
    if (said.has(code)) return;
    said.add(code);
    say(code, text);
  };
}
