/**
 * Plain enumeration: every enabled step at every choice point, depth first, nothing reduced. It is written apart from
 * dpor.ts so that one can check the other. With `switches` it enumerates every ordering of at most so many switches of
 * actor (after Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007, who count preemptions).
 */
import {
  byActor,
  type Choice,
  type ChoicePoint,
  type Explorer,
  type Outcome,
  type Plan,
  type Progress,
  stepId,
} from './contract.ts';
import { type Divergence, differs, type Sighting } from './divergence.ts';
import { Recorder } from './recorder.ts';
import { Tally } from './tally.ts';
import { createDependence, switchesOf, traceOf } from './trace.ts';

export interface NoneOptions {
  /** Executions begun at most. */
  readonly executions: number;
  /** Faults per execution at most. */
  readonly faults: number;
  readonly retries: number;
  /** Switches of actor at most; what is left out then is a gap. */
  readonly switches: number;
}

const DEFAULTS: NoneOptions = { executions: 100_000, faults: 1, retries: 3, switches: Infinity };

interface Frame {
  readonly sighting: Sighting;
  readonly choices: readonly { readonly id: string; readonly actor: string; readonly fault: boolean }[];
  /** True when only faults are left: the execution ends here first. */
  readonly final: boolean;
  /** Index of the choice under exploration; -1: none, the execution ends here. */
  taken: number;
}

export function createNone(options: Partial<NoneOptions> = {}): Explorer {
  return new None({ ...DEFAULTS, ...options });
}

class None implements Explorer {
  readonly #options: NoneOptions;
  readonly #tally = new Tally();
  readonly #dependent = createDependence();
  #stack: Frame[] = [];
  #depth = 0;
  /** Frames of the stack that were there when the execution began. */
  #known = 0;
  #attempt = 0;
  #over: 'explored' | 'budget' | null = null;
  #divergence: Divergence | null = null;
  #cut = false;
  #recorder = new Recorder();

  constructor(options: NoneOptions) {
    this.#options = options;
  }

  next(): Plan | null {
    if (this.#over === null && this.#tally.runs >= this.#options.executions) this.#over = 'budget';
    if (this.#over !== null) return null;
    this.#depth = 0;
    this.#known = this.#stack.length;
    this.#divergence = null;
    this.#cut = false;
    this.#recorder = new Recorder();
    const prefix = this.#stack.map(({ choices, taken }) => choices[taken]!.id);
    return { execution: this.#tally.runs + 1, prefix, attempt: this.#attempt };
  }

  choose(point: ChoicePoint): Choice {
    this.#recorder.observe(point);
    const known = this.#stack[this.#depth];
    if (known !== undefined) {
      this.#divergence = differs(this.#prefix(), known.sighting, point);
      if (this.#divergence !== null) return { kind: 'cut', reason: 'diverged' };
    }
    const frame = known ?? this.#arrive(point);
    if (known === undefined) this.#stack.push(frame);
    const choice = frame.choices[frame.taken];
    if (choice === undefined && !frame.final) {
      this.#cut = true;
      return { kind: 'cut', reason: 'bound' };
    }
    if (choice === undefined) return { kind: 'stop' };
    this.#depth++;
    this.#recorder.release(choice.id);
    return { kind: 'release', step: choice.id };
  }

  ended(outcome: Outcome): void {
    this.#recorder.finish(outcome.pending);
    if (this.#depth < this.#known || outcome.ending === 'failed') {
      const failed = outcome.ending === 'failed';
      const none = { missing: [], unexpected: [], changed: [], pendingDiffers: false };
      this.#divergence ??= { prefix: this.#prefix(), ...none, failed };
    }
    if (this.#divergence === null) {
      this.#attempt = 0;
      if (this.#cut) this.#tally.pruned++;
      else this.#tally.finished(outcome, traceOf(this.#recorder.events, this.#dependent));
      this.#advance();
      return;
    }
    this.#tally.diverged(this.#divergence);
    this.#stack.length = this.#known;
    if (this.#attempt++ < this.#options.retries) return;
    this.#attempt = 0;
    this.#tally.unresolved(this.#divergence);
    this.#advance();
  }

  progress(): Progress {
    const waiting =
      this.#over === 'budget' ? 'the budget of executions is spent' : 'the exploration was ended early';
    return this.#tally.progress(this.#share(), this.#over === 'explored', waiting);
  }

  #prefix(): string[] {
    return this.#stack.slice(0, this.#depth).map(({ choices, taken }) => choices[taken]!.id);
  }

  #arrive(point: ChoicePoint): Frame {
    const steps = [...point.enabled].sort(byActor);
    const taken = this.#stack.map(({ choices, taken: at }) => choices[at]!);
    const spent = taken.filter(({ fault }) => fault).length;
    const affordable = steps
      .filter(({ fault }) => fault === undefined || spent < this.#options.faults)
      .map((step) => ({ id: stepId(step), actor: step.actor, fault: step.fault !== undefined }));
    const choices = affordable.filter(({ actor }) => {
      return switchesOf([...taken.map((one) => one.actor), actor]) <= this.#options.switches;
    });
    if (choices.length < affordable.length) {
      this.#tally.gap(
        `orderings with more than ${this.#options.switches} switches were left out`,
        'switches',
      );
    }
    const final = affordable.every(({ fault }) => fault);
    const sighting = { steps: new Map(steps.map((step) => [stepId(step), step])), pending: point.pending };
    return { sighting, choices, final, taken: final ? -1 : 0 };
  }

  #advance(): void {
    for (let top = this.#stack.at(-1); top !== undefined; top = this.#stack.at(-1)) {
      top.taken++;
      if (top.taken < top.choices.length) return;
      this.#stack.pop();
    }
    this.#over = 'explored';
  }

  /** Share of the tree that lies before the path under exploration; see {@link Tally.progress}. */
  #share(): number {
    if (this.#over === 'explored') return 1;
    let weight = 1;
    let share = 0;
    for (const { choices, taken, final } of this.#stack) {
      const ways = choices.length + (final ? 1 : 0);
      share += (weight * (taken + (final ? 1 : 0))) / ways;
      weight /= ways;
    }
    return share;
  }
}
