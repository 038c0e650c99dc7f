/** Capture: where operations go once they are numbered. The analysis sees exactly what the recording holds. */
import { randomBytes } from 'node:crypto';
import { Analyser, type Onlooker } from '../core/analyse.ts';
import type { Analysis } from '../core/finding.ts';
import type { Digest, HttpRequest, LogLine, Operation } from '../core/operation.ts';
import type { StoreProtection } from '../core/safety/unprotected-store.ts';
import type { ObserveContext, OperationSink, Unnumbered } from '../observe/context.ts';
import { createDigester } from '../observe/payload/index.ts';
import { Sequencer } from '../observe/sequencer.ts';
import type { Clock } from '../proxy/observer.ts';
import type { RecordingWriter } from '../recording/writer.ts';
import { Flights } from './http-flights.ts';
import { type ReadRequest, RequestContents } from './request-contents.ts';

export interface Degradation {
  readonly code: string;
  readonly text: string;
}

/** Where operations are written down as they are taken. */
export type Recorder = Pick<RecordingWriter, 'append' | 'reveal'>;

const DIGEST = /h:[0-9a-f]{12}~?/g;

export class Capture {
  readonly context: ObserveContext;
  readonly clock: Clock;
  readonly degradations: Degradation[] = [];
  /** How the watched stores are protected; set once they are linked. */
  stores: readonly StoreProtection[] = [];
  readonly seen = { cache: 0, source: 0 };
  /** Requests in flight: they tell whose operation one is. */
  readonly flights = new Flights();
  readonly #analyser: Analyser;
  readonly #digester = createDigester(randomBytes(16));
  readonly contents = new RequestContents(this.#digester);
  readonly #sequencer: Sequencer;
  readonly #notice: (text: string) => void;
  #waiting = 0;
  #recording: Recorder | null = null;
  #plain = false;
  #analyserFailed = false;

  constructor(clock: Clock, notice: (text: string) => void, onlooker: Onlooker | null = null) {
    this.clock = clock;
    this.#analyser = new Analyser(onlooker);
    this.#notice = notice;
    const degrade = (code: string, text: string) => this.#degrade(code, text);
    this.#sequencer = new Sequencer(this.#digester, (op) => this.#take(op), degrade);
    const sink = { emit: this.#sequencer.emit.bind(this.#sequencer), reserve: () => this.#reserve() };
    this.context = { sink, digest: this.#digester, degrade };
  }

  /** Operations that have returned, but are still to be told (they wait for the database's catalog). */
  get waiting(): number {
    return this.#waiting;
  }

  #reserve(): ReturnType<OperationSink['reserve']> {
    const fill = this.#sequencer.reserve();
    this.#waiting++;
    return (ops) => {
      this.#waiting--;
      fill(ops);
    };
  }

  /** Records from now on; `plain`: with the texts behind the digests. */
  record(recording: Recorder, plain: boolean): void {
    this.#recording = recording;
    this.#plain = plain;
  }

  log(line: { readonly stream: 'stdout' | 'stderr'; readonly text: string; readonly at: number }): void {
    const op: Unnumbered<LogLine> = {
      tier: 'client',
      kind: 'log',
      session: 'child',
      stream: line.stream,
      text: line.text,
      invoke: line.at,
      return: line.at,
      status: 'ok',
    };
    this.#sequencer.emit(op);
  }

  /** Gives the operation as it was emitted. */
  request(op: Omit<HttpRequest, 'id' | 'parts' | 'tier' | 'kind'>, read: ReadRequest = {}): HttpRequest {
    const segments = op.path.split('/').map(safeDecode);
    const parts = segments
      .filter((segment) => segment !== '')
      .map((segment) => this.#digester.scalar(segment));
    const path = segments.map((segment) => this.#digester.key(segment)).join('/');
    const told = this.contents.of(read);
    const request: Unnumbered<HttpRequest> = { ...op, ...told, tier: 'http', kind: 'request', path, parts };
    return { id: this.#sequencer.emit(request), ...request };
  }

  /** Route of a request, by what is known now. */
  routeOf(request: HttpRequest): string {
    return this.#analyser.routeOf(request);
  }

  /** What is known now; `settle` as in the analysis. */
  analysis(settle = 0): Analysis {
    const reveal = (digest: Digest) => this.#digester.reveal(digest);
    return this.#analyser.result({ reveal, settle, stores: this.stores });
  }

  flush(): void {
    this.#sequencer.flush();
  }

  #take(op: Operation): void {
    if (op.tier === 'cache' || op.tier === 'source') this.flights.tag(op);
    // What the change stream tells did not come through a proxy.
    if (op.kind !== 'key' && op.kind !== 'table' && op.kind !== 'change' && op.kind !== 'stream') {
      if (op.tier === 'cache') this.seen.cache++;
      else if (op.tier === 'source') this.seen.source++;
    }
    this.#record(op);
    if (this.#analyserFailed) return;
    try {
      this.#analyser.add(op);
    } catch (error) {
      // A fault of ours must not reach the relay. What was recorded can still be explained later.
      this.#analyserFailed = true;
      this.#degrade(
        'analysis',
        `The analysis stopped at operation ${op.id} (${String(error)}); recording goes on.`,
      );
    }
  }

  #record(op: Operation): void {
    const recording = this.#recording;
    if (recording === null) return;
    recording.append(op);
    if (!this.#plain) return;
    for (const [digest] of JSON.stringify(op).matchAll(DIGEST)) {
      const text = this.#digester.reveal(digest);
      if (text !== undefined) recording.reveal(digest, text);
    }
  }

  #degrade(code: string, text: string): void {
    if (this.degradations.some((known) => known.code === code)) return;
    this.degradations.push({ code, text });
    this.#notice(text);
  }
}

function safeDecode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
