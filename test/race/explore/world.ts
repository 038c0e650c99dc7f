/**
 * A system to explore: actors that send messages to a cache and to a database with row locks, as plain data. It keeps the
 * runner's side of the contract: everything is quiet between choices, and waiting for a lock is a released step that hangs.
 */
import type { ChoicePoint, FaultKind, Step, StepId } from '../../../src/race/explore/contract.ts';
import { slotOf } from '../../../src/race/explore/contract.ts';
import { type Access, pgRow, reads, redisKey, rowLock, writes } from '../../../src/race/explore/footprint.ts';
import type { Locking, Message, Program } from './messages.ts';

interface Actor {
  readonly name: string;
  readonly script: readonly Message[];
  at: number;
  /** Messages sent and not released, as label and effect. */
  outbox: Sent[];
  sent: number;
  waiting: (Sent & { readonly read: number }) | null;
  local: number | null;
  held: string[];
  uncommitted: Map<string, number>;
  state: 'running' | 'crashed' | 'aborted';
}

interface Sent {
  readonly ordinal: number;
  readonly message: Exclude<Message, { do: 'together' }>;
}

export type { Message, Program };

export class World {
  readonly #program: Program;
  readonly #actors: Actor[];
  readonly #cache = new Map<string, number>();
  readonly #rows = new Map<string, number>();
  readonly #locks = new Map<string, { owner: Actor; queue: Actor[] }>();
  readonly #expiries = new Map<string, number>();
  readonly #written = new Set<string>();
  #point: ChoicePoint | null = null;

