/**
 * What a transaction does to others, and when. Writes take their locks at once and become visible with COMMIT; locks are
 * freed by COMMIT, by ROLLBACK, and by a failure. Sources: the manual's chapters "Transaction Isolation" and "Explicit
 * Locking".
 *
 * - READ COMMITTED reads what is committed when a statement begins.
 * - REPEATABLE READ and SERIALIZABLE read as of the first statement: it reads everything, later ones nothing new.
 * - SERIALIZABLE transactions may make each other fail by what they read, at any of their statements: all of these conflict.
 */
import type { IsolationLevel } from '../../../observe/sql/facts.ts';
import { rowLock, UNKNOWN_SQL } from '../../explore/footprint.ts';
import type { Accesses } from '../accesses.ts';
import { PUSHED } from '../pushes.ts';
import type { Draft } from './draft.ts';

/** The order of serialisable transactions' statements. No table has this name. */
const SERIALIZABLE = 'lock:%serializable';

/** The lock on a table that is held by whoever uses it. */
const TABLE = '#table';

const EVERYTHING = [...UNKNOWN_SQL, PUSHED];

/** What was done up to a savepoint. */
interface Mark {
  readonly name: string;
  readonly locks: number;
  readonly changes: number;
}

export class Transaction {
  readonly isolation: IsolationLevel;
  /** Whether anybody waits for those who only read a table. */
  readonly #tableLocks: () => boolean;
  /** A block, or the statements before a Sync. */
  block: boolean;
  failed = false;
  #snapshot = false;
  #opaque = false;
  #pushes = false;
  readonly #deferred = new Set<string>();
  /** Locks of both kinds, in order. */
  #locks: string[] = [];
  #changes: string[] = [];
  #marks: Mark[] = [];

  constructor(isolation: IsolationLevel, block: boolean, tableLocks: () => boolean) {
    this.#tableLocks = tableLocks;
    this.isolation = isolation;
    this.block = block;
  }

  /** The transaction with another isolation, as long as it has done nothing. */
  withIsolation(isolation: IsolationLevel): Transaction {
    return this.#snapshot ? this : new Transaction(isolation, this.block, this.#tableLocks);
  }

  /** A statement is run: adds what it touches now. */
  run(draft: Draft, into: Accesses): void {
    const current = this.#takeSnapshot(into);
    if (current || draft.holds) into.add(draft.now.footprint(EVERYTHING));
    else into.add(draft.now.footprint(EVERYTHING).filter(({ mode }) => mode === 'write'));
    const tables = this.#tableLocks() ? [...draft.tables].map((table) => rowLock(table, TABLE)) : [];
    into.write(...draft.locks).read(...draft.shares, ...tables);
    if (draft.opaque) into.add(EVERYTHING);
    if (draft.mayFail) this.#mayFail(into);
    this.#locks.push(...draft.locks, ...draft.shares, ...tables);
    this.#changes.push(...draft.changes);
    for (const resource of draft.deferred) this.#deferred.add(resource);
    this.#opaque ||= draft.opaque;
    this.#pushes ||= draft.pushes;
  }

  /** A failure would free what was locked since the last savepoint. */
  #mayFail(into: Accesses): void {
    into.write(...this.#locks.slice(this.#marks.at(-1)?.locks ?? 0));
    if (this.#opaque) into.add(EVERYTHING);
  }

  /** A statement is looked at by the planner, which takes the snapshot. */
  plan(into: Accesses): void {
    this.#takeSnapshot(into);
  }

  /** False when everything that is read is read as of an earlier statement. */
  #takeSnapshot(into: Accesses): boolean {
    if (this.isolation === 'serializable') into.write(SERIALIZABLE);
    if (this.isolation === 'read committed') return true;
    const first = !this.#snapshot;
    this.#snapshot = true;
    if (first && this.block) into.read('pg:*');
    return first;
  }

  /** Whether others can tell when it ends. */
  get holds(): boolean {
    const left = this.#locks.length + this.#changes.length + this.#deferred.size;
    return left > 0 || this.#opaque || this.#pushes || (this.isolation === 'serializable' && this.#snapshot);
  }

  commit(into: Accesses): void {
    if (this.failed) {
      this.rollback(into);
      return;
    }
    into.read(...this.#deferred).write(...this.#changes);
    if (this.#pushes) into.add([PUSHED]);
    this.#end(into);
  }

  rollback(into: Accesses): void {
    this.#end(into);
  }

  #end(into: Accesses): void {
    into.write(...this.#locks);
    if (this.#opaque) into.add(EVERYTHING);
    if (this.isolation === 'serializable' && this.#snapshot) into.write(SERIALIZABLE);
  }

  savepoint(name: string): void {
    this.#marks.push({ name, locks: this.#locks.length, changes: this.#changes.length });
  }

  release(name: string, into: Accesses): void {
    const at = this.#marks.findLastIndex((mark) => mark.name === name);
    if (at >= 0) this.#marks.length = at;
    else this.#mayFail(into);
  }

  rollbackTo(name: string, into: Accesses): void {
    const at = this.#marks.findLastIndex((mark) => mark.name === name);
    const mark = this.#marks[at];
    if (mark === undefined) {
      // No such savepoint: it fails.
      this.#mayFail(into);
      return;
    }
    into.write(...this.#locks.slice(mark.locks));
    if (this.#opaque) into.add(EVERYTHING);
    this.#locks.length = mark.locks;
    this.#changes.length = mark.changes;
    this.#marks.length = at + 1;
    this.failed = false;
  }

  /** A statement failed: the server has freed what was locked since the last savepoint. */
  fail(): void {
    const mark = this.#marks.at(-1);
    this.#locks.length = mark?.locks ?? 0;
    this.#changes.length = mark?.changes ?? 0;
    this.failed = true;
  }
}
