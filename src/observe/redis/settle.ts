/**
 * From a command's effects and its outcome to operations. This runs once for every key of every command: operations are
 * written out field by field, because spreading objects costs more than everything else here together.
 */
import type { Operation, Status } from '../../core/operation.ts';
import { REPLY } from '../../wire/redis/index.ts';
import type { Unnumbered } from '../context.ts';
import type { DeleteEffect, Effect, Pending, ReadEffect, WriteEffect } from './effects.ts';
import type { Outcome, SeenValue } from './outcome.ts';
import type { PayloadStore } from './payload-store.ts';

/** How a command ended: by its reply; not at all, as far as was seen; or never run (EXEC answered nil). */
export type Ending = Outcome | 'unseen' | 'notRun' | { readonly failed: string };

export type CacheOperation = Extract<Unnumbered<Operation>, { readonly tier: 'cache' }>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Of<K extends CacheOperation['kind']> = Mutable<Extract<CacheOperation, { readonly kind: K }>>;

/** What settling needs to know beside the command and its ending; one object a connection. */
export interface Settling {
  readonly session: string;
  readonly store: PayloadStore;
  /** Whether the server is a replica. */
  readonly replica: boolean;
  db: number;
  /** Time of the command, and of the reply. */
  invoke: number;
  at: number;
}

/** Appends the operations of a command to `out`. */
export function settle(pending: Pending, ending: Ending, s: Settling, out: CacheOperation[]): void {
  const { effects } = pending.plan;
  const error = errorOf(ending);
  const status: Status = ending === 'unseen' ? 'info' : error === '' ? 'ok' : 'fail';
  for (let i = 0; i < effects.length; i++) {
    const operation = operationOf(pending, i, ending, s, status);
    if (operation === null) continue;
    if (error !== '') operation.error = error;
    out.push(operation);
  }
}

function errorOf(ending: Ending): string {
  return typeof ending === 'string' ? '' : 'failed' in ending ? ending.failed : ending.error;
}

function operationOf(
  pending: Pending,
  i: number,
  ending: Ending,
  s: Settling,
  status: Status,
): Mutable<CacheOperation> | null {
  const effect = pending.plan.effects[i]!;
  switch (effect.kind) {
    case 'read':
      return readOf(pending, effect, i, ending, s, status);
    case 'write':
      return writeOf(pending, effect, ending, s, status);
    case 'delete':
      return deleteOf(pending, effect, ending, s, status);
    default:
      return otherOf(pending, effect, ending, s, status);
  }
}

function returned(s: Settling, status: Status): number | null {
  return status === 'info' ? null : s.at;
}

function readOf(
  pending: Pending,
  effect: ReadEffect,
  i: number,
  ending: Ending,
  s: Settling,
  status: Status,
): Of<'read'> | null {
  let seen: SeenValue | null | undefined = null;
  if (status === 'ok') {
    seen = typeof ending === 'object' && 'values' in ending ? ending.values[i] : undefined;
    if (seen === undefined) return null;
  }
  const operation: Of<'read'> = {
    tier: 'cache',
    kind: 'read',
    session: s.session,
    command: pending.command,
    db: s.db,
    key: s.store.record(s.db, effect.key).shown,
    value: seen === null ? null : seen.version.digest,
    size: seen === null ? 0 : seen.version.size,
    invoke: s.invoke,
    return: returned(s, status),
    status,
  };
  if (s.replica) operation.replica = true;
  if (seen !== null) addDetails(operation, pending, seen);
  else if (pending.plan.names !== undefined && status === 'ok')
    operation.fields = absentFields(pending.plan.names, s.store);
  return operation;
}

function addDetails(operation: Of<'read'>, pending: Pending, seen: SeenValue): void {
  const named = pending.reads === 'named' || pending.reads === 'pairs';
  if (named && seen.version.fields !== null) operation.fields = seen.version.fields;
  if (seen.fresh) operation.payload = seen.version.payload;
}

