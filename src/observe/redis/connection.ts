/**
 * One connection: pairs commands with replies and keeps what the protocol makes a connection remember: database,
 * transaction, protocol version, subscriptions, reply mode. Replies come in the order of commands; everything else
 * that a server may say (pushes, messages of RESP2) is told apart first. Where the pairing cannot be trusted any more,
 * the connection is let pass unobserved, and that is said once.
 */
import type { ConnectionObserver } from '../../proxy/observer.ts';
import { isAggregate, REPLY, ReplyScanner } from '../../wire/redis/index.ts';
import type { Pending } from './effects.ts';
import { Intake, type Shared } from './intake.ts';
import { VALUE_CAP } from './limits.ts';
import { Outcome } from './outcome.ts';
import { Ring } from './ring.ts';
import { type CacheOperation, type Ending, type Settling, settle } from './settle.ts';
import { Subscriptions } from './subscriptions.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Errors that only a cluster gives. */
const REDIRECTIONS: ReadonlySet<string> = new Set(['MOVED', 'ASK', 'CROSSSLOT', 'CLUSTERDOWN']);

/** What the frame being read is. */
const FRAME_REPLY = 0;
const FRAME_EXEC = 1;
const FRAME_CHANNEL = 2;
const FRAME_PUSH = 3;
const FRAME_IGNORED = 4;

export class RedisConnection implements ConnectionObserver {
  readonly #session: string;
  readonly #shared: Shared;
  readonly #intake: Intake;
  readonly #replies: ReplyScanner;
  readonly #queue = new Ring<Pending>();
  readonly #outcome: Outcome;
  readonly #subscriptions = new Subscriptions();
  #ready: CacheOperation[] = [];
  readonly #settling: Settling;
  #at = 0;
  #db = 0;
  #resp3 = false;
  /** Commands answered QUEUED; null outside MULTI. */
  #transaction: Pending[] | null = null;
  #frame = FRAME_REPLY;
  #child = 0;
  /** EXECs so far. */
  #executions = 1;
  #ended = false;

