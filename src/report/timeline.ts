/** Draws a witness: two lanes under the routes that ran in them, time in milliseconds since the first step, log lines across. */
import type { WitnessStep } from '../core/finding.ts';
import { stepTime } from '../core/numbers.ts';
import { drawLanes, type Lane } from './lanes.ts';
import type { Drawing } from './style.ts';

/** Routes over the lanes; null where nothing is known. */
export interface Headings {
  readonly reader: string | null;
  readonly writer: string | null;
}

/** The lines of a timeline. */
export function drawTimeline(steps: readonly WitnessStep[], headings: Headings, drawing: Drawing): string[] {
  const timed = steps.map((step) => ({ ...step, when: stepTime(step.atMs) }));
  return drawLanes(timed, lanesOf(steps, headings), 'ms', drawing);
}

function lanesOf(steps: readonly WitnessStep[], headings: Headings): readonly Lane[] {
  const used = (['reader', 'writer'] as const).filter(
    (lane) => steps.some((step) => step.lane === lane) || headings[lane] !== null,
  );
  return (used.length === 0 ? (['reader'] as const) : used).map((name) => ({
    name,
    heading: headings[name],
  }));
}
