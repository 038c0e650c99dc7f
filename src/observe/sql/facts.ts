/** What a statement's text says, before its values are known. One per shape. */
import type { WriteEffect } from '../../core/operation.ts';

/** A value in a statement: all values behind `$slot` · the elements of the array behind `$array` · written in the text. */
export type ValueRef =
  | { readonly slot: number }
  | { readonly array: number }
  | { readonly constant: string | null };

export interface EqualityFacts {
  readonly table: string;
  readonly column: string;
  readonly values: readonly ValueRef[];
}

/** A `Predicate` (core/operation) whose values are still references. */
export interface PredicateFacts {
  readonly equal: readonly EqualityFacts[];
  readonly columns: readonly string[];
  /** Provided that the conditions in `same` and `single` hold. */
  readonly complete: boolean;
  readonly limited: boolean;
  /** Pairs of values that the clause compares with each other (`WHERE 1 = 1`): complete only if they are equal. */
  readonly same: readonly (readonly [ValueRef, ValueRef])[];
  /** Slots of folded row comparisons (`(a, b) IN ((1, 2), (3, 4))`): complete only if each has one value. */
  readonly single: readonly number[];
}

export interface EffectFacts {
  readonly table: string;
  readonly action: WriteEffect['action'];
  readonly set: Readonly<Record<string, ValueRef | '?'>>;
  readonly where: PredicateFacts;
  /** True when each slot holds one value per row: the effect stands for as many effects as there are rows. */
  readonly perRow: boolean;
  /** True for TRUNCATE … CASCADE. */
  readonly cascade?: boolean;
}

export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

/** What BEGIN, SET TRANSACTION and their like say of transactions. */
export interface TransactionModes {
  readonly isolation?: IsolationLevel;
  readonly readOnly?: boolean;
}

/** A setting changed by SET, RESET or DISCARD ALL. */
export interface SettingFacts {
  /** Lower case; `*` for all of them. */
  readonly name: string;
  /** `transaction`: until its end (SET LOCAL, SET TRANSACTION). */
  readonly scope: 'session' | 'transaction';
  /** Empty: back to the default. */
  readonly values: readonly ValueRef[];
}

export type StatementKind =
  | 'read'
  | 'write'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'ddl'
  | 'set'
  | 'copy'
  | 'other';

/** A statement or cursor that is named in one statement and run by a later one. */
export interface NamedFacts {
  readonly role: 'prepare' | 'execute' | 'deallocate' | 'declare' | 'fetch' | 'close';
  /** `*` for all. */
  readonly name: string;
  /** What it does when it is run (prepare, declare). */
  readonly inner?: StatementFacts;
  /** Arguments of EXECUTE. */
  readonly args?: readonly ValueRef[];
}

export interface StatementFacts {
  readonly kind: StatementKind;
  /** True for what a driver or pool asks by itself: `SELECT 1`, SHOW, introspection of system tables. */
  readonly trivial: boolean;
  /** True when tables or effects are not known: not parsable, or code runs whose text is not seen. */
  readonly opaque: boolean;
  /** Tables read, views resolved where they are known; for writes, those beside the target. */
  readonly tables: readonly string[];
  readonly where: PredicateFacts;
  readonly aggregate: boolean;
  /** Columns that a figure is computed from, e.g. `orders.amount` of its sum; absent when there are none. */
  readonly computed?: readonly string[];
  readonly effects: readonly EffectFacts[];
  readonly modes?: TransactionModes;
  readonly setting?: SettingFacts;
  /** COMMIT or ROLLBACK … AND CHAIN. */
  readonly chain?: boolean;
  readonly named?: NamedFacts;
}

/** The predicate that says nothing about rows. */
export const NO_PREDICATE: PredicateFacts = {
  equal: [],
  columns: [],
  complete: false,
  limited: false,
  same: [],
  single: [],
};

/** Facts of a statement of which only the kind is known. */
export function plainFacts(kind: StatementKind, more: Partial<StatementFacts> = {}): StatementFacts {
  return {
    kind,
    trivial: false,
    opaque: false,
    tables: [],
    where: NO_PREDICATE,
    aggregate: false,
    effects: [],
    ...more,
  };
}
