/** What the service's instrumentation would send: spans by the service's own clock, in batches, later than what they enclose. */
import type { TraceSpan } from '../../../src/core/operation.ts';
import type { Unnumbered } from '../../../src/observe/context.ts';
import { MS } from './engine.ts';
import { Random } from './random.ts';
import type { Recorder } from './recorder.ts';
import type { Instrumentation, TrueRequest } from './world.ts';

/** Time spent in a client, each way. */
const CLIENT_MS = 0.03;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

export class SpanRecorder {
  readonly #clock: Instrumentation;
  readonly #random: Random;
  #waiting: { readonly span: Unnumbered<TraceSpan>; readonly ended: number }[] = [];
  #serial = 0;

  constructor(clock: Instrumentation, seed: number) {
    this.#clock = clock;
    this.#random = new Random(seed + 1_000_003);
  }

  #stamp(at: number): number {
    const { skew, jitter } = this.#clock;
    return Math.round(at + (skew + (this.#random.next() * 2 - 1) * jitter) * MS);
  }

  /** Beginning and end by the service's clock. */
  #stamps(begun: number, ended: number): { readonly invoke: number; readonly return: number } {
    const { grain = 0 } = this.#clock;
    const invoke = this.#stamp(begun);
    const end = this.#stamp(ended);
    const late = grain === 0 ? 0 : invoke - Math.floor(invoke / (grain * MS)) * grain * MS;
    return { invoke: invoke - late, return: end - late };
  }

  #span(of: TrueRequest, invoke: number, returned: number): Unnumbered<TraceSpan> {
    return {
      tier: 'client',
      kind: 'span',
      session: 'otlp:1',
      ...this.#stamps(invoke, returned),
      status: 'ok',
      trace: hex(of.ordinal, 32),
      span: hex(++this.#serial, 16),
      parent: `${hex(of.ordinal, 12)}beef`,
      name: 'call',
      role: 'client',
      service: 'shop',
    };
  }

  /** A call to a store; background work has no trace of a request. */
  call(of: TrueRequest, system: string, statement: string, invoke: number, returned: number): void {
    if (of.ordinal === 0) return;
    // A client takes a moment before a command is on its way, and another until its caller has the reply.
    const begun = invoke - CLIENT_MS * MS;
    const ended = returned + this.#random.exponential(CLIENT_MS) * MS;
    // Replies are taken in their order, and spans end with them.
    this.#waiting.push({ span: { ...this.#span(of, begun, ended), system, statement }, ended: returned });
  }

  server(
    of: TrueRequest,
    at: { readonly method: string; readonly route: string; readonly path: string },
    invoke: number,
    returned: number,
  ): void {
    const call = this.#span(of, invoke, returned);
    const span = { ...call, ...at, code: 200, role: 'server' as const, span: call.parent!, parent: null };
    this.#waiting.push({ span, ended: returned });
  }

  /** Sends what was gathered. */
  flush(recorder: Recorder): void {
    for (const { span } of this.#waiting.splice(0).sort((a, b) => a.ended - b.ended)) recorder.emit(span);
  }
}
