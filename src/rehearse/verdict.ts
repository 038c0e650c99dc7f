/** What a rehearsal comes to. Pure. */
import type { Rehearsal, RehearsalStep, RehearsalStepName, RehearsalVerdict } from './contract.ts';

type Steps = readonly Pick<RehearsalStep, 'step' | 'outcome' | 'commands'>[];

/**
 * Whether the rollback was really executed, and the old behaviour seen again after it. Told from the steps alone: a document that only
 * says so is not believed.
 */
export function confirmsRollback(steps: Steps): boolean {
  const at = (name: RehearsalStepName) => steps.findIndex(({ step }) => step === name);
  const [deploy, rollback, restored] = [at('deploy'), at('rollback'), at('restored')];
  if (deploy < 0 || rollback < deploy || restored < rollback) return false;
  const runs = steps[rollback]?.commands ?? [];
  const executed = runs.length > 0 && runs.every((run) => run.exitCode === 0 && run.stopped === null);
  return executed && steps[rollback]?.outcome === 'held' && steps[restored]?.outcome === 'held';
}

const NAMES: Readonly<Record<RehearsalStepName, string>> = {
  configuration: 'the configuration',
  before: 'the old behaviour before the deployment',
  deploy: 'the deployment',
  ready: 'readiness after the deployment',
  check: 'the new behaviour',
  figures: 'the figures',
  rollback: 'the rollback',
  'ready-again': 'readiness after the rollback',
  restored: 'the old behaviour after the rollback',
};

/** What did not hold decides; then what the environment did not give; then what was cut short or could not be told. */
export function verdictOf(
  steps: readonly Pick<RehearsalStep, 'step' | 'outcome' | 'why'>[],
  ended: string | null,
): Pick<Rehearsal, 'verdict' | 'because'> {
  const order: readonly (readonly [RehearsalStep['outcome'], RehearsalVerdict, string])[] = [
    ['failed', 'failed', 'did not hold'],
    ['environment', 'environment', 'could not be looked at'],
    ['running', 'incomplete', 'was not finished'],
    ['undecided', 'incomplete', 'could not be decided'],
  ];
  for (const [outcome, verdict, words] of order) {
    const found = steps.filter((step) => step.outcome === outcome);
    const [first] = found;
    if (first === undefined) continue;
    const rest = found.slice(1).map(({ step }) => NAMES[step]);
    const others = rest.length === 0 ? '' : `; likewise ${rest.join(', ')}`;
    const why = first.why === null ? '' : `: ${first.why}`;
    return { verdict, because: `${NAMES[first.step]} ${words}${why}${others}` };
  }
  if (ended !== null) return { verdict: 'incomplete', because: ended };
  const back = steps.some(({ step }) => step === 'restored');
  return {
    verdict: 'held',
    because: back
      ? 'everything held, and the rollback brought the old behaviour back'
      : 'all that was looked at held',
  };
}