  constructor(session: string, shared: Shared) {
    this.#session = session;
    this.#shared = shared;
    this.#outcome = new Outcome(shared.store);
    const { store, replica } = shared;
    this.#settling = { session, store, replica, db: 0, invoke: 0, at: 0 };
    this.#intake = new Intake(shared, {
      sent: (pending) => this.#sent(pending),
      told: (signs, at) => shared.onClient?.(session, signs, at),
      lost: (code, text) => this.#letPass(code, text),
    });
    this.#replies = new ReplyScanner(
      {
        node: (s) => this.#node(s),
        close: (s) => this.#close(s),
        unknown: (reason) => this.#letPass('redis-protocol', `unknown protocol from the server: ${reason}`),
      },
      { bodyCap: VALUE_CAP },
    );
  }

  client(chunk: Uint8Array, at: number): void {
    this.#at = at;
    this.#intake.feed(chunk, at);
  }

  server(chunk: Uint8Array, at: number): void {
    this.#at = at;
    this.#replies.feed(chunk);
  }

  end(): void {
    if (this.#ended) return;
    this.#pass();
  }

  #sent(pending: Pending): void {
    this.#queue.push(pending);
    if (pending.silent) this.#drainSilent();
  }

  #drainSilent(): void {
    for (let head = this.#queue.peek(); head?.silent === true; head = this.#queue.peek()) {
      this.#take();
      this.#settle(head, 'unseen');
      if (head.semantics.control === 'select' && !Number.isNaN(head.argument)) this.#db = head.argument;
    }
    this.#emit();
  }

  #node(s: ReplyScanner): void {
    if (s.depth === 0) this.#begin(s);
    switch (this.#frame) {
      case FRAME_REPLY:
        this.#outcome.node(s);
        break;
      case FRAME_EXEC:
        this.#execNode(s);
        break;
      case FRAME_CHANNEL:
      case FRAME_PUSH:
        this.#subscriptions.node(s);
    }
    if (s.depth === 0 && !isAggregate(s.type)) this.#finish();
  }

  #close(s: ReplyScanner): void {
    if (this.#frame === FRAME_EXEC && s.depth === 1) this.#execChild();
    if (s.depth === 0) this.#finish();
  }

  /** Tells what kind of frame begins. */
  #begin(s: ReplyScanner): void {
    if (s.push) {
      this.#resp3 = true;
      this.#frame = FRAME_PUSH;
      this.#subscriptions.begin();
      return;
    }
    const head = this.#queue.peek();
    const control = head?.semantics.control;
    const channels =
      control === 'subscribe' || control === 'unsubscribe' || (!this.#resp3 && this.#subscriptions.any);
    if (channels && s.type === REPLY.array) {
      this.#frame = FRAME_CHANNEL;
      this.#subscriptions.begin();
      return;
    }
    if (head === undefined) {
      this.#unpaired(s);
      return;
    }
    this.#outcome.begin(head, this.#db, 0);
    this.#child = 0;
    this.#frame = control === 'exec' && s.type === REPLY.array ? FRAME_EXEC : FRAME_REPLY;
  }

  /** A server may refuse a connection with an error that answers no command; anything else answers none that was seen. */
  #unpaired(s: ReplyScanner): void {
    this.#frame = FRAME_IGNORED;
    if (s.type === REPLY.error) return;
    this.#letPass('redis-unpaired', 'a reply came without a command that was seen');
  }

  #finish(): void {
    switch (this.#frame) {
      case FRAME_REPLY:
        this.#replied();
        break;
      case FRAME_EXEC:
        this.#executed();
        break;
      case FRAME_CHANNEL:
        if (!this.#subscriptions.isMessage) this.#confirmed();
        break;
      case FRAME_PUSH:
        this.#confirmed();
    }
    this.#emit();
    if (this.#queue.peek()?.silent === true) this.#drainSilent();
  }

  #replied(): void {
    const head = this.#queue.shift()!;
    const outcome = this.#outcome;
    outcome.finish();
    if (REDIRECTIONS.has(outcome.error)) this.#cluster();
    if (outcome.queued && this.#transaction !== null) {
      this.#transaction.push(head);
      return;
    }
    this.#intake.release(head);
    this.#apply(head, outcome);
    if (head.plan.effects.length > 0) this.#settleAlone(head, outcome);
  }

  /** Brings the connection's state up to date with a command that was answered. */
  #apply(head: Pending, outcome: Outcome): void {
    const { control } = head.semantics;
    if (control === undefined) return;
    const ok = outcome.error === '';
    if (control === 'exec') {
      this.#endTransaction(head, ok ? 'notRun' : { failed: outcome.error });
      return;
    }
    if (!ok) return;
    if (control === 'select') this.#db = Number.isNaN(head.argument) ? this.#db : head.argument;
    else if (control === 'multi') this.#transaction ??= [];
    else if (control === 'discard') this.#dropTransaction();
    else if (control === 'reset') this.#reset();
    else if (control === 'hello') this.#greeted(head, outcome);
    else if (control === 'cluster') this.#cluster();
    else if (control === 'monitor')
      this.#letPass('redis-monitor', 'MONITOR turned this connection into a feed');
  }

  #greeted(head: Pending, outcome: Outcome): void {
    if (!Number.isNaN(head.argument)) this.#resp3 = head.argument >= 3;
    if (outcome.mode === 'cluster') this.#cluster();
  }

  #reset(): void {
    this.#db = 0;
    this.#resp3 = false;
    this.#dropTransaction();
    this.#subscriptions.clear();
  }

  #execNode(s: ReplyScanner): void {
    if (s.depth === 0) return;
    const pending = this.#transaction?.[this.#child];
    if (pending !== undefined) {
      if (s.depth === 1) this.#outcome.begin(pending, this.#db, 1);
      this.#outcome.node(s);
    }
    if (s.depth === 1 && !isAggregate(s.type)) this.#execChild();
  }

  #execChild(): void {
    const pending = this.#transaction?.[this.#child++];
    if (pending === undefined) return;
    const outcome = this.#outcome;
    outcome.finish();
    if (REDIRECTIONS.has(outcome.error)) this.#cluster();
    this.#apply(pending, outcome);
    this.#settleQueued(pending, outcome, this.#queue.peek()?.invoke);
  }

  #executed(): void {
    const exec = this.#take();
    const rest = this.#transaction?.splice(0, this.#child) ?? [];
    for (const pending of rest) this.#intake.release(pending);
    this.#child = 0;
    this.#endTransaction(exec, 'unseen');
  }

  /** Queued commands that EXEC did not answer one by one. They take effect at EXEC, not when they were queued. */
  #endTransaction(exec: Pending, ending: Ending): void {
    for (const pending of this.#transaction ?? []) this.#settleQueued(pending, ending, exec.invoke);
    this.#executions++;
    this.#dropTransaction();
  }

  #dropTransaction(): void {
    for (const pending of this.#transaction ?? []) this.#intake.release(pending);
    this.#transaction = null;
  }

  /** A confirmation of the subscription at the head, or in its place the answer of another command (PING in RESP2). */
  #confirmed(): void {
    const head = this.#queue.peek();
    if (this.#subscriptions.completes(head, this.#frame === FRAME_CHANNEL)) this.#take();
  }

  #take(): Pending {
    const head = this.#queue.shift()!;
    this.#intake.release(head);
    return head;
  }

  #settle(pending: Pending, ending: Ending, invoke = pending.invoke): void {
    const settling = this.#settling;
    settling.db = this.#db;
    settling.invoke = invoke;
    settling.at = this.#at;
    settle(pending, ending, settling, this.#ready);
  }

  /** A command of its own. That several keys were removed by one command tells that one writer meant them all. */
  #settleAlone(pending: Pending, outcome: Outcome): void {
    const from = this.#ready.length;
    this.#settle(pending, outcome);
    if (this.#ready.length - from < 2 || this.#ready[from]!.kind !== 'delete') return;
    this.#group(from);
    this.#executions++;
  }

  /** A command that was queued in a MULTI: it takes effect with the others of it, at EXEC. */
  #settleQueued(pending: Pending, ending: Ending, invoke: number | undefined): void {
    const from = this.#ready.length;
    this.#settle(pending, ending, invoke);
    this.#group(from);
  }

  #group(from: number): void {
    for (let i = from; i < this.#ready.length; i++) {
      const operation: { group?: number } = this.#ready[i]!;
      operation.group = this.#executions;
    }
  }

  #emit(): void {
    if (this.#ready.length === 0) return;
    for (const operation of this.#ready) {
      if (operation.return !== null) (operation as Mutable<CacheOperation>).return = this.#at;
      this.#shared.context.sink.emit(operation);
    }
    this.#ready = [];
  }

  #cluster(): void {
    const text =
      'the server is part of a cluster: keys on other nodes are reached past this proxy and are not seen';
    this.#shared.context.degrade('redis-cluster', text);
  }

  #letPass(code: string, text: string): void {
    this.#shared.context.degrade(code, `${text}; ${this.#session} passes unobserved`);
    this.#pass();
  }

  /** Ends observation: what has no reply yet has an unknown outcome. */
  #pass(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#intake.stop();
    this.#replies.stop();
    while (this.#queue.length > 0) {
      const head = this.#queue.shift()!;
      if (head.semantics.control === 'exec') {
        this.#transaction?.splice(0, this.#child);
        this.#endTransaction(head, 'unseen');
      }
      this.#settle(head, 'unseen');
    }
    this.#transaction = null;
    this.#emit();
  }
}
