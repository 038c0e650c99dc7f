/** A request's hands: the calls to the cache and to the database that a service makes, each recorded as observers would. */
import type { Operation } from '../../../src/core/operation.ts';
import type { Unnumbered } from '../../../src/observe/context.ts';
import type { Row, Select, Transaction as Txn, Update, Where } from './database.ts';
import { Transaction } from './database.ts';
import { MS, type Process } from './engine.ts';
import type { ReadOrigin, Stored } from './store.ts';
import type { TrueRequest, TrueWrite, World } from './world.ts';

export interface SetOptions {
  /** Milliseconds; null: none; default one minute. */
  readonly ttl?: number | null | 'keep';
  readonly nx?: boolean;
  readonly db?: number;
}

export const DEFAULT_TTL = 60_000;

/** Rows with where they come from. */
export interface Found {
  readonly rows: readonly Row[];
  readonly origin: ReadOrigin;
}

/** An open transaction and its connection. */
export interface Open {
  readonly session: string;
  readonly number: number | null;
  readonly txn: Txn;
}

export class Client {
  readonly world: World;
  readonly request: TrueRequest;
  /** Writes of this request so far. */
  readonly writes: TrueWrite[] = [];

  /** `ordinal`: number of the request; 0: background work. */
  constructor(world: World, ordinal = 0) {
    this.world = world;
    this.request = { returned: null, ordinal };
  }

