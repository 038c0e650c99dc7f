/** A history in which a fill races a write: the reader misses, reads the old row, and fills after the invalidation. */
import { join } from 'node:path';
import type { Operation } from '../../src/core/operation.ts';
import { createRecording, type RecordingStart } from '../../src/recording/writer.ts';

const OLD = 'h:0000000000aa';
const NEW = 'h:0000000000bb';
const ID = 'h:00000000f001';
const ms = (value: number) => Math.round(value * 1e6);

const where = {
  equal: [{ table: 'items', column: 'id', values: [ID] }],
  columns: ['items.id'],
  complete: true,
  limited: false,
};
const columns = [
  { name: 'id', table: 'items', column: 'id' },
  { name: 'price', table: 'items', column: 'price' },
];
const payload = {
  format: 'json',
  leaves: [
    ['id', ID],
    ['price', OLD],
  ],
} as const;
const cache = { tier: 'cache', db: 0, key: 'item:4711' } as const;
const took = (from: number, to: number) => ({ invoke: ms(from), return: ms(to), status: 'ok' }) as const;

export const STALE_FILL_RACE: readonly Operation[] = [
  {
    id: 1,
    session: 'pg:1',
    tier: 'source',
    kind: 'table',
    table: 'items',
    primaryKey: ['id'],
    columns: ['id', 'price'],
    ...took(0, 0),
  },
  {
    id: 2,
    session: 'redis:1',
    ...cache,
    kind: 'key',
    command: 'GET',
    parts: [['4711', ID]],
    ...took(0.1, 0.1),
  },
  {
    id: 3,
    session: 'redis:1',
    ...cache,
    kind: 'read',
    command: 'GET',
    value: null,
    size: 0,
    request: 90,
    ...took(1, 1.2),
  },
  {
    id: 4,
    session: 'pg:1',
    tier: 'source',
    kind: 'read',
    shape: 'select id, price from items where id = $1',
    tx: null,
    params: [ID],
    columns,
    rows: [[ID, OLD]],
    rowCount: 1,
    tables: ['items'],
    where,
    aggregate: false,
    key: 'items/4711',
    request: 90,
    ...took(1.4, 2),
  },
  { id: 5, session: 'pg:2', tier: 'source', kind: 'begin', tx: 1, request: 91, ...took(2.1, 2.2) },
  {
    id: 6,
    session: 'pg:2',
    tier: 'source',
    kind: 'write',
    shape: 'update items set price = $1 where id = $2',
    tx: 1,
    params: [NEW, ID],
    columns: [],
    rows: [],
    rowCount: 1,
    key: 'items/4711',
    effects: [{ table: 'items', action: 'update', set: { price: NEW }, where }],
    request: 91,
    ...took(2.3, 2.6),
  },
  { id: 7, session: 'pg:2', tier: 'source', kind: 'commit', tx: 1, request: 91, ...took(2.7, 3) },
  {
    id: 8,
    session: 'redis:2',
    ...cache,
    kind: 'delete',
    command: 'DEL',
    removed: 0,
    value: null,
    request: 91,
    ...took(3.1, 3.3),
  },
  {
    id: 9,
    session: 'redis:1',
    ...cache,
    kind: 'write',
    command: 'SET',
    value: 'h:00000000cafe',
    size: 30,
    ttl: 60_000,
    applied: true,
    payload,
    request: 90,
    ...took(3.5, 3.8),
  },
  {
    id: 91,
    session: 'http:2',
    tier: 'http',
    kind: 'request',
    method: 'PUT',
    path: '/items/4711',
    code: 200,
    size: 2,
    parts: [ID],
    ...took(2.05, 3.4),
  },
  {
    id: 90,
    session: 'http:1',
    tier: 'http',
    kind: 'request',
    method: 'GET',
    path: '/items/4711',
    code: 200,
    size: 30,
    parts: [ID],
    ...took(0.5, 4),
  },
  ...[20, 30, 48].flatMap((at, index): Operation[] => [
    {
      id: 100 + index,
      session: 'redis:1',
      ...cache,
      kind: 'read',
      command: 'GET',
      value: 'h:00000000cafe',
      size: 30,
      request: 200 + index,
      ...took(at, at + 0.2),
    },
    {
      id: 200 + index,
      session: 'http:1',
      tier: 'http',
      kind: 'request',
      method: 'GET',
      path: '/items/4711',
      code: 200,
      size: 30,
      parts: [ID],
      ...took(at - 0.3, at + 0.5),
    },
  ]),
];

export const START: RecordingStart = {
  version: '0.1.0',
  command: ['uvicorn', 'app:app'],
  engines: { redis: '7.0.15', postgres: '18.4', emulated: false },
  startedAt: new Date('2026-01-31T09:30:15Z'),
  values: 'hashed',
};

/** Records operations in `folder/name` and gives that path. */
export async function record(
  folder: string,
  operations: readonly Operation[],
  name = 'whystale-recording-1',
): Promise<string> {
  const path = join(folder, name);
  const writer = await createRecording(path, START);
  for (const operation of operations) writer.append(operation);
  await writer.close();
  return path;
}