/** A miss of named fields says which. */
function absentFields(names: readonly string[], store: PayloadStore): Record<string, null> {
  return Object.fromEntries(names.map((name) => [store.shown(name), null]));
}

function writeOf(
  pending: Pending,
  effect: WriteEffect,
  ending: Ending,
  s: Settling,
  status: Status,
): Of<'write'> {
  const db = effect.db ?? s.db;
  const operation: Of<'write'> = {
    tier: 'cache',
    kind: 'write',
    session: s.session,
    command: pending.command,
    db,
    key: s.store.record(db, effect.key).shown,
    size: effect.size,
    ttl: effect.ttl,
    applied: tookPlace(pending, effect, ending),
    invoke: s.invoke,
    return: returned(s, status),
    status,
  };
  if (effect.value !== undefined) operation.value = effect.value;
  if (effect.condition !== undefined) operation.condition = effect.condition;
  if (effect.fields !== undefined) operation.fields = effect.fields;
  if (effect.payload !== undefined) operation.payload = effect.payload;
  return operation;
}

function deleteOf(
  pending: Pending,
  effect: DeleteEffect,
  ending: Ending,
  s: Settling,
  status: Status,
): Of<'delete'> {
  return {
    tier: 'cache',
    kind: 'delete',
    session: s.session,
    command: pending.command,
    db: s.db,
    key: s.store.record(s.db, effect.key).shown,
    removed: removedBy(pending, effect, ending),
    value: null,
    invoke: s.invoke,
    return: returned(s, status),
    status,
  };
}

function otherOf(
  pending: Pending,
  effect: Exclude<Effect, { readonly kind: 'read' | 'write' | 'delete' }>,
  ending: Ending,
  s: Settling,
  status: Status,
): Mutable<CacheOperation> | null {
  const { session, db, invoke, store } = s;
  const base = {
    tier: 'cache',
    session,
    command: pending.command,
    db,
    invoke,
    return: returned(s, status),
    status,
  } as const;
  switch (effect.kind) {
    case 'expire': {
      const { shown } = store.record(db, effect.key);
      return {
        ...base,
        kind: 'expire',
        key: shown,
        ttl: effect.ttl,
        applied: tookPlace(pending, effect, ending),
      };
    }
    case 'flush':
      return ending === 'notRun' ? null : { ...base, kind: 'flush', all: effect.all };
    case 'script': {
      const keys = effect.keys.map((key) => store.record(db, key).shown);
      // What a replica runs can only have read.
      if (ending === 'notRun' || s.replica) return null;
      return { ...base, kind: 'script', keys, candidates: effect.candidates };
    }
  }
}

/** Whether the effect took place, as far as the ending tells; an unknown outcome counts as if. */
function tookPlace(pending: Pending, effect: Effect, ending: Ending): boolean {
  if (ending === 'unseen') return true;
  if (ending === 'notRun' || 'failed' in ending || ending.error !== '') return false;
  switch (pending.rule) {
    case 'always':
      return true;
    case 'notNull':
      return ending.type !== REPLY.null && !(ending.type === REPLY.array && ending.count === 0);
    case 'positive':
    case 'count':
      return ending.integer > 0;
    case 'hit':
    case 'getXx':
      return ending.values[0] !== null;
    case 'getNx':
      return ending.values[0] === null;
    case 'served':
      return 'key' in effect && ending.served === effect.key;
  }
}

function removedBy(pending: Pending, effect: DeleteEffect, ending: Ending): 0 | 1 | null {
  if (ending === 'unseen') return null;
  if (!tookPlace(pending, effect, ending)) return 0;
  if (pending.rule === 'positive' || pending.rule === 'hit' || effect.certain === true) return 1;
  if (pending.rule !== 'count' || typeof ending !== 'object' || 'failed' in ending) return null;
  return ending.integer === pending.plan.effects.length ? 1 : null;
}
