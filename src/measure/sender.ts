/** Sends the requests of a case to the service: one alone, with all that it caused, or many at a rate. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Case } from '../case/contract.ts';
import { generatorLag, type LoadPlan, runLoad, type Shot } from '../load/index.ts';
import type { RequestSpec } from '../race/scenario/index.ts';
import type { Capture } from '../watch/capture.ts';
import { type ColdKeys, trafficOf } from './cold-keys.ts';
import { judgeOf } from './expected.ts';
import type { Served } from './learner.ts';
import { MEASURE_LIMITS, type WarmPlan } from './measured-contract.ts';
import type { Shots } from './shots.ts';
import type { Tally, Traffic } from './traffic.ts';

/** Requests alone are due at once. */
const AT_ONCE = 1_000;

/** Where the requests go. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly requests: readonly [RequestSpec, ...RequestSpec[]];
}

export interface SenderOptions {
  readonly target: Target;
  readonly measured: Pick<Case, 'load' | 'expected'>;
  readonly capture: Capture;
  readonly traffic: Traffic;
  readonly keys: ColdKeys;
  readonly shots: Shots;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** A request had no answer: the service may be gone. */
  readonly unanswered: () => Promise<void>;
}

export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  get requests(): Target['requests'] {
    return this.#options.target.requests;
  }

  /** A request that is none of the case's. Gives its status; null: no answer. */
  async ask(request: RequestSpec): Promise<number | null> {
    const { capture, random, signal, unanswered } = this.#options;
    const [shot] = await runLoad(this.#plan([request], 1), { clock: capture.clock, random, signal });
    await this.#settle();
    if (shot?.status == null) await unanswered();
    return shot?.status ?? null;
  }

  /**
   * Sends one request alone, and waits until all that it caused is over.
   *
   * @param into the block that it counts in; null: it is not measured
   * @param quietMs how long the stores must be quiet for it to be over
   */
  async serve(
    request: number,
    into: Tally | null,
    quietMs: number = MEASURE_LIMITS.quietMs,
  ): Promise<Served> {
    const { capture, traffic, keys, shots, random, signal, unanswered } = this.#options;
    const spec = this.requests[request];
    if (spec === undefined || signal.aborted) return { status: null, traffic: trafficOf([]) };
    const { clock } = capture;
    const from = clock();
    traffic.keep(from);
    if (into !== null) traffic.measure(from, into);
    const around = shots.around(into === null ? null : 'cold', () => request);
    const [shot] = await runLoad(this.#plan([spec], 1), { clock, random, signal, ...around });
    await this.#settle(quietMs);
    traffic.endMeasure();
    const caused = trafficOf(traffic.kept());
    keys.observe(request, caused);
    if (shot?.status == null) await unanswered();
    return { status: shot?.status ?? null, traffic: caused };
  }

  /** Sends all requests in turn at a rate. Gives what must be known of the sending itself; null: nothing. */
  async load({ rate, seconds, arrivals }: WarmPlan, into: Tally): Promise<string | null> {
    const { capture, traffic, shots, random, signal, unanswered } = this.#options;
    const { clock } = capture;
    const plan = { ...this.#plan(this.requests, countOf({ rate, seconds })), rate, arrivals };
    const around = shots.around('warm', ({ request }) => request);
    const ended = (shot: Shot): void => {
      around.ended(shot);
      if (shot.status === null) void unanswered();
    };
    traffic.measure(clock(), into);
    try {
      const sent = await runLoad(plan, { clock, random, signal, ...around, ended });
      await this.#settle();
      return signal.aborted ? null : generatorLag(sent, plan).notice;
    } finally {
      traffic.endMeasure();
    }
  }

  #plan(requests: LoadPlan['requests'], count: number): LoadPlan {
    const { target, measured } = this.#options;
    const { host, port, tls } = target;
    return {
      host,
      port,
      tls,
      requests,
      rate: AT_ONCE,
      count,
      arrivals: 'constant',
      timeoutMs: measured.load.timeoutMs,
      inFlight: MEASURE_LIMITS.inFlight,
      judge: judgeOf(measured.expected),
    };
  }

  /** Waits until the stores have been quiet for a moment and nothing waits for the catalog. */
  async #settle(quietMs: number = MEASURE_LIMITS.quietMs): Promise<void> {
    const { capture, traffic } = this.#options;
    const { clock } = capture;
    const begin = clock();
    for (;;) {
      await delay(1);
      const quiet = clock() - Math.max(begin, traffic.lastAt);
      if (capture.waiting === 0 && quiet >= quietMs * 1e6) return;
      if (clock() - begin >= MEASURE_LIMITS.settleMs * 1e6) return;
    }
  }
}

/** Requests of a warm phase. */
export function countOf({ rate, seconds }: Pick<WarmPlan, 'rate' | 'seconds'>): number {
  return Math.max(1, Math.round(rate * seconds));
}
