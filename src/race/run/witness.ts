/**
 * What the taps would have seen of one execution, as operations, and what the core concludes from them. The gates show their
 * bytes to the same observers that `watch` uses, so a counterexample is explained by the same evidence as any finding.
 */
import { Analyser } from '../../core/analyse.ts';
import type { Analysis } from '../../core/finding.ts';
import type { Digest, HttpRequest, Operation } from '../../core/operation.ts';
import type { ObserveContext, Unnumbered } from '../../observe/context.ts';
import { createDigester, type RevealingDigester } from '../../observe/payload/index.ts';
import { Sequencer } from '../../observe/sequencer.ts';
import type { Clock } from '../../proxy/observer.ts';

/** Operations of one execution that are kept; an execution with more is explained by its first ones. */
const MAX_OPERATIONS = 20_000;
/** What is kept from execution to execution. */
const MAX_LASTING = 2_000;

/** A request of an actor, as it goes. */
interface OpenRequest {
  /** 1, 2, 3… over all actors. */
  readonly number: number;
  readonly actor: string;
  readonly invoke: number;
  end: number;
}

/** The name of a gate's sessions, `redis-reader:3`, tells whose they are. */
export function sessionPrefix(store: 'redis' | 'pg', actor: string): string {
  return `${store}-${actor}`;
}

export class Witness {
  readonly context: ObserveContext;
  readonly #digester: RevealingDigester;
  readonly #degrade: (code: string, text: string) => void;
  /** Told once per connection or exploration, and true of every execution: what a table's primary key is, which library is behind
   * a connection. */
  readonly #lasting: Operation[] = [];
  #operations: Operation[] = [];
  #sequencer: Sequencer;
  readonly #clock: Clock;
  #requests = 0;
  #open: OpenRequest[] = [];

  /** @param seed keys the digests; any bytes. */
  constructor(seed: Uint8Array, clock: Clock, degrade: (code: string, text: string) => void) {
    this.#digester = createDigester(Buffer.from(seed));
    this.#degrade = degrade;
    this.#clock = clock;
    this.#sequencer = this.#openSequencer();
    const sink = {
      emit: (op: Unnumbered<Operation>) => this.#sequencer.emit(op),
      reserve: () => this.#sequencer.reserve(),
    };
    this.context = { sink, digest: this.#digester, degrade };
  }

  /** A new execution begins. */
  begin(): void {
    this.#sequencer.flush();
    this.#operations = [];
    this.#open = this.#open.filter(({ end }) => end === Infinity);
    this.#sequencer = this.#openSequencer();
  }

  /** A request goes out. The result is to be called with the status when the response has come (0: the connection broke). */
  sent(actor: string, method: string, target: string): (status: number) => void {
    const open: OpenRequest = { number: ++this.#requests, actor, invoke: this.#clock(), end: Infinity };
    this.#open.push(open);
    return (status) => {
      open.end = this.#clock();
      this.context.sink.emit(this.#request(open, method, target, status));
    };
  }

  #request(open: OpenRequest, method: string, target: string, status: number): Unnumbered<HttpRequest> {
    const [path = '/'] = target.split('?');
    const segments = path.split('/').map(decoded);
    return {
      tier: 'http',
      kind: 'request',
      session: `http:${open.actor}`,
      request: open.number,
      method,
      path: segments.map((segment) => this.#digester.key(segment)).join('/'),
      parts: segments.filter((segment) => segment !== '').map((segment) => this.#digester.scalar(segment)),
      code: status === 0 ? null : status,
      size: 0,
      invoke: open.invoke,
      return: open.end,
      status: status === 0 ? 'info' : 'ok',
    };
  }

  operations(): readonly Operation[] {
    this.#sequencer.flush();
    return [...this.#lasting, ...this.#operations].map((op, i) => ({ ...op, id: i + 1 }));
  }

  /** What the core makes of the operations so far. */
  analysis(): { readonly analysis: Analysis; readonly operations: readonly Operation[] } {
    const operations = this.operations();
    const analyser = new Analyser();
    for (const op of operations) analyser.add(op);
    const reveal = (digest: Digest) => this.#digester.reveal(digest);
    return { analysis: analyser.result({ reveal }), operations };
  }

  #openSequencer(): Sequencer {
    return new Sequencer(this.#digester, (op) => this.#take(op), this.#degrade);
  }

  #take(op: Operation): void {
    const lasts =
      (op.tier === 'source' && op.kind === 'table') || (op.tier === 'client' && op.kind === 'session');
    if (lasts && this.#lasting.length < MAX_LASTING) this.#lasting.push(op);
    else if (this.#operations.length < MAX_OPERATIONS) this.#operations.push(this.#attributed(op));
  }

  /** Each actor has an instance of its own and one request at a time: whose an operation is, is known. */
  #attributed(op: Operation): Operation {
    if (op.tier !== 'cache' && op.tier !== 'source') return op;
    const actor = op.session.slice(op.session.indexOf('-') + 1, op.session.lastIndexOf(':'));
    const of = this.#open.findLast(
      (one) => one.actor === actor && one.invoke <= op.invoke && op.invoke <= one.end,
    );
    return of === undefined ? op : { ...op, request: of.number };
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
