/**
 * A rehearsal: the change deployed to staging, looked at, and taken back. `rehearsal.json` is written whole at the beginning and at the
 * end of each step: at any moment, also after a kill -9, it says what happened. No credential is in it.
 */
import type { CommandRun, RunOn } from '../case/checklist-contract.ts';
import type { LatencyFigures } from '../load/contract.ts';

export const REHEARSAL_FILE = 'rehearsal.json';
export const REHEARSAL_FORMAT = 'whystale-rehearsal/1';

/** In the order in which they are taken. */
export const REHEARSAL_STEPS = [
  'configuration',
  'before',
  'deploy',
  'ready',
  'check',
  'figures',
  'rollback',
  'ready-again',
  'restored',
] as const;
export type RehearsalStepName = (typeof REHEARSAL_STEPS)[number];

/** `running`: it had begun when this was written. `undecided`: it could not be told whether it holds. `environment`: something that
 * the rehearsal needs failed. */
export type StepOutcome = 'running' | 'held' | 'failed' | 'undecided' | 'environment';

/** A variable of one side: shown where it is nobody's secret, else a hash under a key that is kept nowhere. */
export interface ConfigValue {
  /** `h:` and 16 hexadecimal digits, or the value itself. */
  readonly value: string;
}

export interface ConfigDifference {
  readonly name: string;
  /** Null: it is not there. */
  readonly staging: ConfigValue | null;
  readonly production: ConfigValue | null;
  readonly allowed: boolean;
}

export interface ConfigComparison {
  /** Variables that both sides have, with one value. */
  readonly same: number;
  readonly differences: readonly ConfigDifference[];
}

export interface CheckResult {
  readonly name: string;
  readonly kind: 'request' | 'sql' | 'freshness';
  readonly outcome: Exclude<StepOutcome, 'running'>;
  /** What was seen; null: it held, and there is nothing to say. */
  readonly why: string | null;
  readonly ranMs: number;
  /** Status of the last answer; null: none, or no request. */
  readonly status: number | null;
  /** Freshness: how long after the write the new value was seen first, ms. */
  readonly freshAfterMs: number | null;
}

export interface RehearsalFigures {
  readonly rate: number;
  readonly seconds: number;
  readonly requests: number;
  readonly errors: number;
  /** Response times from when requests were due, of those answered rightly. */
  readonly correctedMs: LatencyFigures | null;
  /** Median of the warm baseline, ms; null: there is none. */
  readonly baselineP50Ms: number | null;
}

export interface RehearsalStep {
  readonly step: RehearsalStepName;
  readonly outcome: StepOutcome;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly ranMs: number;
  readonly why: string | null;
  readonly commands: readonly CommandRun[];
  readonly checks: readonly CheckResult[];
  readonly configuration: ConfigComparison | null;
  readonly figures: RehearsalFigures | null;
}

export type RehearsalVerdict = 'held' | 'failed' | 'incomplete' | 'environment';

export interface Rehearsal {
  readonly format: typeof REHEARSAL_FORMAT;
  readonly case: string;
  /** SHA-256 of the sections that it was rehearsed with. */
  readonly rehearsed: string;
  readonly startedAt: string;
  readonly ranMs: number;
  /** False: it was cut short, or still runs. */
  readonly complete: boolean;
  /** What cut it short; null: nothing. */
  readonly ended: string | null;
  readonly on: RunOn | null;
  readonly url: string;
  readonly verdict: RehearsalVerdict;
  /** One sentence. */
  readonly because: string;
  /** The deployment had begun: from then on the rollback is run, whatever happens. */
  readonly deployed: boolean;
  /** The rollback command was run, ended with 0, and the old behaviour was seen again after it. */
  readonly rollbackConfirmed: boolean;
  /** Whether some check of the old behaviour stopped holding once the change was deployed; null: not known. */
  readonly tellsApart: boolean | null;
  readonly steps: readonly RehearsalStep[];
  readonly notices: readonly string[];
}
