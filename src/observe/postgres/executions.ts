/**
 * What the server has confirmed about statements and portals, and the result that is arriving for the execution at
 * the head of the conversation.
 */
import type { ColumnDescription } from '../../wire/postgres/backend.ts';
import { LIMITS } from './limits.ts';
import { type BindRequest, cutSql, type Request, type TargetRequest } from './requests.ts';
import { binaryText, type Cell, exchangeColumns, ResultCollector, type ValueRules } from './result.ts';
import { type Portal, type Statement, StatementStore, unseenStatement } from './statements.ts';

/** The statement a request is about. */
export interface Subject {
  readonly sql: string;
  readonly params: readonly Cell[];
}

const UNSEEN: Subject = { sql: '', params: [] };

export class Executions {
  readonly #store = new StatementStore();
  readonly #rules: ValueRules;
  #result: ResultCollector;

  constructor(rules: ValueRules) {
    this.#rules = rules;
    this.#result = new ResultCollector(rules);
  }

  /** Bytes worth capturing of the next DataRow. */
  get rowCapture(): number {
    return this.#result.full ? 0 : LIMITS.message;
  }

  /** The result of the execution at the head, so far. */
  get result(): ResultCollector {
    return this.#result;
  }

  /** Begins the next result. */
  renew(): void {
    if (this.#result.untouched) return;
    this.#result = new ResultCollector(this.#rules);
  }

  /** Rows of an execution look as its statement was described, whenever that was. */
  describeResult(portalName: string): void {
    const portal = this.#store.portal(portalName);
    if (portal === undefined || this.#result.columns.length > 0) return;
    this.#result.describe(portal.statement.columns ?? [], portal.formats);
  }

  /** A RowDescription within the answer itself. */
  describeAnswer(columns: readonly ColumnDescription[]): void {
    const formats = columns.map((column) => column.format);
    this.#result.describe(exchangeColumns(columns), formats);
  }

  /** A Describe was answered; `columns` is empty when there are none. */
  describeTarget(request: TargetRequest, columns: readonly ColumnDescription[]): void {
    const statement = this.#target(request);
    if (statement !== undefined) statement.columns = exchangeColumns(columns);
  }

  describeParameters(request: TargetRequest, types: readonly number[]): void {
    const statement = this.#target(request);
    if (statement !== undefined) statement.types = types;
  }

  /** What a confirmed request changes. */
  apply(request: Request): void {
    if (request.kind === 'parse') {
      this.#store.prepare(request.name, { sql: request.sql, types: request.types, columns: undefined });
    } else if (request.kind === 'bind') this.#store.bind(request.portal, this.#boundPortal(request));
    else if (request.kind !== 'close') return;
    else if (request.target === 'statement') this.#store.closeStatement(request.name);
    else this.#store.closePortal(request.name);
  }

  /** DEALLOCATE and DISCARD drop prepared statements behind the protocol's back. A single DEALLOCATE frees a name that
   * must be prepared again before it can be used, so there is nothing to do for it. */
  completed(tag: string | null): void {
    if (tag === 'DEALLOCATE ALL' || tag === 'DISCARD ALL') this.#store.closeStatements();
    if (tag === 'DISCARD ALL') this.#store.closePortals();
  }

  /** Portals end with their transaction. */
  transactionEnded(): void {
    this.#store.closePortals();
  }

  /** The statement that a request runs or leads to; undefined when it is about none. */
  subject(request: Request): Subject | undefined {
    switch (request.kind) {
      case 'query':
        return { sql: cutSql(request.sql), params: [] };
      case 'parse':
        return { sql: request.sql, params: [] };
      case 'bind':
        return this.#portalSubject(this.#boundPortal(request));
      case 'execute':
        return this.#portalSubject(this.#store.portal(request.portal));
      case 'describe':
        return request.target === 'portal'
          ? this.#portalSubject(this.#store.portal(request.name))
          : { sql: this.#target(request)?.sql ?? '', params: [] };
      default:
        return undefined;
    }
  }

  #portalSubject(portal: Portal | undefined): Subject {
    if (portal === undefined) return UNSEEN;
    const { statement, parameters } = portal;
    const params = parameters.map((value, index) => {
      if (!(value instanceof Uint8Array)) return value;
      return binaryText(this.#rules, statement.types[index] ?? 0, value, 0, value.length);
    });
    return { sql: statement.sql, params };
  }

  #boundPortal(request: BindRequest): Portal {
    const statement = this.#store.statement(request.statement) ?? unseenStatement();
    return { statement, parameters: request.parameters, formats: request.formats };
  }

  #target({ target, name }: TargetRequest): Statement | undefined {
    return target === 'statement' ? this.#store.statement(name) : this.#store.portal(name)?.statement;
  }
}
