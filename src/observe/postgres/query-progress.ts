/**
 * How far the server has come with the Query at the head of the conversation, which may hold several statements.
 */
import type { QueryRequest, Request } from './requests.ts';
import {
  type StatementWords,
  statementWords,
  type TransactionVerb,
  transactionVerb,
} from './statement-words.ts';

export class QueryProgress {
  /** Statements that have ended; the index of the next. */
  part = 0;
  /** A statement failed: only ReadyForQuery is left to come. */
  failed = false;
  /** Backslashes escape in ordinary strings: standard_conforming_strings is off. */
  backslash = false;
  #words: readonly StatementWords[] | undefined;

  /** The next Query begins. */
  renew(): void {
    this.part = 0;
    this.failed = false;
    this.#words = undefined;
  }

  /** Whether all statements of the Query have been answered. */
  over(query: QueryRequest): boolean {
    return this.failed || (this.part > 0 && this.part >= this.#wordsOf(query).length);
  }

  /** What the statement that ended with `tag` did to its transaction. */
  verb(head: Request, sql: string, tag: string | null): TransactionVerb {
    if (tag === null) return 'none';
    const verb = transactionVerb(tag, []);
    if (verb !== 'end') return verb; // only COMMIT and ROLLBACK leave anything open
    const words = head.kind === 'query' ? this.#wordsOf(head)[this.part] : statementWords(sql)[0];
    return transactionVerb(tag, words ?? []);
  }

  #wordsOf(query: QueryRequest): readonly StatementWords[] {
    this.#words ??= statementWords(query.sql, { backslash: this.backslash });
    return this.#words;
  }
}
