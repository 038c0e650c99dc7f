/**
 * Checks one line of history.jsonl against the shape of operations (core/operation.ts). Hand-written because a
 * recording has millions of lines. Unknown fields pass; an unknown kind or tier is a later version's and is said to be
 * so; anything else that does not fit is damage, named by its field.
 */
import type { Operation } from '../core/operation.ts';

/** What a line turned out to be. */
export type LineReading =
  | { readonly is: 'operation'; readonly operation: Operation }
  | { readonly is: 'unknown'; readonly kind: string }
  | { readonly is: 'damaged'; readonly problem: string };

interface Shape {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf = (value: unknown, item: (value: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(item);
const isRecordOf = (value: unknown, item: (value: unknown) => boolean): boolean =>
  isObject(value) && Object.values(value).every(item);
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isCell = isTextOrNull;

const TEXT: Shape = { expected: 'a string', holds: isText };
const FLAG: Shape = { expected: 'true or false', holds: (value) => typeof value === 'boolean' };
const COUNT: Shape = { expected: 'an integer from 0', holds: isCount };
const TEXT_OR_NULL: Shape = { expected: 'a string or null', holds: isTextOrNull };
const COUNT_OR_NULL: Shape = {
  expected: 'an integer from 0 or null',
  holds: (value) => value === null || isCount(value),
};
const NULL: Shape = { expected: 'null', holds: (value) => value === null };
const TEXTS: Shape = { expected: 'a list of strings', holds: (value) => isListOf(value, isText) };
const isTextPair = (value: unknown): boolean => Array.isArray(value) && isText(value[0]) && isText(value[1]);
const TEXT_PAIRS: Shape = {
  expected: 'a list of pairs of strings',
  holds: (value) => isListOf(value, isTextPair),
};
const CELLS: Shape = { expected: 'a list of strings and nulls', holds: (value) => isListOf(value, isCell) };
const ROWS: Shape = {
  expected: 'a list of rows',
  holds: (value) => isListOf(value, (row) => isListOf(row, isCell)),
};
const CELLS_BY_NAME: Shape = {
  expected: 'an object of strings and nulls',
  holds: (value) => isRecordOf(value, isCell),
};
const NUMBER_OR_NULL: Shape = {
  expected: 'a number or null',
  holds: (value) => value === null || Number.isFinite(value),
};
const TTL: Shape = {
  expected: 'a number, null or "keep"',
  holds: (value) => value === null || value === 'keep' || Number.isFinite(value),
};

const oneOf = (...values: readonly unknown[]): Shape => ({
  expected: values.map((value) => JSON.stringify(value)).join(' or '),
  holds: (value) => values.includes(value),
});
const optional = (shape: Shape): Shape => ({
  expected: `${shape.expected}, or nothing`,
  holds: (value) => value === undefined || shape.holds(value),
});

const isSecret = (value: unknown): boolean =>
  isObject(value) && isText(value.kind) && isText(value.place) && typeof value.certain === 'boolean';
const SECRETS: Shape = { expected: 'a list of secrets', holds: (value) => isListOf(value, isSecret) };
const isPayload = (value: unknown): boolean =>
  isObject(value) &&
  isText(value.format) &&
  isListOf(value.leaves, isTextPair) &&
  (value.containers === undefined || isListOf(value.containers, isTextPair)) &&
  (value.words === undefined || isListOf(value.words, isText)) &&
  (value.secrets === undefined || isListOf(value.secrets, isSecret));
const PAYLOAD: Shape = { expected: 'a payload', holds: isPayload };
const CANDIDATES: Shape = {
  expected: 'a list of payloads',
  holds: (value) =>
    isListOf(
      value,
      (item) =>
        isObject(item) &&
        isText(item.value) &&
        isCount(item.size) &&
        (item.payload === undefined || isPayload(item.payload)),
    ),
};
const isEquality = (value: unknown): boolean =>
  isObject(value) && isText(value.table) && isText(value.column) && isListOf(value.values, isText);
const isPredicate = (value: unknown): boolean =>
  isObject(value) &&
  isListOf(value.equal, isEquality) &&
  isListOf(value.columns, isText) &&
  typeof value.complete === 'boolean' &&
  typeof value.limited === 'boolean';
const PREDICATE: Shape = { expected: 'a predicate', holds: isPredicate };
const RESULT_COLUMNS: Shape = {
  expected: 'a list of result columns',
  holds: (value) =>
    isListOf(
      value,
      (item) => isObject(item) && isText(item.name) && isTextOrNull(item.table) && isTextOrNull(item.column),
    ),
};
const EFFECTS: Shape = {
  expected: 'a list of effects',
  holds: (value) =>
    isListOf(
      value,
      (item) =>
        isObject(item) &&
        isText(item.table) &&
        isText(item.action) &&
        isRecordOf(item.set, isCell) &&
        isPredicate(item.where),
    ),
};

const CLIENT: Shape = {
  expected: 'a client',
  holds: (value) => isObject(value) && isTextOrNull(value.application) && isTextOrNull(value.user),
};

const SHARED: Shape = {
  expected: 'what lets shared caches store it',
  holds: (value) => isObject(value) && isText(value.by) && isText(value.credentials),
};

type Fields = Readonly<Record<string, Shape>>;

const BASE: Fields = {
  id: COUNT,
  session: TEXT,
  invoke: COUNT,
  return: COUNT_OR_NULL,
  status: oneOf('ok', 'fail', 'info'),
  request: optional(COUNT),
  error: optional(TEXT),
};
const CACHE: Fields = { ...BASE, command: TEXT, db: COUNT };
const STATEMENT: Fields = {
  ...BASE,
  shape: TEXT,
  tx: COUNT_OR_NULL,
  params: CELLS,
  columns: RESULT_COLUMNS,
  rows: ROWS,
  rowCount: COUNT,
};
const BORDER: Fields = { ...BASE, tx: COUNT };

/** `cache read`, `source commit`…: every kind there is, so that a new one cannot be forgotten here. */
type KindName = Operation extends infer O
  ? O extends Operation
    ? `${O['tier']} ${O['kind']}`
    : never
  : never;

/** Required fields of each kind. A field added later must be `optional`, or older recordings would no longer open. */
const SHAPES: Readonly<Record<KindName, Fields>> = {
  'cache read': {
    ...CACHE,
    key: TEXT,
    value: TEXT_OR_NULL,
    size: COUNT,
    fields: optional(CELLS_BY_NAME),
    payload: optional(PAYLOAD),
    replica: optional(FLAG),
  },
  'cache write': {
    ...CACHE,
    key: TEXT,
    value: optional(TEXT),
    size: COUNT,
    ttl: TTL,
    applied: FLAG,
    condition: optional(oneOf('nx', 'xx')),
    fields: optional(CELLS_BY_NAME),
    payload: optional(PAYLOAD),
  },
  'cache delete': { ...CACHE, key: TEXT, removed: oneOf(0, 1, null), value: NULL },
  'cache flush': { ...CACHE, all: FLAG },
  'cache expire': { ...CACHE, key: TEXT, ttl: NUMBER_OR_NULL, applied: FLAG },
  'cache script': { ...CACHE, keys: TEXTS, candidates: CANDIDATES },
  'cache key': { ...CACHE, key: TEXT, parts: TEXT_PAIRS, secrets: optional(SECRETS) },
  'source read': {
    ...STATEMENT,
    tables: TEXTS,
    where: PREDICATE,
    aggregate: FLAG,
    computed: optional(TEXTS),
    key: optional(TEXT),
    replica: optional(FLAG),
  },
  'source write': { ...STATEMENT, effects: EFFECTS, key: optional(TEXT) },
  'source begin': BORDER,
  'source commit': BORDER,
  'source rollback': BORDER,
  'source table': { ...BASE, table: TEXT, primaryKey: TEXTS, columns: TEXTS },
  'source change': {
    ...BASE,
    table: TEXT,
    action: oneOf('insert', 'update', 'delete', 'truncate'),
    row: optional(CELLS_BY_NAME),
    before: optional(CELLS_BY_NAME),
    after: optional(CELLS_BY_NAME),
    changed: optional(TEXTS),
    xid: COUNT,
    lsn: TEXT,
    committed: TEXT,
    index: COUNT,
    count: COUNT,
    proxied: optional(TEXT),
    client: optional(CLIENT),
  },
  'source stream': {
    ...BASE,
    state: oneOf('begin', 'end'),
    plugin: TEXT,
    insertOnly: TEXTS,
    tables: { expected: 'a list of strings or null', holds: (value) => value === null || TEXTS.holds(value) },
  },
  'http request': {
    ...BASE,
    method: TEXT,
    path: TEXT,
    parts: optional(TEXTS),
    asked: optional(TEXT_PAIRS),
    code: COUNT_OR_NULL,
    size: COUNT,
    body: optional(TEXT),
    payload: optional(PAYLOAD),
    trace: optional(TEXT),
    shared: optional(SHARED),
  },
  'client span': {
    ...BASE,
    trace: TEXT,
    span: TEXT,
    parent: TEXT_OR_NULL,
    name: TEXT,
    role: oneOf('internal', 'server', 'client', 'producer', 'consumer'),
    service: TEXT_OR_NULL,
    method: optional(TEXT),
    route: optional(TEXT),
    path: optional(TEXT),
    code: optional(COUNT),
    system: optional(TEXT),
    statement: optional(TEXT),
    port: optional(COUNT),
  },
  'client session': { ...BASE, store: oneOf('redis', 'postgres'), signs: TEXT_PAIRS },
  'client log': { ...BASE, stream: oneOf('stdout', 'stderr'), text: TEXT },
};

/** A kind's fields as arrays: a recording has millions of lines. */
interface Checks {
  readonly names: readonly string[];
  readonly shapes: readonly Shape[];
}

const CHECKS: ReadonlyMap<string, ReadonlyMap<string, Checks>> = checksByTier();

function checksByTier(): Map<string, Map<string, Checks>> {
  const byTier = new Map<string, Map<string, Checks>>();
  for (const [name, fields] of Object.entries(SHAPES)) {
    const [tier = '', kind = ''] = name.split(' ');
    const byKind = byTier.get(tier) ?? new Map<string, Checks>();
    byTier.set(tier, byKind.set(kind, { names: Object.keys(fields), shapes: Object.values(fields) }));
  }
  return byTier;
}

/** Reads one line; never throws. */
export function readOperation(text: string): LineReading {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return { is: 'damaged', problem: 'it is no JSON document' };
  }
  if (!isObject(record)) return { is: 'damaged', problem: 'it is no JSON object' };
  const { tier, kind } = record;
  if (!isText(tier) || !isText(kind)) return { is: 'damaged', problem: '`tier` and `kind` must be strings' };
  const checks = CHECKS.get(tier)?.get(kind);
  if (checks === undefined) return { is: 'unknown', kind: `${tier} ${kind}` };
  const problem = misfit(record, checks) ?? timesOf(record);
  if (problem !== null) return { is: 'damaged', problem };
  // The checks of its kind have shown that it is one.
  return { is: 'operation', operation: record as unknown as Operation };
}

/** Reads a line that `readOperation` has accepted before; null for a kind that this version does not know. */
export function readAcceptedOperation(text: string): Operation | null {
  const record = JSON.parse(text) as Operation;
  return CHECKS.get(record.tier)?.has(record.kind) === true ? record : null;
}

function misfit(record: Readonly<Record<string, unknown>>, { names, shapes }: Checks): string | null {
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    const shape = shapes[index] as Shape;
    if (!shape.holds(record[name]))
      return `\`${name}\` of a ${String(record.tier)} ${String(record.kind)} must be ${shape.expected}`;
  }
  return null;
}

/** `return` is null exactly for an unknown outcome, and never before `invoke`. */
function timesOf(record: Readonly<Record<string, unknown>>): string | null {
  const returned = record.return as number | null;
  if ((returned === null) !== (record.status === 'info'))
    return '`return` must be null exactly when `status` is "info"';
  if (returned !== null && returned < (record.invoke as number)) return '`return` is before `invoke`';
  return null;
}
