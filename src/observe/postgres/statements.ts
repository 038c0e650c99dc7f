/**
 * Prepared statements and portals of one connection, as the server has confirmed them.
 */
import type { ExchangeColumn } from './exchange.ts';
import { LIMITS } from './limits.ts';

/** A prepared statement. Types and columns become known when the server describes them. */
export interface Statement {
  readonly sql: string;
  /** Parameter type OIDs; 0 where neither side has stated one. */
  types: readonly number[];
  /** Result columns; undefined until described, empty when it returns none. */
  columns: readonly ExchangeColumn[] | undefined;
}

/** A parameter as Bind brought it: text, NULL, bytes in binary format, or lost to a limit. */
export type Parameter = string | null | Uint8Array | undefined;

/** A bound statement. */
export interface Portal {
  readonly statement: Statement;
  readonly parameters: readonly Parameter[];
  /** Result formats as Bind states them. */
  readonly formats: readonly number[];
}

/** What stands in for a statement that was prepared out of sight. */
export function unseenStatement(): Statement {
  return { sql: '', types: [], columns: undefined };
}

/** Least recently used is forgotten first; a Map iterates in order of insertion. */
export class StatementStore {
  readonly #statements = new Map<string, Statement>();
  readonly #portals = new Map<string, Portal>();
  #text = 0;

  statement(name: string): Statement | undefined {
    const found = this.#statements.get(name);
    if (found !== undefined) {
      this.#statements.delete(name);
      this.#statements.set(name, found);
    }
    return found;
  }

  prepare(name: string, statement: Statement): void {
    this.closeStatement(name);
    this.#statements.set(name, statement);
    this.#text += statement.sql.length;
    for (const oldest of this.#statements.keys()) {
      if (this.#statements.size <= LIMITS.statements && this.#text <= LIMITS.statementText) break;
      this.closeStatement(oldest);
    }
  }

  /** Forgets a statement; portals that were bound to it live on, as they do on the server. */
  closeStatement(name: string): void {
    const known = this.#statements.get(name);
    if (known === undefined) return;
    this.#text -= known.sql.length;
    this.#statements.delete(name);
  }

  /** DEALLOCATE ALL: drops every statement that has a name; the unnamed one stays. */
  closeStatements(): void {
    const unnamed = this.#statements.get('');
    this.#statements.clear();
    this.#text = 0;
    if (unnamed !== undefined) this.prepare('', unnamed);
  }

  portal(name: string): Portal | undefined {
    return this.#portals.get(name);
  }

  bind(name: string, portal: Portal): void {
    this.#portals.delete(name);
    this.#portals.set(name, portal);
    for (const oldest of this.#portals.keys()) {
      if (this.#portals.size <= LIMITS.portals) break;
      this.#portals.delete(oldest);
    }
  }

  closePortal(name: string): void {
    this.#portals.delete(name);
  }

  /** Portals end with their transaction. */
  closePortals(): void {
    this.#portals.clear();
  }
}
