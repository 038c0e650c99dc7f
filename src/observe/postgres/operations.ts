/**
 * From statement executions to operations of the history: reads, writes, borders of transactions, and tables when they
 * are first met.
 *
 * API: {@link sourceOperations}. Trivial statements (what drivers and pools ask by themselves), settings and schema
 * changes give no operation. While the catalog is being read because a column's table is unknown or the schema changed,
 * executions wait, in order, in places reserved in the sink; the service waits for nothing.
 */
import type { SourceOperation } from '../../core/operation.ts';
import type { ObserveContext, Unnumbered } from '../context.ts';
import type { Analyser } from '../sql/analyse.ts';
import { execution } from '../sql/bind.ts';
import { plainFacts, type StatementFacts } from '../sql/facts.ts';
import { EMPTY_SHAPE, type Shape, shapes } from '../sql/shape.ts';
import type { Catalog } from './catalog.ts';
import type { StatementExchange } from './exchange.ts';
import { border, bordersAfter, bordersBefore } from './operations-borders.ts';
import { wantsCatalog } from './operations-columns.ts';
import { resolveNamed } from './operations-named.ts';
import { openSession, type SessionState } from './operations-session.ts';
import { applySetting } from './operations-settings.ts';
import { type Run, readOperation, type Tools, writeOperation } from './operations-statement.ts';
import { MetTables } from './operations-tables.ts';

export const LIMITS = {
  /** Sessions whose state is kept; the least recently used goes first. */
  sessions: 10_000,
  /** Statement texts whose shapes are kept. */
  texts: 2_000,
  /** Longest text whose shapes are kept, in characters. */
  text: 16_384,
  /** Executions that wait for the catalog; beyond, none waits. */
  waiting: 2_000,
} as const;

type Operation = Unnumbered<SourceOperation>;

interface Waiting {
  readonly exchange: StatementExchange;
  readonly fill: (ops: readonly Operation[]) => void;
  /** Catalog readings begun when it arrived. */
  readonly begun: number;
}

/** Makes the function that takes every statement execution of one database, in the order in which they returned on
 * their sessions. It never throws. `met`: the tables that were told already, where others tell tables too;
 * `replica`: the server is a standby. */
export function sourceOperations(
  context: ObserveContext,
  catalog: Catalog,
  analyser: Analyser,
  met: MetTables = new MetTables(catalog),
  replica = false,
): (exchange: StatementExchange) => void {
  const operations = new Operations({ context, catalog, analyser, replica }, met);
  return (exchange) => operations.take(exchange);
}

class Operations {
  readonly #tools: Tools;
  readonly #sessions = new Map<string, SessionState>();
  readonly #texts = new Map<string, readonly Shape[]>();
  readonly #met: MetTables;
  #waiting: Waiting[] = [];
  #reading = false;

  constructor(tools: Tools, met: MetTables) {
    this.#tools = tools;
    this.#met = met;
  }

