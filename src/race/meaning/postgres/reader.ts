/**
 * Follows one PostgreSQL connection: simple and extended protocol, prepared statements and portals (the manual's chapter
 * "Message Flow"); says of everything that is sent at once what it means to others.
 */
import {
  decodeBind,
  decodeExecute,
  decodeParse,
  decodeQuery,
  decodeTarget,
  Frontend,
  formatOf,
  readUtf8,
  type TextReader,
  textReader,
} from '../../../wire/postgres/index.ts';
import { UNKNOWN_SQL } from '../../explore/footprint.ts';
import type { ClientMessage, Meaning, PostgresAnswer, PostgresReader } from '../../gate/contract.ts';
import { PUSHED } from '../pushes.ts';
import { remember } from './named.ts';
import { type ParsedStatement, parsed } from './parsed.ts';
import { answerText } from './result.ts';
import { NO_SCHEMA, type Schema } from './schema.ts';
import { Session, type SessionOptions } from './session.ts';
import { Unit } from './unit.ts';
import { type Bound, NO_PARAMETERS, type ParameterValues } from './values.ts';

/** What the connections of an exploration share. */
export interface PostgresExploration {
  /** Null: nothing is known of the database, and every statement about its tables may do anything. May be read anew. */
  schema: Schema | null;
  /**
   * True once a statement was seen that waits for those who only read a table (TRUNCATE, ALTER, LOCK): then every use of a
   * table counts as a lock until its transaction ends, and a COMMIT without writes is no longer silent. An exploration in
   * which this becomes true must begin anew, since the same steps now have other footprints.
   */
  tableLocks: boolean;
}

export interface PostgresReaderOptions {
  readonly exploration: PostgresExploration;
  /** Beginnings of statements that need no ordering. */
  readonly silent?: readonly string[];
}

interface Statement {
  /** Null: not understood; undefined: an empty query. */
  readonly parsed: ParsedStatement | null | undefined;
  readonly sql: string;
  readonly types: readonly number[];
}

interface Portal {
  readonly statement: Statement;
  readonly parameters: ParameterValues;
  /** Its rows are as of its first execution. */
  executed: boolean;
  /** Bound in an earlier unit. */
  old: boolean;
}

class Reader implements PostgresReader {
  readonly #options: PostgresReaderOptions;
  #session: Session;
  #text: TextReader = readUtf8;
  readonly #statements = new Map<string, Statement>();
  readonly #portals = new Map<string, Portal>();
  /** After an error the server ignores everything up to Sync. */
  #skipping = false;
  #label = '';

  constructor(options: PostgresReaderOptions) {
    this.#options = options;
    this.#session = this.#open(new Map());
  }

