/**
 * One PostgreSQL session: its transaction, settings, and what it has named. Statements are taken to succeed when they are
 * sent; what the server then answers puts it right (`settle`).
 */
import type { Node } from 'libpg-query';
import { isolationLevel } from '../../../observe/sql/control.ts';
import type { Draft } from './draft.ts';
import { statementLabel } from './label.ts';
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
import { applied, initialSettings, type Settings } from './settings.ts';
import { Transaction } from './transaction.ts';
import type { Unit } from './unit.ts';
import { type Bound, NO_PARAMETERS, type ParameterValues } from './values.ts';

/** Statements and cursors remembered by name. */
const MAX_NAMED = 1_000;

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

/** What SQL itself prepared or declared. */
interface Named {
  readonly node: Node;
  readonly text: string;
  readonly parameters: ParameterValues;
}

/** The beginning of a statement, whatever its spacing and case. */
function normal(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim().toLowerCase();
}

function remember<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  map.set(name, value);
  if (map.size > MAX_NAMED) map.delete(map.keys().next().value!);
}

export class Session {
  readonly #options: SessionOptions;
  readonly #silent: readonly string[];
  #initial: Settings;
  #settings: Settings;
  /** Settings before the open transaction, and which of them are back after COMMIT. */
  #before: { readonly settings: Settings; readonly local: Setting[] } | null = null;
  #transaction: Transaction | null = null;
  #lost = false;
  #advisory = new Set<string>();
  readonly #prepared = new Map<string, Named>();
  readonly #cursors = new Map<string, Draft>();

  constructor(options: SessionOptions, parameters: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#silent = options.silent.map(normal).filter((text) => text !== '');
    this.#initial = initialSettings(options.schema(), parameters);
    this.#settings = this.#initial;
  }

  get encoding(): string {
    return this.#settings.encoding;
  }

  get #context(): Omit<PlanContext, 'parameters'> {
    return { schema: this.#options.schema(), path: this.#settings.path };
  }

  /** Whether all further statements of a block are refused until it ends. */
  get #refused(): boolean {
    return this.#transaction?.failed === true;
  }

  plan(node: Node, text: string, parameters: ParameterValues): Plan {
    const plan = planOf(node, text, { ...this.#context, parameters });
    const unreadable = plan.kind === 'data' && (this.#lost || !this.#settings.readable);
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
        this.#runNamed(plan, text, unit);
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
    if (draft.exclusive) this.#options.excludes();
    if (draft.lost) this.#lost = true;
    unit.add(label, draft.touched.length > 0 || !draft.idle);
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
    this.#transaction ??= new Transaction(this.#settings.isolation, false, this.#options.tableLocks);
    return this.#transaction;
  }

  #begin(border: Border): void {
    const open = this.#transaction;
    const isolation = border.isolation ?? open?.isolation ?? this.#settings.isolation;
    if (open === null) this.#transaction = new Transaction(isolation, true, this.#options.tableLocks);
    else {
      const next = open.block ? open : open.withIsolation(isolation);
      next.block = true;
      this.#transaction = next;
    }
    this.#before ??= { settings: this.#settings, local: [] };
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
        transaction?.release(border.name);
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
      this.#before = { settings: this.#settings, local: [] };
    }
  }

  /** Ends the transaction for the session: SET LOCAL is over, and SET too when it was rolled back. */
  #close(committed: boolean): void {
    const before = this.#before;
    if (before !== null) {
      if (!committed) this.#settings = before.settings;
      else
        for (const { name } of before.local) this.#settings = restored(this.#settings, name, before.settings);
    }
    this.#before = null;
    this.#transaction = null;
    this.#cursors.clear();
  }

  #set(setting: Setting): void {
    if (setting.name === 'transaction_isolation') {
      const level = isolationLevel(setting.values[0] ?? '');
      const open = this.#transaction;
      if (level !== null && open?.block) this.#transaction = open.withIsolation(level);
      return;
    }
    this.#settings = applied(this.#settings, setting, this.#initial);
    if (setting.local) this.#before?.local.push(setting);
  }

  #discard(all: boolean, unit: Unit): void {
    if (all) {
      this.#settings = this.#initial;
      this.#lost = false;
      this.#prepared.clear();
      this.#cursors.clear();
      unit.accesses.write(...this.#advisory);
      this.#advisory.clear();
    }
    unit.add('DISCARD', unit.accesses.size > 0);
  }

  #runNamed(plan: Extract<Plan, { kind: 'named' }>, text: string, unit: Unit): void {
    const { role, name, query } = plan;
    switch (role) {
      case 'prepare':
        if (query !== null) {
          remember(this.#prepared, name, { node: query, text, parameters: NO_PARAMETERS });
          this.look(this.plan(query, text, NO_PARAMETERS), unit, false);
        }
        unit.add('PREPARE', false);
        return;
      case 'deallocate':
        if (name === '*') this.#prepared.clear();
        else this.#prepared.delete(name);
        unit.add('DEALLOCATE', false);
        return;
      case 'execute': {
        const prepared = this.#prepared.get(name);
        if (prepared === undefined) this.runUnknown('EXECUTE', unit);
        else this.run(prepared.node, prepared.text, argumentValues(plan.args), unit);
        return;
      }
      case 'declare': {
        const inner = query === null ? opaque('DECLARE') : this.plan(query, text, NO_PARAMETERS);
        if (inner.kind !== 'data') return;
        remember(this.#cursors, name, inner.draft);
        this.runData({ ...inner, verb: 'DECLARE' }, text, unit);
        return;
      }
      case 'fetch':
        this.#fetch(name, text, unit);
        return;
      case 'close':
        unit.add('CLOSE', false);
    }
  }

  /** Rows of a cursor are as of its declaration, unless reading them takes locks or calls what may do anything. */
  #fetch(name: string, text: string, unit: Unit): void {
    const draft = this.#cursors.get(name);
    if (draft === undefined) {
      this.runUnknown('FETCH', unit);
      return;
    }
    if (draft.holds || !draft.now.footprint([]).every(({ mode }) => mode === 'read'))
      this.runData({ kind: 'data', verb: 'FETCH', draft, snapshot: true }, text, unit);
    else unit.add(statementLabel('FETCH', draft), false);
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

  /** The connection ends. */
  end(unit: Unit): void {
    this.#transaction?.rollback(unit.accesses);
    unit.accesses.write(...this.#advisory);
    this.#close(false);
    this.#advisory = new Set();
  }
}

function restored(settings: Settings, name: string, before: Settings): Settings {
  switch (name) {
    case 'search_path':
      return { ...settings, path: before.path };
    case 'default_transaction_isolation':
      return { ...settings, isolation: before.isolation };
    case 'client_encoding':
      return { ...settings, encoding: before.encoding };
    case 'standard_conforming_strings':
      return { ...settings, readable: before.readable };
    default:
      return settings;
  }
}

/** Arguments of EXECUTE as parameters: literals only. */
function argumentValues(args: readonly Node[]): ParameterValues {
  const value = (number: number): Bound | undefined => {
    const arg = args[number - 1];
    if (arg === undefined || !('A_Const' in arg)) return undefined;
    const { ival, sval, isnull } = arg.A_Const;
    if (isnull) return null;
    return sval ? (sval.sval ?? '') : ival ? String(ival.ival ?? 0) : undefined;
  };
  return { value, declared: () => 0 };
}
