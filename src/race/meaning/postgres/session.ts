/**
 * One PostgreSQL session: its transaction, settings, and what it has named. Statements are taken to succeed when they are
 * sent; what the server then answers puts it right (`settle`).
 */
import type { Node } from 'libpg-query';
import { isolationLevel } from '../../../observe/sql/control.ts';
import { LISTENS, PUSHES } from '../pushes.ts';
import { statementLabel } from './label.ts';
import { NamedStatements, type Runner } from './named.ts';
import {
  type Border,
  type DataPlan,
  firstWords,
  opaque,
  type Plan,
  type PlanContext,
  planOf,
  type Setting,
} from './plan.ts';
import type { Schema } from './schema.ts';
import { initialSettings, SessionSettings } from './settings.ts';
import { Transaction } from './transaction.ts';
import type { Unit } from './unit.ts';
import type { ParameterValues } from './values.ts';

export interface SessionOptions {
  /** As it is when a statement is looked at. */
  readonly schema: () => Schema;
  /** Whether anybody waits for those who only read a table. */
  readonly tableLocks: () => boolean;
  /** Told of a statement that may so wait. */
  readonly excludes: () => void;
  /** Beginnings of statements that need no ordering. */
  readonly silent: readonly string[];
}

/** The beginning of a statement, whatever its spacing and case. */
function normal(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim().toLowerCase();
}

export class Session implements Runner {
  readonly #options: SessionOptions;
  readonly #silent: readonly string[];
  readonly #settings: SessionSettings;
  #transaction: Transaction | null = null;
  #lost = false;
  #advisory = new Set<string>();
  #listens = false;
  /** It ran something that cannot be looked into. */
  #mayHold = false;
  readonly #named = new NamedStatements();

  constructor(options: SessionOptions, parameters: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#silent = options.silent.map(normal).filter((text) => text !== '');
    this.#settings = new SessionSettings(initialSettings(options.schema(), parameters));
  }

  get encoding(): string {
    return this.#settings.now.encoding;
  }

  get #context(): Omit<PlanContext, 'parameters'> {
    return { schema: this.#options.schema(), path: this.#settings.now.path };
  }