  #open(parameters: ReadonlyMap<string, string>): Session {
    const { exploration, silent = [] } = this.#options;
    const options: SessionOptions = {
      schema: () => exploration.schema ?? NO_SCHEMA,
      tableLocks: () => exploration.tableLocks,
      excludes: () => {
        exploration.tableLocks = true;
      },
      silent,
    };
    return new Session(options, parameters);
  }

  started(parameters: ReadonlyMap<string, string>): void {
    this.#session = this.#open(parameters);
    this.#statements.clear();
    this.#portals.clear();
    this.#skipping = false;
  }

  request(messages: readonly ClientMessage[]): Meaning {
    this.#text = textReader(this.#session.encoding);
    const unit = new Unit();
    let synced = false;
    for (const message of messages) synced = this.#take(message, unit) || synced;
    for (const portal of this.#portals.values()) this.#lookAtBound(portal, unit);
    if (!synced) this.#session.pause(unit);
    const meaning = unit.meaning();
    this.#label = meaning.label;
    return meaning;
  }

  answered(answer: PostgresAnswer): string | null {
    const failed = answer.error !== null;
    this.#session.settle(answer.status, failed);
    if (failed && answer.status === null) this.#skipping = true;
    if (answer.status !== null) this.#skipping = false;
    if (answer.status === 'I') this.#portals.clear();
    return answerText(answer, this.#label);
  }

  closing(): Meaning {
    const unit = new Unit();
    this.#session.end(unit);
    unit.add('disconnect', unit.accesses.size > 0);
    return unit.meaning();
  }

  /** One message; true when it ends with ReadyForQuery. */
  #take({ type, body }: ClientMessage, unit: Unit): boolean {
    const code = type.charCodeAt(0);
    if (code === Frontend.sync) {
      this.#skipping = false;
      this.#session.sync(unit);
      return true;
    }
    if (this.#skipping) return false;
    switch (code) {
      case Frontend.query:
        this.#query(decodeQuery(body, 0, body.length, this.#text).sql, unit);
        return true;
      case Frontend.parse:
        this.#parse(body, unit);
        break;
      case Frontend.bind:
        this.#bind(body);
        break;
      case Frontend.execute:
        this.#execute(decodeExecute(body, 0, body.length, this.#text)?.portal ?? '', unit);
        break;
      case Frontend.close:
        this.#forget(body);
        break;
      case Frontend.functionCall:
        unit.accesses.add([...UNKNOWN_SQL, PUSHED]);
        unit.add('function call', true);
        return true;
      default:
    }
    return false;
  }

  #query(sql: string, unit: Unit): void {
    // The unnamed statement and portal do not outlive a simple Query.
    this.#statements.delete('');
    this.#portals.delete('');
    const statements = parsed(sql);
    if (statements === null) this.#session.runUnknown(sql, unit);
    else for (const { node, text } of statements) this.#session.run(node, text, NO_PARAMETERS, unit);
    if (statements?.length === 0) unit.add('empty query', false);
    this.#session.sync(unit);
  }

  #parse(body: Uint8Array, unit: Unit): void {
    const { name, sql, types } = decodeParse(body, 0, body.length, this.#text);
    const statements = parsed(sql);
    const one = statements === null || statements.length > 1 ? null : statements[0];
    const statement: Statement = { parsed: one, sql, types };
    remember(this.#statements, name, statement);
    if (one === null || one === undefined) unit.add(`Parse ${sql.slice(0, 20)}`, false);
    else {
      const plan = this.#session.plan(one.node, one.text, NO_PARAMETERS);
      this.#session.look(plan, unit, false);
      unit.add('Parse', false);
    }
  }

  #bind(body: Uint8Array): void {
    const bind = decodeBind(body, 0, body.length, this.#text);
    const statement = this.#statements.get(bind.statement) ?? { parsed: null, sql: '', types: [] };
    const values = bind.values.map((value, i): Bound | undefined => {
      if (value === null || value === undefined) return value;
      return formatOf(bind.formats, i) === 0 ? this.#text(value, 0, value.length) : value.slice();
    });
    const parameters: ParameterValues = {
      value: (number) => values[number - 1],
      declared: (number) => statement.types[number - 1] ?? 0,
    };
    remember(this.#portals, bind.portal, { statement, parameters, executed: false, old: false });
  }

  #execute(name: string, unit: Unit): void {
    const portal = this.#portals.get(name);
    const statement = portal?.statement;
    if (portal === undefined || statement === undefined) {
      this.#session.runUnknown('EXECUTE', unit);
      return;
    }
    const again = portal.executed;
    portal.executed = true;
    if (statement.parsed === undefined) unit.add('empty query', false);
    else if (statement.parsed === null) this.#session.runUnknown(statement.sql, unit);
    else {
      const { node, text } = statement.parsed;
      const plan = this.#session.plan(node, text, portal.parameters);
      // More rows of a query that began before; whatever has effects is run as a whole the first time.
      const fetches = again && plan.kind === 'data' && !plan.draft.holds && plan.verb === 'SELECT';
      if (fetches) unit.add('FETCH', false);
      else this.#session.run(node, text, portal.parameters, unit);
    }
  }

  /** A query that is bound and left for later takes its snapshot now. */
  #lookAtBound(portal: Portal, unit: Unit): void {
    if (portal.old) return;
    portal.old = true;
    const { parsed: one } = portal.statement;
    if (portal.executed || one === null || one === undefined) return;
    this.#session.look(this.#session.plan(one.node, one.text, portal.parameters), unit, true);
  }

  #forget(body: Uint8Array): void {
    const target = decodeTarget(body, 0, body.length, this.#text);
    if (target?.target === 'statement') this.#statements.delete(target.name);
    else if (target !== undefined) this.#portals.delete(target.name);
  }
}

/** A reader for one connection, from its beginning. {@link loadSql} must have been awaited. */
export function openPostgresReader(options: PostgresReaderOptions): PostgresReader {
  return new Reader(options);
}
