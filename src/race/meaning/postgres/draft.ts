/**
 * What one statement touches, as it is gathered. When each part counts is decided by the transaction around it (session.ts):
 * `now` at once; `locks` and `shares` at once, and again when the transaction frees them; `changes` when it commits.
 */
import { Accesses } from '../accesses.ts';

/** A table of the statement as its label names it. */
export interface Touched {
  readonly name: string;
  /** `id=1`; empty when nothing is known of which rows. */
  readonly where: string;
}

export class Draft {
  /** Rows read as committed; what no transaction holds back (sequences). */
  readonly now = new Accesses();
  /** Row and table locks that exclude each other. */
  readonly locks = new Set<string>();
  /** Locks that many may hold. */
  readonly shares = new Set<string>();
  /** Rows and tables written. */
  readonly changes = new Set<string>();
  /** Read again at commit: deferred constraints. */
  readonly deferred = new Set<string>();
  /** Advisory locks of the session that it takes. */
  readonly advisory = new Set<string>();
  /** What it touches if the session holds anything of the kind: pools ask for it each time they take a connection back. */
  readonly frees = new Set<string>();
  /** Tables that it locks, if only against being altered, until its transaction ends. */
  readonly tables = new Set<string>();
  /** It may wait for whoever only reads a table: TRUNCATE, ALTER, LOCK, or code that could do such. */
  exclusive = false;
  /** It publishes when it commits. */
  pushes = false;
  /** It may do anything. */
  opaque = false;
  /** Its failure is possible and would undo what the transaction did. */
  mayFail = false;
  /** A setting that decides what names mean was changed by a computed value. */
  lost = false;
  /** The locking clause that the user wrote, as it is shown; empty: none. */
  clause = '';
  readonly touched: Touched[] = [];
  /** Functions called, for labels of statements that touch no table. */
  readonly called: string[] = [];
  /** Relations, functions and expressions followed already. */
  readonly followed = new Set<string>();

  /** It calls what cannot be looked into. */
  runsAnything(): void {
    this.opaque = true;
    this.exclusive = true;
  }

  /** Whether this is the first time that something is followed. */
  first(what: string): boolean {
    if (this.followed.has(what)) return false;
    this.followed.add(what);
    return true;
  }

  /** Whether it touches nothing of anybody's. */
  get idle(): boolean {
    return (
      !this.opaque &&
      !this.pushes &&
      !this.lost &&
      this.now.size + this.locks.size + this.shares.size + this.changes.size + this.advisory.size === 0
    );
  }

  /** Whether it leaves something behind until the transaction ends. */
  get holds(): boolean {
    return this.opaque || this.pushes || this.locks.size + this.shares.size + this.changes.size > 0;
  }
}
