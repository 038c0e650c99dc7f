/** Learns which keys make each request cold: requests are sent one at a time, and keys that may be anything are tried, with undo. */
import { type ColdKeys, idOf, patternOf, type RequestTraffic, type Unit, withoutId } from './cold-keys.ts';
import type { KeyHand, Taken } from './key-hand.ts';

export const LEARN_LIMITS = {
  /** Times that all requests are sent. */
  rounds: 5,
  /** Least of them: what is filled first is read in the second. */
  leastRounds: 2,
  /** Requests sent to try keys. */
  tries: 100,
} as const;

/** One request as it went, alone. */
export interface Served {
  /** Null: no answer. */
  readonly status: number | null;
  readonly traffic: RequestTraffic;
}

export interface LearnerOptions {
  readonly keys: ColdKeys;
  readonly hand: KeyHand;
  /** Number of the case's requests. */
  readonly requests: number;
  /** Sends one, waits until what it caused is over, and has the keys take note of it. */
  readonly serve: (request: number) => Promise<Served>;
  readonly stopped: () => boolean;
}

export class Learner {
  readonly #options: LearnerOptions;
  #tries = 0;

  constructor(options: LearnerOptions) {
    this.#options = options;
  }

  async learn(): Promise<void> {
    const { requests, keys, serve, stopped } = this.#options;
    for (let round = 1; round <= LEARN_LIMITS.rounds; round++) {
      let unknown = 0;
      for (let request = 0; request < requests && !stopped(); request++) {
        const { status } = await serve(request);
        unknown += keys.unknown(request).length;
        if (status !== null) await this.tryUnknown(request, status);
      }
      if (stopped() || (unknown === 0 && round >= LEARN_LIMITS.leastRounds)) return;
    }
  }

  /** Tries every key that this request reads and of which nothing is known. @param status what it is answered with. */
  async tryUnknown(request: number, status: number): Promise<void> {
    const { keys, stopped } = this.#options;
    const patterns = new Map<string, Unit[]>();
    for (const unit of keys.unknown(request))
      patterns.set(patternOf(unit), [...(patterns.get(patternOf(unit)) ?? []), unit]);
    for (const [first, ...alike] of patterns.values()) {
      if (first === undefined || stopped()) return;
      const verdict = await this.#try(request, status, [first]);
      if (alike.length === 0 || verdict === 'unsettled') continue;
      if (verdict === 'cache') await this.#tryTogether(request, status, alike);
      else
        for (const unit of alike)
          keys.settle(unit, false, `it is like ${withoutId(first.key)}, which is left alone`);
    }
  }

  async #tryTogether(request: number, status: number, units: readonly Unit[]): Promise<void> {
    const verdict = await this.#try(request, status, units);
    if (verdict !== 'unsettled') return;
    for (const unit of units) if (!this.#options.stopped()) await this.#try(request, status, [unit]);
  }

  async #try(
    request: number,
    status: number,
    units: readonly Unit[],
  ): Promise<'cache' | 'kept' | 'unsettled'> {
    const { keys, hand, serve } = this.#options;
    if (this.#tries >= LEARN_LIMITS.tries) {
      for (const unit of units)
        keys.settle(unit, false, `more than ${LEARN_LIMITS.tries} tries would be needed`);
      return 'kept';
    }
    this.#tries++;
    await hand.remove(keys.caches(request));
    const taken: Taken[] = [];
    try {
      for (const unit of units) await this.#take(unit, taken);
      if (taken.length === 0) return 'kept';
      const served = await serve(request);
      if (served.status !== status && taken.length > 1) return 'unsettled';
      return await this.#decide(taken, served, status);
    } finally {
      for (const one of taken.splice(0)) await hand.putBack(one);
    }
  }

  async #take(unit: Unit, taken: Taken[]): Promise<void> {
    const { keys, hand } = this.#options;
    try {
      const one = await hand.take(unit);
      if (one === null) keys.gone(unit);
      else taken.push(one);
    } catch (error) {
      keys.settle(unit, false, `it could not be tried: ${(error as Error).message}`);
    }
  }

  /** What is decided leaves the list; the rest is put back by the caller. */
  async #decide(taken: Taken[], served: Served, status: number): Promise<'cache' | 'kept'> {
    const { keys, hand } = this.#options;
    let verdict: 'cache' | 'kept' = 'cache';
    for (const one of [...taken]) {
      const { unit } = one;
      const refill = served.traffic.refilled.get(idOf(unit));
      const back = served.status === status && refill !== undefined && !refill.script;
      const same = await hand.isBack(one);
      // Written anew is not enough: a session that was lost is begun anew, too.
      if (served.status === status && refill !== undefined && (same || (back && keys.isFed(unit)))) {
        await hand.letGo(one);
        taken.splice(taken.indexOf(one), 1);
        keys.settle(unit, true, `it was tried: the request filled it again${fromTables(refill.tables)}`);
      } else {
        verdict = 'kept';
        keys.settle(unit, false, keptWhy(served.status, status, refill !== undefined));
      }
    }
    return verdict;
  }
}

function fromTables(tables: readonly string[]): string {
  return tables.length === 0 ? '' : ` from ${tables.join(', ')}`;
}

function keptWhy(got: number | null, expected: number, refilled: boolean): string {
  if (got !== expected)
    return `without it the request was answered ${got ?? 'nothing'} instead of ${expected}; it was put back`;
  return refilled
    ? 'it was tried: it came back with another value, so it may be a session; it was put back'
    : 'it was tried: the database did not bring it back, so it may be a session or a lock; it was put back';
}
