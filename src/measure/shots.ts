/** Requests of the load as the history and the samples tell them: each is put in flight right before it goes out, so that store
 * operations of a request that is alone are known to be its own. */
import type { LoadTools, Shot } from '../load/contract.ts';
import type { RequestSpec } from '../race/scenario/index.ts';
import type { Capture } from '../watch/capture.ts';
import type { Flight } from '../watch/http-flights.ts';
import type { Phase, Sample } from './contract.ts';
import { rounded } from './queries.ts';
import type { Tally, Traffic } from './traffic.ts';

/** How long after its end a request may still turn out not to have been alone, ns. */
const LATE_NS = 200e6;

interface Open {
  readonly flight: Flight;
  readonly tally: Tally;
  /** Sessions of the history never overlap. */
  readonly slot: number;
}

interface Ended extends Open {
  readonly shot: Shot;
  readonly phase: Phase;
  readonly request: number;
}

export interface ShotsOptions {
  readonly capture: Capture;
  readonly traffic: Traffic;
  readonly requests: readonly RequestSpec[];
  /** False: the stores are not behind our relays. */
  readonly watched: () => boolean;
  /** Whether the user ended the run: what was in flight then was given up by us and is no error of the service. */
  readonly interrupted: () => boolean;
}

export class Shots {
  readonly #options: ShotsOptions;
  readonly #free: number[] = [];
  #slots = 0;
  #ended: Ended[] = [];
  readonly #counts = { cold: 0, warm: 0 };

  constructor(options: ShotsOptions) {
    this.#options = options;
  }

  /** What the load calls around each of its requests. `requestOf` gives the index of a shot's request within the case; `phase` null:
   * it is not measured. */
  around(
    phase: Phase | null,
    requestOf: (shot: Shot) => number,
  ): Required<Pick<LoadTools, 'sending' | 'ended'>> {
    const { capture, traffic } = this.#options;
    const open = new Map<number, Open>();
    return {
      sending: (index) => {
        const flight = capture.flights.begin(capture.clock(), null);
        open.set(index, { flight, tally: traffic.follow(flight.request), slot: this.#slot() });
      },
      ended: (shot) => {
        const one = open.get(shot.index);
        // One that was still waiting for its turn was never sent.
        if (one === undefined) return;
        open.delete(shot.index);
        const request = requestOf(shot);
        this.#record(one, shot, request);
        const givenUp = shot.status === null && this.#options.interrupted();
        if (phase !== null && !givenUp) this.#ended.push({ ...one, shot, phase, request });
        else traffic.leave(one.flight.request);
      },
    };
  }

  #slot(): number {
    return this.#free.pop() ?? ++this.#slots;
  }

  #record({ flight, slot }: Open, shot: Shot, request: number): void {
    const { capture, requests } = this.#options;
    const at = capture.clock();
    if (shot.status === null) capture.flights.abandon(flight, at);
    else capture.flights.end(flight, at);
    this.#free.push(slot);
    const { method = 'GET', path = '/' } = requests[request] ?? {};
    capture.request({
      session: `http:${slot}`,
      method,
      path: path.split('?')[0] ?? '/',
      invoke: flight.invoke,
      return: shot.status === null ? null : at,
      status: shot.status === null ? 'info' : 'ok',
      code: shot.status,
      size: shot.bytes,
      request: flight.request,
    });
  }

  /** Samples that are final; all of them once nothing moves any more. */
  drain(all: boolean): readonly Sample[] {
    const { capture } = this.#options;
    const before = all ? Number.POSITIVE_INFINITY : capture.clock() - LATE_NS;
    if (!all && capture.waiting > 0) return [];
    const ready = this.#ended.filter(({ shot }) => shot.ended <= before);
    this.#ended = this.#ended.filter(({ shot }) => shot.ended > before);
    return ready.map((one) => this.#sample(one));
  }

  #sample({ shot, phase, request, flight, tally }: Ended): Sample {
    this.#options.traffic.leave(flight.request);
    const known = this.#options.watched() && flight.exact;
    return {
      phase,
      index: this.#counts[phase]++,
      request,
      dueMs: rounded(shot.due / 1e6),
      correctedMs: rounded((shot.ended - shot.due) / 1e6),
      uncorrectedMs: rounded((shot.ended - shot.sent) / 1e6),
      status: shot.status,
      error: shot.error,
      cache: known ? tally.use : null,
      sourceCalls: known ? tally.sourceCalls : null,
      cacheCalls: known ? tally.cacheCalls : null,
    };
  }
}
