/** Capture: where operations go once they are numbered. The analysis sees exactly what the recording holds. */
import { randomBytes } from 'node:crypto';
import { Analyser } from '../core/analyse.ts';
import type { Analysis } from '../core/finding.ts';
import type { HttpRequest, LogLine, Operation } from '../core/operation.ts';
import type { ObserveContext, Unnumbered } from '../observe/context.ts';
import { createDigester } from '../observe/payload/index.ts';
import { Sequencer } from '../observe/sequencer.ts';
import type { Clock } from '../proxy/observer.ts';
import type { RecordingWriter } from '../recording/writer.ts';

export interface Degradation {
  readonly code: string;
  readonly text: string;
}

const DIGEST = /h:[0-9a-f]{12}~?/g;

export class Capture {
  readonly context: ObserveContext;
  readonly clock: Clock;
  readonly degradations: Degradation[] = [];
  readonly seen = { cache: 0, source: 0 };
  readonly #analyser = new Analyser();
  readonly #digester = createDigester(randomBytes(16));
  readonly #sequencer: Sequencer;
  readonly #notice: (text: string) => void;
  #recording: RecordingWriter | null = null;
  #plain = false;
  #analyserFailed = false;

  constructor(clock: Clock, notice: (text: string) => void) {
    this.clock = clock;
    this.#notice = notice;
    const degrade = (code: string, text: string) => this.#degrade(code, text);
    this.#sequencer = new Sequencer(this.#digester, (op) => this.#take(op), degrade);
    this.context = { sink: this.#sequencer, digest: this.#digester, degrade };
  }

  /** Records from now on; `plain`: with the texts behind the digests. */
  record(recording: RecordingWriter, plain: boolean): void {
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

  request(
    op: Omit<HttpRequest, 'id' | 'parts' | 'path' | 'tier' | 'kind'> & { readonly path: string },
  ): void {
    const segments = op.path.split('/').map(safeDecode);
    const parts = segments
      .filter((segment) => segment !== '')
      .map((segment) => this.#digester.scalar(segment));
    const path = segments.map((segment) => this.#digester.key(segment)).join('/');
    this.#sequencer.emit({ ...op, tier: 'http', kind: 'request', path, parts });
  }

  /** What is known now; `settle` as in the analysis. */
  analysis(settle = 0): Analysis {
    return this.#analyser.result({ reveal: (digest) => this.#digester.reveal(digest), settle });
  }

  flush(): void {
    this.#sequencer.flush();
  }

  #take(op: Operation): void {
    if (op.kind !== 'key' && op.kind !== 'table') {
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
