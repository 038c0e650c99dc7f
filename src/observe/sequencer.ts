/**
 * The one queue through which all operations pass: numbers them, names keys before their first use, and keeps their order
 * while some wait for the catalog.
 */
import { keyParts } from '../core/keys.ts';
import type { CacheKey, Operation } from '../core/operation.ts';
import type { Digester, OperationSink, Unnumbered } from './context.ts';

export const SEQUENCER_LIMITS = {
  /** Keys whose names were written; past this many they may be written again. */
  names: 2_000_000,
  /** Longest time that operations wait behind a reserved place, ms. */
  waitMs: 3_000,
  /** Operations that wait behind a reserved place at most. */
  waiting: 100_000,
} as const;

interface Place {
  /** null while reserved. */
  ops: readonly Operation[] | null;
}

export class Sequencer implements OperationSink {
  readonly #digest: Digester;
  readonly #deliver: (op: Operation) => void;
  readonly #degrade: (code: string, text: string) => void;
  readonly #queue: Place[] = [];
  #named = new Set<string>();
  #lastId = 0;

  constructor(
    digest: Digester,
    deliver: (op: Operation) => void,
    degrade: (code: string, text: string) => void,
  ) {
    this.#digest = digest;
    this.#deliver = deliver;
    this.#degrade = degrade;
  }

  emit(op: Unnumbered<Operation>): number {
    const numbered = this.#number(op);
    if (this.#queue.length === 0) this.#pass(numbered);
    else {
      this.#queue.push({ ops: [numbered] });
      if (this.#queue.length > SEQUENCER_LIMITS.waiting) this.#giveUp('too many operations waited');
    }
    return numbered.id;
  }

  reserve(): (ops: readonly Unnumbered<Operation>[]) => void {
    const place: Place = { ops: null };
    this.#queue.push(place);
    const timer = setTimeout(() => {
      if (place.ops === null) this.#giveUp('it took too long');
    }, SEQUENCER_LIMITS.waitMs);
    timer.unref();
    return (ops) => {
      clearTimeout(timer);
      const late = !this.#queue.includes(place);
      place.ops = ops.map((op) => this.#number(op));
      if (late) for (const op of place.ops) this.#pass(op);
      else this.#drain();
    };
  }

  /** Lets everything through that waits, at the end of watching. */
  flush(): void {
    for (const place of this.#queue.splice(0)) for (const op of place.ops ?? []) this.#pass(op);
  }

  #giveUp(why: string): void {
    this.#degrade(
      'catalog-late',
      `Operations waited for the database catalog and ${why}; they were taken out of order.`,
    );
    this.flush();
  }

  #drain(): void {
    while (this.#queue.length > 0 && this.#queue[0]!.ops !== null) {
      for (const op of this.#queue.shift()!.ops!) this.#pass(op);
    }
  }

  #number(op: Unnumbered<Operation>): Operation {
    this.#lastId++;
    // The spread over a union loses which member it was; nothing but the id is added.
    return { id: this.#lastId, ...op } as Operation;
  }

  #pass(op: Operation): void {
    if (op.tier === 'cache') {
      if ('key' in op && op.kind !== 'key') this.#name(op.db, op.key, op);
      else if (op.kind === 'script') for (const key of op.keys) this.#name(op.db, key, op);
    }
    this.#deliver(op);
  }

  #name(db: number, key: string, op: Operation): void {
    const id = `${db} ${key}`;
    if (this.#named.has(id)) return;
    if (this.#named.size >= SEQUENCER_LIMITS.names) this.#named = new Set();
    this.#named.add(id);
    this.#lastId++;
    const secrets = this.#digest.secretsOf?.(key) ?? [];
    const name: CacheKey = {
      id: this.#lastId,
      session: op.session,
      tier: 'cache',
      kind: 'key',
      command: '',
      db,
      key,
      parts: keyParts(key).map((part) => [part, this.#digest.scalar(part)] as const),
      ...(secrets.length > 0 ? { secrets } : {}),
      invoke: op.invoke,
      return: op.invoke,
      status: 'ok',
    };
    this.#deliver(name);
  }
}