  take(exchange: StatementExchange): void {
    const { catalog, context } = this.#tools;
    if (!this.#reading && (isUnread(catalog) || wantsCatalog(exchange, catalog))) this.#read();
    if (!this.#reading) {
      const { ops, schemaChanged } = this.#convert(exchange);
      for (const op of ops) context.sink.emit(op);
      if (schemaChanged && catalog.readable) this.#read();
      return;
    }
    this.#waiting.push({ exchange, fill: context.sink.reserve(), begun: catalog.begun });
    if (this.#waiting.length > LIMITS.waiting) {
      context.degrade(
        'pg-catalog-slow',
        'the database catalog takes long to read: statements are told by names alone',
      );
      this.#drain(true);
    }
  }

  #read(): void {
    this.#reading = true;
    void this.#tools.catalog.refresh().then(() => {
      this.#reading = false;
      this.#drain(false);
    });
  }

  /** Converts what waited. What the last reading may have come too early for makes the rest wait again. */
  #drain(atOnce: boolean): void {
    const { catalog } = this.#tools;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const [index, item] of batch.entries()) {
        const readAgain = !atOnce && catalog.readable && catalog.version <= item.begun;
        if (wantsCatalog(item.exchange, catalog) && readAgain) {
          this.#await(batch.slice(index));
          return;
        }
        const { ops, schemaChanged } = this.#convert(item.exchange);
        item.fill(ops);
        if (schemaChanged && readAgain) {
          this.#await(batch.slice(index + 1));
          return;
        }
      }
    }
  }

  #await(rest: readonly Waiting[]): void {
    this.#waiting = [...rest, ...this.#waiting];
    this.#read();
  }

  #convert(exchange: StatementExchange): {
    readonly ops: readonly Operation[];
    readonly schemaChanged: boolean;
  } {
    try {
      return this.#conversion(exchange);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#tools.context.degrade('pg-operations-failed', `a statement could not be told: ${reason}`);
      return { ops: [], schemaChanged: false };
    }
  }

  #conversion(exchange: StatementExchange): {
    readonly ops: readonly Operation[];
    readonly schemaChanged: boolean;
  } {
    const session = this.#session(exchange.session);
    const all = this.#shapes(exchange.sql);
    const shape = all[exchange.part] ?? EMPTY_SHAPE;
    const closes = exchange.closes ?? (all.length > 1 && exchange.part === all.length - 1);
    const names = this.#tools.catalog.names(session.searchPath);
    const facts = bySight(exchange, this.#tools.analyser.analyse(shape.shape, names));
    const ops: Operation[] = bordersBefore(session, exchange, facts);
    const { open } = session;
    const run: Run = {
      exchange,
      facts,
      execution: execution(shape, exchange.params),
      tx: open?.number ?? null,
    };
    const changed = this.#prepare(session, run, ops);
    for (const op of this.#statement(session, run)) ops.push(...this.#met.introduce(op, exchange), op);
    if (facts.kind === 'ddl' && exchange.tag !== null && open) open.schemaChanged = true;
    const borders = bordersAfter(session, exchange, facts, closes);
    ops.push(...borders);
    const committed = open?.schemaChanged === true && borders.some((one) => one.kind === 'commit');
    return { ops, schemaChanged: committed || changed };
  }

  /** What a statement sets up for later ones. True when it changed the schema by itself. */
  #prepare(session: SessionState, run: Run, ops: Operation[]): boolean {
    const { exchange, facts } = run;
    if (exchange.tag === null) return false;
    if (facts.setting) {
      const level = applySetting(session, facts.setting, run.execution);
      if (level && session.open) ops.push(border(session, 'begin', session.open, exchange));
    }
    return facts.kind === 'ddl' && session.open === null;
  }

  #statement(session: SessionState, run: Run): readonly Operation[] {
    const resolved = resolveNamed(session, run);
    if (!resolved || resolved.facts.trivial) return [];
    const { kind, effects } = resolved.facts;
    if (kind === 'read' || (kind === 'copy' && effects.length === 0))
      return [readOperation(resolved, this.#tools)];
    if (kind === 'write' || kind === 'copy') return [writeOperation(resolved, this.#tools)];
    return [];
  }

  #session(name: string): SessionState {
    const session = this.#sessions.get(name) ?? openSession(name);
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    if (this.#sessions.size > LIMITS.sessions) this.#sessions.delete(this.#sessions.keys().next().value!);
    return session;
  }

  #shapes(sql: string): readonly Shape[] {
    const known = this.#texts.get(sql);
    if (known) {
      this.#texts.delete(sql);
      this.#texts.set(sql, known);
      return known;
    }
    const made = shapes(sql);
    if (sql.length <= LIMITS.text) {
      this.#texts.set(sql, made);
      if (this.#texts.size > LIMITS.texts) this.#texts.delete(this.#texts.keys().next().value!);
    }
    return made;
  }
}

/** A catalog that is read when it is first wanted. */
function isUnread(catalog: Catalog): boolean {
  return catalog.begun === 0 && catalog.failure === null;
}

/** When the text was not seen (prepared before watching began) or not understood, the command tag tells the kind. */
function bySight(exchange: StatementExchange, facts: StatementFacts): StatementFacts {
  if (facts.kind !== 'other' || (!facts.opaque && exchange.sql !== '')) return facts;
  switch (/^[A-Z]+/.exec(exchange.tag ?? '')?.[0]) {
    case 'SELECT':
    case 'FETCH':
      return plainFacts('read', { opaque: true });
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
      return plainFacts('write', { opaque: true });
    default:
      return facts;
  }
}
