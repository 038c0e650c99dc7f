/** Operations as the observers make them, with what matters here. */
import type { CacheRead, CacheWrite, SourceChange, SourceRead } from '../../src/core/operation.ts';

let count = 0;

export interface Stamps {
  readonly invoke: number;
  readonly return: number | null;
}

const base = (stamps: Stamps, session: string) => ({
  id: ++count,
  session,
  ...stamps,
  status: stamps.return === null ? ('info' as const) : ('ok' as const),
});

export function cacheRead(
  stamps: Stamps,
  key = 'item:1',
  value: string | null = 'h:0123456789ab',
): CacheRead {
  return {
    ...base(stamps, 'redis:1'),
    tier: 'cache',
    kind: 'read',
    command: 'GET',
    db: 0,
    key,
    value,
    size: 1,
  };
}

export function cacheWrite(stamps: Stamps, applied = true): CacheWrite {
  return {
    ...base(stamps, 'redis:1'),
    tier: 'cache',
    kind: 'write',
    command: 'SET',
    db: 0,
    key: 'item:1',
    size: 1,
    ttl: null,
    applied,
  };
}

export function statement(
  stamps: Stamps,
  shape = 'SELECT * FROM items WHERE id = $1',
  params: readonly (string | null)[] = ['h:000000000001'],
): SourceRead {
  return {
    ...base(stamps, 'pg:1'),
    tier: 'source',
    kind: 'read',
    shape,
    tx: null,
    params,
    columns: [],
    rows: [],
    rowCount: 0,
    tables: ['items'],
    where: { equal: [], columns: [], complete: true, limited: false },
    aggregate: false,
  };
}

export function change(stamps: Stamps): SourceChange {
  return {
    ...base(stamps, 'stream'),
    tier: 'source',
    kind: 'change',
    table: 'items',
    action: 'update',
    xid: 1,
    lsn: '0/1',
    committed: '2026-01-01T00:00:00Z',
    index: 0,
    count: 1,
  };
}
