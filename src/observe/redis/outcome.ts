/**
 * The outcome of one command, gathered node by node while its reply passes. Values are compared or hashed as they pass,
 * and not kept; collections are kept up to a cap until they are complete.
 */
import { isAggregate, REPLY, type ReplyScanner } from '../../wire/redis/index.ts';
import { Collection } from './collection.ts';
import type { Pending } from './effects.ts';
import { errorWords } from './errors.ts';
import { nameText } from './key-names.ts';
import type { PayloadStore, Version } from './payload-store.ts';

/** A value that a reply carried; null is a miss. */
export interface SeenValue {
  readonly version: Version;
  /** True when no payload with these bytes was known for the key. */
  readonly fresh: boolean;
}

/** Settings of HELLO's reply that matter here. */
const MODE = 'mode';

const NO_VALUES: (SeenValue | null | undefined)[] = [];

export class Outcome {
  /** Kind of the reply, one of REPLY. */
  type = 0;
  integer = 0;
  /** Elements of an aggregate. */
  count = 0;
  /** Code of an error reply, else ''. */
  error = '';
  /** True when the reply was the simple string QUEUED. */
  queued = false;
  /** Values, one a read effect; `undefined` where the reply was not what such a read returns. */
  values: (SeenValue | null | undefined)[] = NO_VALUES;
  /** The key that was served (BLPOP, LMPOP), else null. */
  served: string | null = null;
  /** Mode of the server, as HELLO tells it, else ''. */
  mode = '';
  readonly #store: PayloadStore;
  #pending: Pending | null = null;
  #db = 0;
  #base = 0;
  #collection: Collection | null = null;
  #name: string | null = null;

  constructor(store: PayloadStore) {
    this.#store = store;
  }

  /** Starts on the reply of a command. `base` is the depth of its first node. */
  begin(pending: Pending, db: number, base: number): void {
    this.#pending = pending;
    this.#db = db;
    this.#base = base;
    this.#collection = null;
    this.#name = null;
    // Setting an array's length costs more than a new array.
    this.values = pending.reads === 'none' ? NO_VALUES : [];
    this.served = null;
    this.mode = '';
    this.error = '';
    this.queued = false;
    this.type = 0;
  }

  /** Takes the next node of the reply. */
  node(s: ReplyScanner): void {
    const pending = this.#pending!;
    if (s.depth === this.#base) this.#first(s);
    if (this.error === '' && pending.reads !== 'none') this.#read(s, pending);
  }

  /** The reply is complete. */
  finish(): void {
    const pending = this.#pending!;
    const { reads } = pending;
    if (this.error !== '' || this.queued || this.#collection === null) return;
    if (reads === 'set') this.#collection.sortMembers();
    this.values[0] = this.#collection.present === 0 ? null : this.#seeCollection(pending, this.#collection);
  }

  #first(s: ReplyScanner): void {
    this.type = s.type;
    this.integer = s.type === REPLY.integer || s.type === REPLY.boolean ? s.integer : 0;
    this.count = isAggregate(s.type) ? s.count : 0;
    if (s.type === REPLY.error) this.error = errorWords(s.bytes, s.start, s.end);
    if (s.type === REPLY.simple) this.queued = isQueued(s);
  }

  #read(s: ReplyScanner, pending: Pending): void {
    switch (pending.reads) {
      case 'value':
        if (s.depth === this.#base) this.values[0] = this.#value(s, pending, 0);
        return;
      case 'values':
        if (s.depth === this.#base + 1) this.values.push(this.#value(s, pending, this.values.length));
        return;
      case 'served':
        if (this.served === null && isText(s)) this.served = nameText(s.bytes, s.start, s.end);
        return;
      case 'settings':
        this.#setting(s);
        return;
      default:
        this.#collect(s, pending);
    }
  }

  /** A hit is a bulk string and nothing else. */
  #value(s: ReplyScanner, pending: Pending, i: number): SeenValue | null | undefined {
    if (s.type === REPLY.null) return null;
    const effect = pending.plan.effects[i];
    if (s.type !== REPLY.bulk || effect?.kind !== 'read') return undefined;
    const version = this.#store.see(
      this.#store.record(this.#db, effect.key),
      s.bytes,
      s.start,
      s.end,
      s.length,
    );
    return { version, fresh: this.#store.fresh };
  }

  #setting(s: ReplyScanner): void {
    if (s.depth !== this.#base + 1 || !isText(s)) return;
    const text = nameText(s.bytes, s.start, s.end);
    if (this.#name === MODE) this.mode = text;
    this.#name = this.#name === null ? text : null;
  }

  #collect(s: ReplyScanner, pending: Pending): void {
    const { reads } = pending;
    this.#collection ??= new Collection(reads === 'list' || reads === 'set');
    const absent = s.type === REPLY.null;
    if (!absent && !isText(s) && s.type !== REPLY.integer) return;
    if (reads === 'pairs' && this.#name === null) {
      if (!absent) this.#name = textOf(s);
      return;
    }
    const name = reads === 'pairs' ? this.#name! : this.#entryName(pending);
    this.#name = null;
    if (absent) {
      if (reads === 'named') this.#collection.addAbsent(name);
      return;
    }
    if (s.type === REPLY.integer) this.#addText(name, String(s.integer));
    else this.#collection.add(name, s.bytes, s.start, s.end, s.length);
  }

  #addText(name: string, text: string): void {
    this.#collection!.add(name, Buffer.from(text), 0, text.length, text.length);
  }

  #entryName(pending: Pending): string {
    return pending.reads === 'named' ? (pending.plan.names?.[this.#collection!.count] ?? '') : '';
  }

  #seeCollection(pending: Pending, collection: Collection): SeenValue | undefined {
    const effect = pending.plan.effects[0];
    if (effect?.kind !== 'read') return undefined;
    const named = pending.reads === 'pairs' || pending.reads === 'named';
    const record = this.#store.record(this.#db, effect.key);
    const version = this.#store.seeCollection(record, collection, named);
    return { version, fresh: this.#store.fresh };
  }
}

/** Whether the node carries text that could be part of a value: RESP3 sends scores as doubles. */
function isText(s: ReplyScanner): boolean {
  return s.type === REPLY.bulk || s.type === REPLY.simple || s.type === REPLY.double;
}

function textOf(s: ReplyScanner): string {
  return s.type === REPLY.integer ? String(s.integer) : nameText(s.bytes, s.start, s.end);
}

const QUEUED = 'QUEUED';

function isQueued(s: ReplyScanner): boolean {
  if (s.length !== QUEUED.length) return false;
  for (let i = 0; i < QUEUED.length; i++) if (s.bytes[s.start + i] !== QUEUED.charCodeAt(i)) return false;
  return true;
}