  #emit(op: Unnumbered<Operation>): number {
    const id = this.world.recorder.emit(op);
    this.world.owners.set(id, this.request);
    return id;
  }

  // Cache -----------------------------------------------------------------------------------------------------------------

  *#cache<T>(
    commands: readonly string[],
    run: (now: number) => T,
    seen: (result: T, base: CacheBase, from: number) => void,
  ): Process<T> {
    const { world } = this;
    yield* world.pause();
    const session = world.cachePool === null ? 'redis:1' : yield* world.cachePool.take();
    const begin = world.engine.now;
    const result = yield* world.call(
      session,
      () => run(world.engine.now),
      (value: T, invoke, returned, from) =>
        seen(value, { tier: 'cache', session, invoke, return: returned, status: 'ok' }, from),
    );
    world.cachePool?.give(session);
    for (const command of commands)
      world.spans?.call(this.request, 'redis', command, begin, world.engine.now);
    return result;
  }

  *get(key: string, db = 0): Process<Stored | null> {
    const [value] = yield* this.#read('GET', [key], db);
    return value!;
  }

  *mget(keys: readonly string[], db = 0): Process<readonly (Stored | null)[]> {
    return yield* this.#read('MGET', keys, db);
  }

  *hgetall(key: string, db = 0): Process<Stored | null> {
    const [value] = yield* this.#read('HGETALL', [key], db);
    return value!;
  }

  *#read(command: string, keys: readonly string[], db: number): Process<readonly (Stored | null)[]> {
    const { recorder, store, hits, database } = this.world;
    return yield* this.#cache(
      [command],
      (now) => keys.map((key) => store.get(db, key, now)),
      (values, base, from) => {
        for (const [i, key] of keys.entries()) {
          const value = values[i]!;
          const op = this.#emit({
            ...base,
            kind: 'read',
            command,
            db,
            key,
            ...recorder.read(db, key, value),
          });
          if (value !== null)
            hits.push({ op, key, db, invoke: base.invoke, from, until: database.seq, value });
        }
      },
    );
  }

  *set(key: string, value: Stored, options: SetOptions = {}): Process<boolean> {
    const { recorder, store } = this.world;
    const { ttl = DEFAULT_TTL, db = 0, nx = false } = options;
    const applied = yield* this.#cache(
      ['SET'],
      (now) => {
        if (nx && store.get(db, key, now) !== null) return false;
        store.set(db, key, value, ttl, now);
        return true;
      },
      (done, base) => {
        const condition = nx ? { condition: 'nx' as const } : {};
        const written = recorder.written(db, key, value);
        this.#emit({
          ...base,
          kind: 'write',
          command: 'SET',
          db,
          key,
          ttl,
          applied: done,
          ...condition,
          ...written,
        });
        this.#touched(key, db, base.return);
      },
    );
    return applied;
  }

  /** HSET and EXPIRE, in one go. */
  *hset(key: string, value: Stored, db = 0): Process {
    const { recorder, store } = this.world;
    const written = recorder.written(db, key, value);
    yield* this.#cache(
      ['HSET', 'EXPIRE'],
      (now) => {
        store.set(db, key, value, DEFAULT_TTL, now);
      },
      (_, base) => {
        this.#emit({
          ...base,
          kind: 'write',
          command: 'HSET',
          db,
          key,
          ttl: 'keep',
          applied: true,
          ...written,
        });
        this.#emit({
          ...base,
          kind: 'expire',
          command: 'EXPIRE',
          db,
          key,
          ttl: DEFAULT_TTL,
          applied: true,
        });
        this.#touched(key, db, base.return);
      },
    );
  }

  /** `fails`: what becomes of it: an error, or no reply at all while nothing was removed. */
  *del(
    keys: readonly string[],
    options: { readonly db?: number; readonly fails?: 'error' | 'lost' } = {},
  ): Process {
    const { store } = this.world;
    const { db = 0, fails } = options;
    yield* this.#cache(
      ['DEL'],
      (now) => keys.map((key) => (fails === undefined ? store.delete(db, key, now) : false)),
      (removed, base) => {
        const count = removed.filter(Boolean).length;
        const certain =
          removed.length === 1 || count === 0 ? (count as 0 | 1) : count === removed.length ? 1 : null;
        const ending =
          fails === 'error'
            ? {
                status: 'fail' as const,
                error: 'READONLY You can not write against a read only replica.',
                removed: 0 as const,
              }
            : fails === 'lost'
              ? { status: 'info' as const, return: null, removed: null }
              : { removed: certain };
        for (const key of keys) {
          this.#emit({ ...base, kind: 'delete', command: 'DEL', db, key, value: null, ...ending });
          // What was never answered may have ended as soon as it was sent.
          this.#touched(key, db, fails === 'lost' ? base.invoke : base.return);
        }
      },
    );
  }

  *incr(key: string): Process<number> {
    const { store } = this.world;
    return yield* this.#cache(
      ['INCR'],
      (now) => store.increment(0, key, now),
      (_, base) => {
        this.#emit({
          ...base,
          kind: 'write',
          command: 'INCR',
          db: 0,
          key,
          ttl: 'keep',
          applied: true,
          size: 0,
        });
      },
    );
  }

  /** A script over some keys with arguments; `run` is its body. */
  *eval<T>(keys: readonly string[], args: readonly string[], run: (now: number) => T): Process<T> {
    const { recorder } = this.world;
    return yield* this.#cache(['EVALSHA'], run, (_, base) => {
      const candidates = args.filter((text) => text.length > 3).map((text) => recorder.candidate(text));
      this.#emit({ ...base, kind: 'script', command: 'EVALSHA', db: 0, keys, candidates });
      for (const key of keys) this.#touched(key, 0, base.return);
    });
  }

  #touched(key: string, db: number, at: number): void {
    for (const write of this.writes) write.after.set(`${db} ${key}`, at);
  }

  // Source ----------------------------------------------------------------------------------------------------------------

  /** A transaction block; committed at its end, or rolled back when the body answers `rollback`. */
  *transaction(body: (open: Open) => Process<'rollback' | undefined>, repeatable = false): Process<boolean> {
    const { world } = this;
    const session = yield* world.databasePool.take();
    const open: Open = { session, number: world.nextTransaction(session), txn: new Transaction(repeatable) };
    yield* this.#border(open, 'begin');
    const answer = yield* body(open);
    yield* this.#border(open, answer === 'rollback' ? 'rollback' : 'commit');
    world.databasePool.give(session);
    return answer !== 'rollback';
  }

  *#border(open: Open, kind: 'begin' | 'commit' | 'rollback'): Process {
    const { world } = this;
    yield* world.pause();
    const { session, txn } = open;
    const at = world.engine.now;
    yield* world.call(
      session,
      () => {
        if (kind === 'commit') world.database.commit(txn);
        if (kind === 'rollback') world.database.rollback(txn);
      },
      (_, invoke, returned) => {
        const isolation = txn.repeatable ? { isolation: 'repeatable read' as const } : {};
        const stamps = { session, invoke, return: returned, status: 'ok' as const };
        this.#emit({ ...stamps, tier: 'source', kind, tx: open.number!, ...isolation });
        if (kind !== 'begin') this.#ended(txn, invoke, returned);
      },
    );
    world.spans?.call(this.request, 'postgresql', kind.toUpperCase(), at, world.engine.now);
  }

  #ended(txn: Txn, invoke: number, returned: number): void {
    if (txn.writes.size === 0) return;
    const write = { txn, commit: { invoke, return: returned }, request: this.request, after: new Map() };
    this.world.writes.push(write);
    this.writes.push(write);
  }

  /** Runs one statement, in a transaction or by itself. */
  *#statement<T>(
    open: Open | null,
    run: (txn: Txn) => Process<T>,
    fields: (result: T) => object,
    writes: boolean,
  ): Process<{ readonly result: T; readonly returned: number; readonly seq: number }> {
    const { world } = this;
    yield* world.pause();
    let shape = '';
    const session = open?.session ?? (yield* world.databasePool.take());
    const begin = world.engine.now;
    const txn = open?.txn ?? new Transaction(false);
    let seq = 0;
    const result = yield* world.call(
      session,
      function* (): Process<T> {
        seq = world.database.snapshotOf(txn);
        const rows = yield* run(txn);
        if (open === null) world.database.commit(txn);
        return rows;
      },
      (rows: T, invoke, returned) => {
        const base = {
          tier: 'source',
          session,
          invoke,
          return: returned,
          status: 'ok',
          tx: open?.number ?? null,
        };
        const statement = fields(rows);
        shape = String((statement as { readonly shape?: string }).shape);
        this.#emit({ ...base, ...statement } as never);
        if (open === null && writes) this.#ended(txn, invoke, returned);
      },
    );
    if (open === null) world.databasePool.give(session);
    world.spans?.call(this.request, 'postgresql', shape, begin, world.engine.now);
    return { result, returned: world.engine.now, seq };
  }

  *select(query: Select, open: Open | null = null): Process<Found> {
    const { database, recorder } = this.world;
    const { result, returned, seq } = yield* this.#statement(
      open,
      function* (txn): Process<readonly Row[]> {
        const rows = database.select(query, database.snapshotOf(txn), txn);
        if (query.takes !== undefined) yield query.takes * MS;
        return rows;
      },
      (rows) => recorder.select(query, rows),
      false,
    );
    const own = open !== null && (open.txn.writes.get(query.table)?.size ?? 0) > 0 ? open.txn : null;
    return { rows: result, origin: { seq, own, returned } };
  }

  /** An UPDATE; with `returning`, the new rows as a read of its own changes. */
  *update(query: Update, open: Open | null = null, returning?: readonly string[]): Process<Found> {
    const { database, recorder } = this.world;
    let made: Txn | null = null;
    const { result, returned, seq } = yield* this.#statement(
      open,
      function* (txn): Process<readonly Row[]> {
        made = txn;
        return yield* database.update(query, txn);
      },
      (rows) => recorder.update(query, rows, returning),
      true,
    );
    return { rows: result, origin: { seq, own: made, returned } };
  }

  *insert(table: string, row: Row, open: Open | null = null): Process {
    const { database, recorder } = this.world;
    yield* this.#statement(
      open,
      // biome-ignore lint/correctness/useYield: a statement that waits for nothing
      function* (txn): Process {
        database.insert(table, row, txn);
      },
      () => recorder.insert(table, row, undefined),
      true,
    );
  }

  *delete(table: string, where: Where, open: Open | null = null): Process {
    const { database, recorder } = this.world;
    yield* this.#statement(
      open,
      (txn) => database.delete(table, where, txn),
      (count) => recorder.delete(table, where, count),
      true,
    );
  }
}

interface CacheBase {
  readonly tier: 'cache';
  readonly session: string;
  readonly invoke: number;
  readonly return: number;
  readonly status: 'ok';
}
