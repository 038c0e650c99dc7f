/**
 * Follows the transactions of one connection and gives every finished statement its place in them. A statement is held
 * until the next one finishes or ReadyForQuery arrives, where only then is known whether it shares an implicit
 * transaction and what the transaction's state really is; so at most one is held.
 *
 * Rules (documentation, "Message Flow": Simple Query, Multiple Statements, Pipelining): outside a block, the statements
 * of one Query, or of all Executes before one Sync, form an implicit transaction that commits at its end; BEGIN turns
 * it into a block; COMMIT or ROLLBACK within it ends it.
 */
import type { TransactionStatus } from '../../wire/postgres/messages.ts';
import type { StatementExchange } from './exchange.ts';
import type { TransactionVerb } from './statement-words.ts';

/** A statement that finished, before it has its place. */
export interface Finished extends Omit<StatementExchange, 'before' | 'after' | 'implicit' | 'closes' | 'tx'> {
  /** Commits with Sync rather than by itself. */
  readonly extended: boolean;
}

/** An implicit transaction; it counts as one only once a second statement joins. */
interface Group {
  size: number;
  tx: number | null;
}

interface Held {
  readonly statement: Finished;
  readonly before: TransactionStatus;
  after: TransactionStatus;
  tx: number | null;
  readonly group: Group | null;
  /** The last statement of its implicit transaction. */
  closes: boolean;
}

/** What a statement's outcome becomes when its implicit transaction could not commit, or nobody knows. */
interface Outcome {
  readonly sqlstate: string | null;
  readonly return: number | null;
}

export class TransactionLog {
  #status: TransactionStatus = 'I';
  /** Number of the open block. */
  #block: number | null = null;
  #group: Group | null = null;
  #held: Held | null = null;
  #numbers = 0;
  readonly #emit: (exchange: StatementExchange) => void;

  constructor(emit: (exchange: StatementExchange) => void) {
    this.#emit = emit;
  }

  get status(): TransactionStatus {
    return this.#status;
  }

  /** A statement finished; `verb` is what it did if it succeeded. */
  add(statement: Finished, verb: TransactionVerb): void {
    const before = this.#status;
    const done = statement.tag !== null;
    const group = before === 'I' ? this.#join(done ? verb : 'none') : null;
    const block = this.#block;
    if (before === 'I') {
      if (done && verb === 'begin') this.#open(group);
    } else if (done) this.#pass(verb);
    else if (statement.sqlstate !== null) this.#status = 'E';
    this.#release();
    this.#held = {
      statement,
      before,
      after: this.#status,
      tx: block ?? this.#block,
      group,
      closes: group !== null && done && verb === 'end',
    };
    if (done && verb !== 'none' && before === 'I') this.#group = null;
    // Within a block nothing that is still to come changes what is known of a plain statement.
    if (done && verb === 'none' && before === 'T') this.#release();
  }

  /** An exchange that is no statement of any transaction: an empty query. */
  addOutside(statement: Finished): void {
    this.#release();
    this.#held = {
      statement,
      before: this.#status,
      after: this.#status,
      tx: this.#block,
      group: null,
      closes: false,
    };
  }

  /** ReadyForQuery: the true status, and for extended statements the moment of the implicit commit. */
  ready(status: TransactionStatus, at: number): void {
    const held = this.#held;
    if (status === 'I') this.#block = null;
    else if (this.#block === null) this.#block = ++this.#numbers;
    this.#status = status;
    if (held !== null) {
      held.after = status;
      if (status !== 'I') held.tx ??= this.#block;
      held.closes ||= held.group !== null && held.group === this.#group;
      const commits = this.#commitsAtSync(held) && held.statement.sqlstate === null;
      this.#release(commits ? { sqlstate: null, return: at } : undefined);
    }
    this.#group = null;
  }

  /** Sync was answered with an error: the implicit transaction did not commit. */
  commitFailed(sqlstate: string, at: number): void {
    const held = this.#held;
    if (held === null || held.statement.tag === null || !this.#commitsAtSync(held)) return;
    held.closes = true;
    this.#release({ sqlstate, return: at });
  }

  /** The end of a Sync group whose ReadyForQuery never came. */
  abandon(): void {
    const held = this.#held;
    if (held === null) return;
    held.closes ||= held.group !== null && held.group === this.#group;
    const unknown = this.#commitsAtSync(held) && held.statement.sqlstate === null;
    this.#release(unknown ? { sqlstate: null, return: null } : undefined);
    this.#group = null;
  }

  #commitsAtSync(held: Held): boolean {
    return held.statement.extended && held.group !== null && held.group === this.#group;
  }

  /** Outside a block a statement joins the open implicit transaction. BEGIN, and COMMIT or ROLLBACK, make none of their
   * own. */
  #join(verb: TransactionVerb): Group | null {
    if (this.#group === null && verb !== 'none') return null;
    this.#group ??= { size: 0, tx: null };
    this.#group.size++;
    if (this.#group.size === 2) this.#group.tx = ++this.#numbers;
    return this.#group;
  }

  #open(group: Group | null): void {
    this.#block = group?.tx ?? ++this.#numbers;
    this.#status = 'T';
  }

  #pass(verb: TransactionVerb): void {
    if (verb === 'end') {
      this.#status = 'I';
      this.#block = null;
    } else if (verb === 'chain') {
      this.#status = 'T';
      this.#block = ++this.#numbers;
    } else if (verb === 'rollback-to') this.#status = 'T';
  }

  #release(outcome?: Outcome): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    const { extended: _, ...statement } = held.statement;
    const shared = held.group !== null && held.group.size > 1;
    const began = held.before === 'I' && held.after !== 'I' && held.tx !== null;
    const lost = outcome !== undefined && (outcome.sqlstate !== null || outcome.return === null);
    this.#emit({
      ...statement,
      ...(outcome === undefined ? {} : { return: outcome.return }),
      ...(lost ? { tag: null, sqlstate: outcome.sqlstate } : {}),
      before: held.before,
      after: held.after,
      implicit: shared && !began,
      ...(shared && !began && held.closes ? { closes: true } : {}),
      tx: held.tx ?? (shared ? (held.group?.tx ?? null) : null),
    });
  }
}
