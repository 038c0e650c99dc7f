/** Counts what an exploration finds. */
import type { Outcome, Progress } from './contract.ts';
import { type Divergence, explainDivergence } from './divergence.ts';
import { classOf, type Trace } from './trace.ts';

/** Classes told apart at most; beyond it `classes` is a lower bound. */
const MAX_CLASSES = 1_000_000;
/** Divergences kept with what differed. */
const MAX_DIVERGENCES_KEPT = 20;

export class Tally {
  executions = 0;
  pruned = 0;
  stale = 0;
  divergences = 0;
  readonly kept: Divergence[] = [];
  readonly #classes = new Set<string>();
  readonly #gaps = new Map<string, number>();

  /** Executions begun, whatever came of them. */
  get runs(): number {
    return this.executions + this.pruned + this.divergences;
  }

  finished(outcome: Outcome, trace: Trace): void {
    this.executions++;
    if (outcome.stale === true) this.stale++;
    if (outcome.ending === 'limit') this.gap('executions reached the limit of the runner');
    if (this.#classes.size < MAX_CLASSES) this.#classes.add(digest(classOf(trace)));
  }

  diverged(divergence: Divergence): void {
    this.divergences++;
    if (this.kept.length < MAX_DIVERGENCES_KEPT) this.kept.push(divergence);
  }

  unresolved(divergence: Divergence): void {
    this.gap(`prefixes did not replay, e.g. ${explainDivergence(divergence)}`, 'divergence');
  }

  /** Notes a reason why the exploration is not complete; reasons with one `kind` are counted together. */
  gap(reason: string, kind: string = reason): void {
    const known = [...this.#gaps.keys()].find((text) => text.startsWith(`${kind}\n`));
    const key = known ?? `${kind}\n${reason}`;
    this.#gaps.set(key, (this.#gaps.get(key) ?? 0) + 1);
  }

  get flawless(): boolean {
    return this.#gaps.size === 0;
  }

  /**
   * `remaining` is estimated from `share`, the share of the known tree that is done when each branch known of a choice
   * point weighs the same (after Knuth, "Estimating the efficiency of backtrack programs", Mathematics of Computation 29,
   * 1975): executions so far / share - executions so far. Branches found later make it grow, so it is a lower bound in
   * spirit; near the end it is good.
   */
  progress(share: number | null, explored: boolean, waiting: string | null): Progress {
    const done = this.executions + this.pruned;
    return {
      executions: this.executions,
      pruned: this.pruned,
      classes: this.#classes.size,
      stale: this.stale,
      divergences: this.divergences,
      remaining: share === null || share === 0 ? null : Math.round(done / share - done),
      complete: explored && this.flawless,
      gaps: [
        ...(explored || waiting === null ? [] : [waiting]),
        ...[...this.#gaps].map(([text, count]) => `${count} × ${text.slice(text.indexOf('\n') + 1)}`),
      ],
    };
  }
}

/** 64 bits of FNV-1a in two halves: enough to tell a million classes apart. */
function digest(text: string): string {
  let high = 0x811c9dc5;
  let low = 0xcbf29ce4;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit ^ (high >>> 15), 0x01000193);
  }
  return `${(high >>> 0).toString(36)}.${(low >>> 0).toString(36)}`;
}
