/** Steps of an execution as they are shown. */
import type { RaceStep } from '../result.ts';
import type { NamedCause } from './cause.ts';
import type { Taken } from './execution.ts';

export function shownStep(
  { step, result }: Pick<Taken, 'step' | 'result'>,
  index: number,
  cause: Pick<NamedCause, 'notes'> | null,
): RaceStep {
  const { actor, ordinal, label, fault } = step;
  const about = cause?.notes.get(index);
  return {
    actor,
    ordinal,
    label,
    result,
    ...(fault === undefined ? {} : { fault }),
    ...(about?.decisive === true ? { decisive: true as const } : {}),
    ...(about === undefined || about.note === '' ? {} : { note: about.note }),
  };
}
