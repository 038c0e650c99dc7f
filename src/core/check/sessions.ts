/** What comes before what within a session: by real time, since a session that pipelines has operations that overlap. */
import { append } from '../multimap.ts';
import type { Step } from './register.ts';

/** Steps by session, each session's in order of their ends. */
export function bySession(steps: readonly Step[]): Map<string, Step[]> {
  const sessions = new Map<string, Step[]>();
  for (const step of steps) {
    append(sessions, step.session, step);
  }
  for (const list of sessions.values()) list.sort((a, b) => a.end - b.end);
  return sessions;
}

/** Answers which steps of a list come directly before a moment: they ended before it, and none comes before another. */
export type DirectlyBefore = (time: number) => readonly Step[];

/** For a session's steps in order of their ends. */
export function directlyBefore(steps: readonly Step[]): DirectlyBefore {
  // Latest start among the first n steps: what ended before it comes before that step.
  const starts = new Float64Array(steps.length + 1).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < steps.length; i++) {
    starts[i + 1] = Math.max(starts[i] as number, (steps[i] as Step).start);
  }
  return (time) => {
    let low = 0;
    let high = steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((steps[middle] as Step).end < time) low = middle + 1;
      else high = middle;
    }
    const latest = starts[low] as number;
    const direct: Step[] = [];
    for (let i = low - 1; i >= 0 && (steps[i] as Step).end >= latest; i--) direct.push(steps[i] as Step);
    return direct;
  };
}