  /** Whether all further statements of a block are refused until it ends. */
  get #refused(): boolean {
    return this.#transaction?.failed === true;
  }

  plan(node: Node, text: string, parameters: ParameterValues): Plan {
    const plan = planOf(node, text, { ...this.#context, parameters });
    const unreadable = plan.kind === 'data' && (this.#lost || !this.#settings.now.readable);
    return unreadable && !plan.draft.idle ? opaque(plan.verb) : plan;
  }

  /** Runs one statement. */
  run(node: Node, text: string, parameters: ParameterValues, unit: Unit): void {
    const plan = this.plan(node, text, parameters);
    switch (plan.kind) {
      case 'data':
        this.runData(plan, text, unit);
        return;
      case 'border':
        this.#cross(plan.border, plan.verb, unit);
        return;
      case 'setting':
        this.#set(plan.setting);
        unit.add(plan.setting.values.length > 0 ? `SET ${plan.setting.name}` : 'SET', false);
        return;
      case 'discard':
        this.#discard(plan.all, unit);
        return;
      case 'named':
        this.#named.run(plan, text, unit, this);
    }
  }

  /** Runs a statement that is none of the grammar's. */
  runUnknown(text: string, unit: Unit): void {
    this.runData(opaque(firstWords(text)), text, unit);
  }

  runData(plan: DataPlan, text: string, unit: Unit): void {
    const { verb, draft, snapshot } = plan;
    const label = statementLabel(verb, draft);
    if (this.#refused) {
      unit.add(label, false);
      return;
    }
    const transaction = this.#opened();
    if (this.#isSilent(text)) {
      // It takes the snapshot all the same, and that is never silent.
      if (snapshot) transaction.plan(unit.accesses);
      unit.add(label, false);
      return;
    }
    if (snapshot || !draft.idle) transaction.run(draft, unit.accesses);
    for (const resource of draft.advisory) this.#advisory.add(resource);
    this.#free(draft, unit);
    if (draft.exclusive) this.#options.excludes();
    if (draft.lost) this.#lost = true;
    unit.add(label, draft.touched.length > 0 || !draft.idle);
  }

  /** What was never taken cannot be freed. Code that cannot be looked into may have taken anything. */
  #free({ frees, opaque, now }: DataPlan['draft'], unit: Unit): void {
    this.#mayHold ||= opaque;
    this.#listens ||= now.footprint([]).some(({ resource }) => resource === PUSHES);
    for (const resource of frees) {
      const held = resource === PUSHES ? this.#listens : this.#advisory.size > 0;
      if (!held && !this.#mayHold) continue;
      if (resource === PUSHES) unit.accesses.add([LISTENS]);
      else unit.accesses.write(resource);
    }
  }

  #isSilent(text: string): boolean {
    if (this.#silent.length === 0) return false;
    const statement = normal(text);
    return this.#silent.some((beginning) => statement.startsWith(beginning));
  }

  /** Takes the snapshot of a statement that is parsed or bound and not run. */
  look(plan: Plan, unit: Unit, reads: boolean): void {
    if (plan.kind !== 'data' || !plan.snapshot || this.#refused) return;
    const transaction = this.#opened();
    transaction.plan(unit.accesses);
    if (!reads || plan.draft.idle) return;
    unit.accesses.add(plan.draft.now.footprint([]).filter(({ mode }) => mode === 'read'));
    unit.add(statementLabel(plan.verb, plan.draft), true);
  }

  #opened(): Transaction {
    this.#transaction ??= new Transaction(this.#settings.now.isolation, false, this.#options.tableLocks);
    return this.#transaction;
  }

  #begin(border: Border): void {
    const open = this.#transaction;
    const isolation = border.isolation ?? open?.isolation ?? this.#settings.now.isolation;
    if (open === null) this.#transaction = new Transaction(isolation, true, this.#options.tableLocks);
    else {
      const next = open.block ? open : open.withIsolation(isolation);
      next.block = true;
      this.#transaction = next;
    }
    this.#settings.begin();
  }

  #cross(border: Border, verb: string, unit: Unit): void {
    const before = unit.accesses.size;
    const transaction = this.#transaction;
    const holds = transaction?.holds === true && (border.what === 'commit' || border.what === 'rollback');
    switch (border.what) {
      case 'begin':
        this.#begin(border);
        break;
      case 'commit':
      case 'rollback':
        this.#end(border, unit);
        break;
      case 'savepoint':
        transaction?.savepoint(border.name);
        break;
      case 'release':
        transaction?.release(border.name, unit.accesses);
        break;
      case 'rollback-to':
        transaction?.rollbackTo(border.name, unit.accesses);
        break;
      case 'prepare':
        // Its locks stay until another session frees them.
        if (transaction !== null) transaction.run(opaque(verb).draft, unit.accesses);
        this.#close(true);
    }
    unit.add(verb, holds || unit.accesses.size > before);
  }

  #end(border: Border, unit: Unit): void {
    const transaction = this.#transaction;
    if (transaction !== null) {
      if (border.what === 'commit') transaction.commit(unit.accesses);
      else transaction.rollback(unit.accesses);
    }
    this.#close(border.what === 'commit' && transaction?.failed !== true);
    if (border.chain && transaction !== null) {
      this.#transaction = new Transaction(transaction.isolation, true, this.#options.tableLocks);
      this.#settings.begin();
    }
  }

  /** Ends the transaction for the session. */
  #close(committed: boolean): void {
    this.#settings.end(committed);
    this.#transaction = null;
    this.#named.closeCursors();
  }

  #set(setting: Setting): void {
    if (setting.name === 'transaction_isolation') {
      const level = isolationLevel(setting.values[0] ?? '');
      const open = this.#transaction;
      if (level !== null && open?.block) this.#transaction = open.withIsolation(level);
      return;
    }
    this.#settings.set(setting);
  }

  #discard(all: boolean, unit: Unit): void {
    if (all) {
      this.#settings.reset();
      this.#lost = false;
      this.#named.clear();
      unit.accesses.write(...this.#advisory);
      this.#advisory.clear();
    }
    unit.add('DISCARD', unit.accesses.size > 0);
  }

  /** Sync, or the end of a simple Query: what stands outside a block commits. */
  sync(unit: Unit): void {
    const open = this.#transaction;
    if (open === null || open.block) return;
    const before = unit.accesses.size;
    open.commit(unit.accesses);
    this.#close(true);
    if (unit.accesses.size > before) unit.add('COMMIT', false);
  }

  /** The unit ended without Sync: its snapshot is used by what follows. */
  pause(unit: Unit): void {
    const open = this.#transaction;
    if (open !== null && !open.block && open.isolation !== 'read committed') unit.accesses.read('pg:*');
  }

  /** What the server says of the transaction. */
  settle(status: 'I' | 'T' | 'E' | null, failed: boolean): void {
    if (status === 'I') {
      if (this.#transaction !== null || failed) this.#close(!failed);
    } else if (status === 'T') {
      if (this.#transaction === null) this.#begin({ what: 'begin', chain: false, isolation: null, name: '' });
      else this.#transaction.block = true;
    } else if (status === 'E') {
      if (this.#transaction === null) this.#begin({ what: 'begin', chain: false, isolation: null, name: '' });
      if (this.#transaction?.failed === false) this.#transaction.fail();
    } else if (failed) {
      // The server skips everything until Sync.
      if (this.#transaction?.block) this.#transaction.fail();
      else this.#transaction = null;
    }
  }

  /** What the end of the connection would do now. Asked again and again while faults are on offer: it changes nothing. */
  end(unit: Unit): void {
    this.#transaction?.rollback(unit.accesses);
    unit.accesses.write(...this.#advisory);
  }
}
