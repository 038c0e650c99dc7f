/**
 * Spans of the instrumented service, by trace: which database client spans there are, and which server span each leads to.
 * Spans arrive after what they enclose, and children before their parents.
 */
import type { TraceSpan } from '../operation.ts';
import { type Store, soughtOf, storeOf } from './statements.ts';

/** Spans remembered; the oldest go first. */
export const MAX_SPANS = 1 << 17;

/** How far up a span's ancestors are looked for. */
const MAX_DEPTH = 128;

interface Trace {
  readonly spans: Map<string, TraceSpan>;
  readonly servers: Set<TraceSpan>;
}

/** A span of a call to one of the stores. */
export interface StoreSpan {
  readonly span: TraceSpan;
  readonly store: Store;
  /** Statement or command as the span says it. */
  readonly sought: string;
}

export class Spans {
  #stored: StoreSpan[] = [];
  #servers: TraceSpan[] = [];
  #arrived: TraceSpan[] = [];
  readonly #traces = new Map<string, Trace>();
  /** Services whose requests have server spans. */
  readonly #serving = new Set<string | null>();

  get count(): number {
    return this.#arrived.length;
  }

  get isFull(): boolean {
    return this.#arrived.length >= MAX_SPANS;
  }

  get servers(): readonly TraceSpan[] {
    return this.#servers;
  }

  add(span: TraceSpan): void {
    const trace = this.#trace(span.trace);
    if (trace.spans.has(span.span)) return;
    trace.spans.set(span.span, span);
    this.#arrived.push(span);
    if (span.role === 'server') {
      trace.servers.add(span);
      this.#serving.add(span.service);
      this.#servers.push(span);
    }
    const stored = storeSpan(span);
    if (stored !== null) this.#stored.push(stored);
  }

  #trace(id: string): Trace {
    let trace = this.#traces.get(id);
    if (trace === undefined) {
      trace = { spans: new Map(), servers: new Set() };
      this.#traces.set(id, trace);
    }
    return trace;
  }

  /** Spans of calls to the stores, as they arrived: those of one process in the order in which they ended. Of two that tell
   * the same call (an ORM's and its driver's), the inner one. */
  calls(): readonly StoreSpan[] {
    const outer = new Set<TraceSpan>();
    for (const { span, store } of this.#stored) {
      let at: TraceSpan | undefined = span;
      for (let depth = 0; depth < MAX_DEPTH; depth++) {
        at = this.parentOf(at);
        if (at === undefined || at.role === 'server') break;
        if (at.role === 'client' && at.system !== undefined && storeOf(at.system) === store) outer.add(at);
      }
    }
    return this.#stored.filter(({ span }) => !outer.has(span)).sort((a, b) => a.span.invoke - b.span.invoke);
  }

  parentOf(span: TraceSpan): TraceSpan | undefined {
    return span.parent === null ? undefined : this.#traces.get(span.trace)?.spans.get(span.parent);
  }

  /** The server span that a span was made for: the nearest above it, else the only one of its trace. `background`: there is
   * none, and the trace began with something else than a request, in a service whose requests have spans. */
  serverOf(span: TraceSpan): TraceSpan | 'background' | null {
    let at: TraceSpan = span;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (at.role === 'server') return at;
      const parent = this.parentOf(at);
      if (parent === undefined) break;
      at = parent;
    }
    const servers = this.#traces.get(span.trace)?.servers;
    if (servers?.size === 1) return [...servers][0]!;
    const begun = at.parent === null && at !== span && at.role !== 'client';
    return begun && this.#serving.has(span.service) ? 'background' : null;
  }

  /** The spans that arrived first. */
  oldest(count: number): ReadonlySet<TraceSpan> {
    return new Set(this.#arrived.slice(0, count));
  }

  /** Forgets spans. */
  drop(gone: ReadonlySet<TraceSpan>): void {
    this.#arrived = this.#arrived.filter((span) => !gone.has(span));
    this.#stored = this.#stored.filter(({ span }) => !gone.has(span));
    this.#servers = this.#servers.filter((span) => !gone.has(span));
    for (const span of gone) {
      const trace = this.#traces.get(span.trace);
      trace?.spans.delete(span.span);
      trace?.servers.delete(span);
      if (trace?.spans.size === 0) this.#traces.delete(span.trace);
    }
  }
}

function storeSpan(span: TraceSpan): StoreSpan | null {
  if (span.role !== 'client' || span.system === undefined || span.return === null) return null;
  const store = storeOf(span.system);
  const sought = store === null ? null : soughtOf(store, span.statement, span.name);
  return store === null || sought === null ? null : { span, store, sought };
}
