/** Operations as the observers tell them, for tests: stamps count up by themselves. */
import type { CacheOperation, CacheRead, SourceOperation } from '../../src/core/operation.ts';

let clock = 0;
const stamps = () => ({ invoke: ++clock, return: ++clock, status: 'ok' as const, id: clock });
const cache = { session: 'redis:1', tier: 'cache' as const, db: 0 };
const source = { session: 'pg:1', tier: 'source' as const };

export function get(key: string, value: string | null, more: Partial<CacheRead> = {}): CacheOperation {
  return { ...cache, ...stamps(), kind: 'read', command: 'GET', key, value, size: 1, ...more };
}

export function hget(key: string, fields: Readonly<Record<string, string | null>>): CacheOperation {
  const value = Object.values(fields).some((field) => field !== null) ? 'h:1' : null;
  return get(key, value, { command: Object.keys(fields).length > 1 ? 'HMGET' : 'HGET', fields });
}

export function set(
  key: string,
  more: Partial<Extract<CacheOperation, { kind: 'write' }>> = {},
): CacheOperation {
  const write = { kind: 'write', command: 'SET', key, size: 1, ttl: null, applied: true } as const;
  return { ...cache, ...stamps(), ...write, ...more };
}

export function script(...keys: readonly string[]): CacheOperation {
  return { ...cache, ...stamps(), kind: 'script', command: 'EVALSHA', keys, candidates: [] };
}

export function select(
  table: string,
  more: Partial<Extract<SourceOperation, { kind: 'read' }>> = {},
): SourceOperation {
  return {
    ...source,
    ...stamps(),
    kind: 'read',
    shape: `SELECT * FROM ${table} WHERE id = $1`,
    tx: null,
    params: ['h:000000000001~'],
    columns: [],
    rows: [],
    rowCount: 1,
    tables: [table],
    where: { equal: [], columns: [], complete: true, limited: false },
    aggregate: false,
    ...more,
  };
}

export function update(table: string): SourceOperation {
  const {
    kind: _,
    tables: __,
    where: ___,
    aggregate: ____,
    ...statement
  } = select(table) as Extract<SourceOperation, { kind: 'read' }>;
  return { ...statement, kind: 'write', shape: `UPDATE ${table} SET a = $1`, effects: [] };
}
