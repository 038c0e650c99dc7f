/**
 * Keeps a connection's bytes safe from its observer: whatever the observer throws is caught, from then on the connection
 * passes unobserved, and the degradation is said once.
 */

import type { Clock, ConnectionObserver, ConnectionObserverFactory } from './observer.ts';
import { CLIENT_NEEDS_TLS, TLS_HANDSHAKE } from './tls.ts';

/** What all connections of one relay have spent and moved; plain numbers, updated in place. */
export interface Meter {
  clientBytes: number;
  serverBytes: number;
  chunks: number;
  /** Nanoseconds between reading a chunk and having handed it to the kernel; only when measured. */
  forwardNs: number;
  /** Nanoseconds spent inside observers; only when measured. */
  observeNs: number;
}

export interface GuardOptions {
  readonly clock: Clock;
  readonly observe: ConnectionObserverFactory;
  /** Says a degradation once per code. */
  readonly degrade: (code: string, text: string) => void;
  readonly meter: Meter;
  /** Reads the clock around the observer's calls. */
  readonly measure: boolean;
}

/** Code of the degradation said when an observer failed. */
export const OBSERVER_FAILED = 'observer-failed';

/** An observer that cannot fail. */
export class ObserverGuard implements ConnectionObserver {
  private readonly options: GuardOptions;
  private readonly session: string;
  private observer: ConnectionObserver | null;
  private silent = true;

  constructor(options: GuardOptions, session: string) {
    this.options = options;
    this.session = session;
    try {
      this.observer = options.observe(session);
    } catch (error) {
      this.observer = null;
      this.say(error);
    }
  }

  client(chunk: Uint8Array, at: number): void {
    const { meter } = this.options;
    if (this.silent) this.firstWords(chunk);
    meter.clientBytes += chunk.length;
    meter.chunks++;
    if (!this.observer) return;
    const began = this.options.measure ? this.forwarded(at) : 0;
    try {
      this.observer.client(chunk, at);
    } catch (error) {
      this.fail(error);
    }
    if (this.options.measure) meter.observeNs += this.options.clock() - began;
  }

  server(chunk: Uint8Array, at: number): void {
    const { meter } = this.options;
    meter.serverBytes += chunk.length;
    meter.chunks++;
    if (!this.observer) return;
    const began = this.options.measure ? this.forwarded(at) : 0;
    try {
      this.observer.server(chunk, at);
    } catch (error) {
      this.fail(error);
    }
    if (this.options.measure) meter.observeNs += this.options.clock() - began;
  }

  end(at: number): void {
    const observer = this.observer;
    this.observer = null;
    try {
      observer?.end(at);
    } catch (error) {
      this.say(error);
    }
  }

  private firstWords(chunk: Uint8Array): void {
    this.silent = false;
    if (chunk[0] !== TLS_HANDSHAKE) return;
    this.options.degrade(
      CLIENT_NEEDS_TLS,
      `The client of ${this.session} speaks TLS, which ends at the proxy: connect to the proxy in plain ` +
        '(redis:// in place of rediss://; in code: ssl or tls off). Towards the store TLS stays as the URL says.',
    );
  }

  private forwarded(at: number): number {
    const now = this.options.clock();
    this.options.meter.forwardNs += now - at;
    return now;
  }

  private fail(error: unknown): void {
    this.say(error);
    // What is open now will never be seen to end.
    this.end(this.options.clock());
  }

  private say(error: unknown): void {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.options.degrade(
      OBSERVER_FAILED,
      `The observer of ${this.session} failed (${reason}). Its bytes pass on unobserved.`,
    );
  }
}
