/**
 * `--otlp`: an OTLP/HTTP receiver whose spans enter the history. The service's own collector, when its environment names
 * one, gets everything as before.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WhystaleError } from '../errors.ts';
import type { ObserveContext } from '../observe/context.ts';
import { createSpanReader, type Encoding, type SpanReader } from '../observe/otlp/index.ts';
import { type Endpoint, formatEndpoint } from '../proxy/endpoint.ts';
import type { Clock } from '../proxy/observer.ts';
import { WallOrigin } from './otlp-clock.ts';
import { type Collector, collectorOf, whyNoSpans } from './otlp-environment.ts';
import { Forwarder } from './otlp-forward.ts';
import { OtlpServer, type Taken } from './otlp-server.ts';

export const OTLP_LIMITS = {
  /** Spans taken a second, over any second; beyond, clients are asked to come again later. */
  spansPerSecond: 10_000,
  /** Longest wait for a last export once the service has ended, ms. */
  lastExportMs: 2_000,
  /** Time without a request after which none is expected any more, ms. */
  quietMs: 150,
  /** Longest wait for the collector at the end, ms. */
  forwardMs: 2_000,
} as const;

/** A span that ends this much after its arrival tells a clock that is ahead, ns. */
const AHEAD_NS = 100e6;
const POLL_MS = 10;

export interface OtlpOptions {
  readonly listen: Endpoint;
  /** The caller's environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly context: ObserveContext;
  readonly clock: Clock;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
}

export interface Otlp {
  /** What exporters are given, `http://127.0.0.1:4318`. */
  readonly url: string;
  /** Spans taken so far. */
  readonly spans: () => number;
  /**
   * Waits for a last export and says so when no span came at all.
   *
   * @param env the environment that the service had; it may tell why
   */
  finish(env: Readonly<Record<string, string | undefined>>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the receiver.
 *
 * @throws WhystaleError WSE301, WSE302, WSE303 when it cannot listen, WSE491 when it is to listen on a Unix socket
 */
export async function startOtlp(options: OtlpOptions): Promise<Otlp> {
  const receiver = new Receiver(options);
  await receiver.start();
  return receiver;
}

class Receiver implements Otlp {
  url = '';
  readonly #options: OtlpOptions;
  readonly #server: OtlpServer;
  readonly #forwarder: Forwarder;
  readonly #read: SpanReader;
  readonly #origin: WallOrigin;
  readonly #rate: SpanRate;
  #collector: Collector | null = null;
  #spans = 0;

  constructor(options: OtlpOptions) {
    this.#options = options;
    const { context, clock, wall } = options;
    this.#read = createSpanReader(context.digest);
    this.#origin = new WallOrigin(clock, wall);
    this.#rate = new SpanRate(clock);
    this.#forwarder = new Forwarder((why) =>
      context.degrade('otlp-forward', `Telemetry was not passed on to the collector (${why}).`),
    );
    this.#server = new OtlpServer({
      traces: (body, encoding) => this.#take(body, encoding),
      received: (path, headers, body) => {
        const url = this.#collector?.target(path) ?? null;
        if (url !== null) this.#forwarder.offer({ url, headers, body });
      },
      grpc: () =>
        context.degrade(
          'otlp-grpc',
          'An exporter spoke gRPC to the OTLP receiver, which takes OTLP over HTTP only: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or give the service the HTTP exporter.',
        ),
    });
  }

  async start(): Promise<void> {
    const { listen, env, context } = this.#options;
    if ('path' in listen) throw noSocket(listen.path);
    const bound = await this.#server.start(listen).catch((error: unknown) => {
      throw namingTheFlag(error);
    });
    const address = reachable(bound as { host: string; port: number });
    this.url = `http://${formatEndpoint(address)}`;
    this.#collector = collectorOf(env, address);
    const refusal = this.#collector?.refusal ?? null;
    if (refusal !== null) context.degrade('otlp-forward', refusal);
  }

  spans(): number {
    return this.#spans;
  }

  async finish(env: Readonly<Record<string, string | undefined>>): Promise<void> {
    const begin = performance.now();
    const quietSince = () => Math.max(begin, this.#server.lastActive);
    const { lastExportMs, quietMs, forwardMs } = OTLP_LIMITS;
    for (let now = begin; now - begin < lastExportMs; now = performance.now()) {
      if (this.#server.open === 0 && now - quietSince() >= quietMs) break;
      await delay(POLL_MS);
    }
    await this.#forwarder.stop(forwardMs);
    if (this.#spans > 0) return;
    this.#options.context.degrade(
      'otlp-unused',
      `No OpenTelemetry span was received. ${whyNoSpans(env, this.url)}`,
    );
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await this.#forwarder.stop(0);
  }

  #take(body: Uint8Array, encoding: Encoding): Taken {
    const { context, clock } = this.#options;
    if (!this.#rate.open()) {
      context.degrade(
        'otlp-busy',
        `More than ${OTLP_LIMITS.spansPerSecond} spans a second came: exporters are asked to wait, and may drop some.`,
      );
      return { taken: false, status: 429, message: 'Too many spans; come again later.' };
    }
    const { origin, stepped } = this.#origin.look();
    if (stepped) this.#clockSays('this machine’s clock was set while watching');
    const read = this.#read(body, encoding, { origin, arrived: clock() });
    if (read === null) {
      context.degrade('otlp-damaged', 'An exporter sent a request that is no OTLP: its spans are not known.');
      return { taken: false, status: 400, message: 'The body is no ExportTraceServiceRequest.' };
    }
    this.#rate.spend(read.spans.length);
    this.#spans += read.spans.length;
    for (const span of read.spans) context.sink.emit(span);
    if (read.rejected > 0) context.degrade('otlp-dropped', read.reason);
    if (read.ahead > AHEAD_NS) this.#clockSays('the service’s clock is ahead of this machine’s');
    return { taken: true, rejected: read.rejected, reason: read.reason };
  }

  #clockSays(why: string): void {
    this.#options.context.degrade('otlp-clock', `Spans cannot be placed exactly: ${why}.`);
  }
}

/** Spans a second, as a bucket that refills: what a body overdraws is paid off before the next one is taken. */
class SpanRate {
  readonly #clock: Clock;
  #left: number = OTLP_LIMITS.spansPerSecond;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock();
  }

  open(): boolean {
    const now = this.#clock();
    const refill = ((now - this.#at) / 1e9) * OTLP_LIMITS.spansPerSecond;
    this.#left = Math.min(OTLP_LIMITS.spansPerSecond, this.#left + refill);
    this.#at = now;
    return this.#left > 0;
  }

  spend(spans: number): void {
    this.#left -= spans;
  }
}

/** A wildcard address is reached over loopback. */
function reachable({ host, port }: { readonly host: string; readonly port: number }) {
  const any = host === '0.0.0.0' || host === '::';
  return { host: any ? '127.0.0.1' : host, port };
}

function namingTheFlag(error: unknown): unknown {
  if (!(error instanceof WhystaleError)) return error;
  const { facts } = error;
  if (facts.code !== 'WSE301') return error;
  const next =
    'Choose another with --otlp ADDRESS (--otlp 0 takes any free port); ss -ltnp shows who holds it.';
  return new WhystaleError({ ...facts, next });
}

function noSocket(path: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE491',
    what: `The OTLP receiver cannot listen on the socket ${path}.`,
    expected: 'A port, or HOST:PORT: exporters are given a URL.',
    retry: 'after-fix',
    next: 'Write for example --otlp 127.0.0.1:4318, or --otlp 0 for any free port.',
    exitCode: 2,
  });
}
