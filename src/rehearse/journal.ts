/** What happened so far, as a document; written at the beginning and at the end of every step. */

import type { RunOn } from '../case/checklist-contract.ts';
import type { StoredCase } from '../case/read.ts';
import {
  REHEARSAL_FORMAT,
  type Rehearsal,
  type RehearsalStep,
  type RehearsalStepName,
  type StepOutcome,
} from './contract.ts';
import { confirmsRollback, verdictOf } from './verdict.ts';

export interface JournalOptions {
  readonly item: Pick<StoredCase, 'name' | 'rehearsed'>;
  readonly url: string;
  readonly on: RunOn | null;
  readonly now: () => Date;
  readonly write: (rehearsal: Rehearsal) => void;
  /** Told when a step begins, and when it has ended. */
  readonly told: (step: RehearsalStep) => void;
}

/** What a step found. */
export type Found = Pick<RehearsalStep, 'outcome' | 'why'> &
  Partial<Pick<RehearsalStep, 'commands' | 'checks' | 'configuration' | 'figures'>>;

export class Journal {
  readonly #options: JournalOptions;
  readonly #startedAt: string;
  readonly #begin = performance.now();
  readonly #steps: RehearsalStep[] = [];
  readonly #notices: string[] = [];
  #deployed = false;
  #tellsApart: boolean | null = null;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#startedAt = options.now().toISOString();
  }

  note(text: string): void {
    this.#notices.push(text);
  }

  /** From here on the rollback has to be run. */
  deployed(): void {
    this.#deployed = true;
  }

  tellsApart(tells: boolean): void {
    this.#tellsApart = tells;
  }

  /** Takes a step. What it throws is a failure of what it needs. */
  async take(name: RehearsalStepName, step: () => Promise<Found>): Promise<StepOutcome> {
    const { now, told } = this.#options;
    const blank = { why: null, commands: [], checks: [], configuration: null, figures: null };
    const running: RehearsalStep = {
      step: name,
      outcome: 'running',
      startedAt: now().toISOString(),
      ranMs: 0,
      ...blank,
    };
    const at = this.#steps.push(running) - 1;
    told(running);
    this.#write();
    const begin = performance.now();
    const found = await step().catch(
      (error: unknown): Found => ({
        outcome: 'environment',
        why: error instanceof Error ? error.message : String(error),
      }),
    );
    const ended = { ...running, ...found, ranMs: Math.round(performance.now() - begin) };
    this.#steps[at] = ended;
    told(ended);
    this.#write();
    return ended.outcome;
  }

  /** @param ended what cut it short; null: nothing */
  end(ended: string | null): Rehearsal {
    const rehearsal = this.#document(true, ended);
    this.#options.write(rehearsal);
    return rehearsal;
  }

  #write(): void {
    this.#options.write(this.#document(false, 'it still runs, or was killed'));
  }

  #document(over: boolean, ended: string | null): Rehearsal {
    const { item, url, on } = this.#options;
    return {
      format: REHEARSAL_FORMAT,
      case: item.name,
      rehearsed: item.rehearsed,
      startedAt: this.#startedAt,
      ranMs: Math.round(performance.now() - this.#begin),
      complete: over && ended === null,
      ended,
      on,
      url,
      ...verdictOf(this.#steps, ended),
      // One that runs has begun: whoever reads this after a kill has to take it back.
      deployed:
        this.#deployed || this.#steps.some(({ step, outcome }) => step === 'deploy' && outcome === 'running'),
      rollbackConfirmed: confirmsRollback(this.#steps),
      tellsApart: this.#tellsApart,
      steps: [...this.#steps],
      notices: [...this.#notices],
    };
  }
}