  constructor(program: Program) {
    this.#program = program;
    this.#actors = Object.entries(program.actors).map(([name, script]) => ({
      name,
      script,
      at: 0,
      outbox: [],
      sent: 0,
      waiting: null,
      local: null,
      held: [],
      uncommitted: new Map(),
      state: 'running',
    }));
    this.#settle();
  }

  point(): ChoicePoint {
    this.#point ??= this.#look();
    return this.#point;
  }

  #look(): ChoicePoint {
    const enabled = this.#actors.flatMap((actor) => this.#stepsOf(actor));
    const pending = this.#actors.flatMap((actor) =>
      actor.waiting === null ? [] : [slot(actor, actor.waiting)],
    );
    return { enabled: [...enabled, ...this.#expirySteps()], pending };
  }

  /** Everything an oracle could look at. */
  state(): string {
    const actors = this.#actors.map(({ name, local, state, waiting }) => [
      name,
      local,
      state,
      waiting !== null,
    ]);
    return JSON.stringify([[...this.#cache].sort(), [...this.#rows].sort(), actors]);
  }

  cached(key: string): number | null {
    return this.#cache.get(key) ?? null;
  }

  row(row: string): number {
    return this.#rows.get(row) ?? 0;
  }

  release(id: StepId): void {
    const step = this.point().enabled.find(
      (one) => `${slotOf(one)}${one.fault ? `!${one.fault}` : ''}` === id,
    )!;
    this.#point = null;
    if (step.fault === 'expire') {
      this.#cache.delete(step.actor.slice('expiry '.length));
      this.#expiries.set(step.actor, step.ordinal);
    } else {
      const actor = this.#actors.find(({ name }) => name === step.actor)!;
      const sent = actor.outbox.find(({ ordinal }) => ordinal === step.ordinal) ?? null;
      if (sent !== null) actor.outbox.splice(actor.outbox.indexOf(sent), 1);
      if (step.fault !== undefined) this.#strike(actor, sent, step.fault);
      else this.#deliver(actor, sent!);
    }
    this.#settle();
  }

  #strike(actor: Actor, sent: Sent | null, fault: FaultKind): void {
    if (fault === 'reply-lost' && sent !== null) this.#deliver(actor, sent);
    if (fault === 'reset' && sent !== null && !['update', 'statement', 'commit'].includes(sent.message.do))
      return;
    this.#abort(actor);
    actor.state = fault === 'crash' ? 'crashed' : 'aborted';
  }

  /** The actor sends nothing more; its transaction is rolled back. */
  #abort(actor: Actor): void {
    actor.outbox = [];
    actor.at = actor.script.length;
    if (actor.waiting !== null) {
      const lock = this.#locks.get((actor.waiting.message as { row: string }).row)!;
      lock.queue.splice(lock.queue.indexOf(actor), 1);
      actor.waiting = null;
    }
    actor.uncommitted.clear();
    this.#unlock(actor);
  }

  #deliver(actor: Actor, sent: Sent): void {
    const { message } = sent;
    if (message.do === 'get') {
      actor.local = this.cached(message.key);
      if (actor.local !== null) actor.at += message.skip;
    } else if (message.do === 'set') {
      this.#cache.set(message.key, message.value ?? actor.local ?? -1);
      this.#written.add(message.key);
    } else if (message.do === 'del') this.#cache.delete(message.key);
    else if (message.do === 'select') actor.local = this.row(message.row);
    else if (message.do === 'pushed') actor.local = this.cached(message.key);
    else if (message.do === 'commit') {
      for (const [row, value] of actor.uncommitted) this.#rows.set(row, value);
      actor.uncommitted.clear();
      this.#unlock(actor);
    } else this.#update(actor, sent, message);
  }

  #update(actor: Actor, sent: Sent, message: Locking): void {
    const read = message.do === 'update' && message.from !== null ? this.row(message.from) : 0;
    const lock = this.#locks.get(message.row);
    if (lock === undefined || lock.owner === actor) {
      if (lock === undefined) this.#grant(actor, message.row);
      this.#effect(actor, message, read);
      if (lock === undefined && message.do === 'statement') this.#free(actor, message.row);
    } else if (this.#closesCircle(actor, message.row)) {
      this.#abort(actor);
      actor.state = 'aborted';
    } else {
      lock.queue.push(actor);
      actor.waiting = { ...sent, read };
    }
  }

  #effect(actor: Actor, message: Locking, read: number): void {
    if (message.do === 'update') actor.uncommitted.set(message.row, message.value + read);
    else for (const row of [message.row, message.also]) this.#rows.set(row, message.value);
  }

  #grant(actor: Actor, row: string): void {
    this.#locks.set(row, { owner: actor, queue: [] });
    actor.held.push(row);
  }

  #closesCircle(actor: Actor, row: string): boolean {
    for (let at: Actor | undefined = this.#locks.get(row)?.owner; at !== undefined; ) {
      if (at === actor) return true;
      at =
        at.waiting === null ? undefined : this.#locks.get((at.waiting.message as { row: string }).row)?.owner;
    }
    return false;
  }

  #unlock(actor: Actor): void {
    for (const row of [...actor.held]) this.#free(actor, row);
  }

  /** Frees a lock; the first in the queue gets it and completes. */
  #free(actor: Actor, row: string): void {
    actor.held.splice(actor.held.indexOf(row), 1);
    const { queue } = this.#locks.get(row)!;
    this.#locks.delete(row);
    const next = queue.shift();
    if (next === undefined) return;
    const { message, read } = next.waiting!;
    this.#locks.set(row, { owner: next, queue });
    next.held.push(row);
    next.waiting = null;
    this.#effect(next, message as Locking, read);
    if (message.do === 'statement') this.#free(next, row);
  }

  /** Actors send what they can without waiting for a reply. */
  #settle(): void {
    for (const actor of this.#actors) {
      while (actor.outbox.length === 0 && actor.waiting === null && actor.at < actor.script.length) {
        const message = actor.script[actor.at]!;
        if (message.do === 'pushed' && !this.#written.has(message.key)) break;
        const keys = message.do === 'together' ? message.keys : null;
        const all = keys === null ? [message] : keys.map((key) => ({ do: 'set' as const, key, value: 7 }));
        for (const one of all) actor.outbox.push({ ordinal: ++actor.sent, message: one as Sent['message'] });
        actor.at++;
      }
    }
  }

  #stepsOf(actor: Actor): Step[] {
    const faults = this.#program.faults;
    const steps = actor.outbox.flatMap((sent, index) => {
      const footprint = this.#footprint(actor, sent.message);
      const step = { actor: actor.name, ordinal: sent.ordinal, label: label(sent.message), footprint };
      const mine = index === 0 ? faults : faults.filter((fault) => fault !== 'crash');
      return [
        step,
        ...mine.map((fault) => ({ ...step, fault, footprint: [...footprint, ...this.#undone(actor)] })),
      ];
    });
    if (actor.waiting === null || !faults.includes('crash')) return steps;
    const { ordinal, message } = actor.waiting;
    const footprint = [...this.#footprint(actor, message), ...this.#undone(actor)];
    return [{ actor: actor.name, ordinal, label: 'waiting', footprint, fault: 'crash' }];
  }

  #expirySteps(): Step[] {
    return this.#program.expiring.flatMap((key): Step[] => {
      if (!this.#cache.has(key)) return [];
      const actor = `expiry ${key}`;
      const ordinal = (this.#expiries.get(actor) ?? 0) + 1;
      return [
        { actor, ordinal, label: `expire ${key}`, footprint: [writes(redisKey(0, key))], fault: 'expire' },
      ];
    });
  }

  /** What a rollback sets free. */
  #undone(actor: Actor): Access[] {
    return actor.held.map((row) => writes(rowLock('t', row)));
  }

  #footprint(actor: Actor, message: Sent['message']): Access[] {
    switch (message.do) {
      case 'get':
      case 'pushed':
        return [reads(redisKey(0, message.key))];
      case 'set':
      case 'del':
        return [writes(redisKey(0, message.key))];
      case 'select':
        return [reads(pgRow('t', message.row))];
      case 'commit':
        return [
          ...this.#undone(actor),
          ...[...actor.uncommitted.keys()].map((row) => writes(pgRow('t', row))),
        ];
      case 'statement':
        return [
          writes(rowLock('t', message.row)),
          writes(pgRow('t', message.row)),
          writes(pgRow('t', message.also)),
          ...this.#undone(actor),
        ];
      case 'update':
        // A deadlock would undo the whole transaction.
        return [
          writes(rowLock('t', message.row)),
          ...this.#undone(actor),
          ...(message.from === null ? [] : [reads(pgRow('t', message.from))]),
        ];
    }
  }
}

function slot(actor: Actor, sent: Sent): StepId {
  return `${actor.name}#${sent.ordinal}`;
}

function label(message: Sent['message']): string {
  if (message.do === 'commit') return 'COMMIT';
  return `${message.do.toUpperCase()} ${'key' in message ? message.key : message.row}`;
}
