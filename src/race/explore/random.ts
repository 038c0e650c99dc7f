/**
 * Random walks: at every choice point one of the enabled steps, all equally likely. Never complete; for systems too large
 * to enumerate, and for a second opinion. Execution n of a seed is the same in every run on a system that is deterministic.
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
import { Recorder } from './recorder.ts';
import { Tally } from './tally.ts';
import { createDependence, traceOf } from './trace.ts';

export interface RandomOptions {
  readonly seed: number;
  readonly executions: number;
  /** Faults per execution at most. */
  readonly faults: number;
}

export function createRandom(options: RandomOptions): Explorer {
  return new RandomWalk(options);
}

class RandomWalk implements Explorer {
  readonly #options: RandomOptions;
  readonly #tally = new Tally();
  readonly #dependent = createDependence();
  #random: () => number = () => 0;
  #recorder = new Recorder();
  #spent = 0;

  constructor(options: RandomOptions) {
    this.#options = options;
  }

  next(): Plan | null {
    if (this.#tally.runs >= this.#options.executions) return null;
    const execution = this.#tally.runs + 1;
    this.#random = randomSource(this.#options.seed, execution);
    this.#recorder = new Recorder();
    this.#spent = 0;
    return { execution, prefix: [], attempt: 0 };
  }

  choose(point: ChoicePoint): Choice {
    this.#recorder.observe(point);
    const affordable = point.enabled.filter(
      ({ fault }) => fault === undefined || this.#spent < this.#options.faults,
    );
    if (affordable.every(({ fault }) => fault !== undefined)) return { kind: 'stop' };
    const sorted = affordable.sort(byActor);
    const step = sorted[Math.floor(this.#random() * sorted.length)]!;
    if (step.fault !== undefined) this.#spent++;
    this.#recorder.release(stepId(step));
    return { kind: 'release', step: stepId(step) };
  }

  ended(outcome: Outcome): void {
    this.#recorder.finish(outcome.pending);
    if (outcome.ending !== 'failed') {
      this.#tally.finished(outcome, traceOf(this.#recorder.events, this.#dependent));
      return;
    }
    const prefix = this.#recorder.events.map(({ id }) => id);
    const none = { missing: [], unexpected: [], changed: [], pendingDiffers: false };
    this.#tally.diverged({ prefix, ...none, failed: true });
  }

  progress(): Progress {
    return this.#tally.progress(null, false, 'random walks sample the orderings');
  }
}

/** Numbers in [0, 1) that depend on nothing but the arguments: SplitMix with 32 bits of state (Steele, Lea and Flood,
 * OOPSLA 2014, with the mixing constants of MurmurHash3). */
function randomSource(seed: number, stream: number): () => number {
  let state = mix((seed | 0) ^ mix(stream));
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state) / 0x100000000;
  };
}

function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
