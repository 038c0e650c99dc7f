/** Counterexamples as files: a schedule that can be kept next to the code and replayed. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeWhole } from '../../files/whole-file.ts';
import { encodeSchedule } from '../explore/schedule.ts';
import type { Counterexample } from '../result.ts';
import type { Found } from './collection.ts';
import type { RaceRequest } from './contract.ts';
import { shownStep } from './steps.ts';

/** Writes the schedule and gives the counterexample as it is reported. */
export async function writeCounterexample(found: Found, request: RaceRequest): Promise<Counterexample> {
  const { ran, cause, fault, executions } = found;
  const { scenario, schedules } = request;
  const name = path.basename(scenario.file).replace(/\.[^.]*$/, '');
  const file = path.join(
    schedules,
    `${[name, ran.start, ...(fault === null ? [] : [fault]), cause.code].join('-')}.json`,
  );
  const text = encodeSchedule({
    scenario: { path: path.relative(schedules, scenario.file), digest: scenario.digest },
    start: ran.start,
    fault,
    cause: cause.code,
    verdict: 'invalid',
    steps: ran.taken.map(({ step, enabled, result }) => ({
      ...step,
      enabled: enabled.filter((id) => !id.includes('!')),
      ...(result === null ? {} : { result }),
    })),
  });
  await mkdir(schedules, { recursive: true });
  writeWhole(file, text);
  const { judgement } = ran;
  const wrong = judgement?.answers.find(({ stale }) => stale);
  return {
    schedule: file,
    cause: cause.code,
    start: ran.start,
    fault,
    steps: ran.taken.map((taken, i) => shownStep(taken, i, cause)),
    key: cause.key,
    served: wrong?.value ?? '',
    truth: judgement?.truth ?? '',
    instance: wrong?.actor ?? '',
    explanation: cause.explanation,
    remedy: cause.remedy,
    executions,
  };
}
