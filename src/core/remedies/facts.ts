/** What a remedy is written from, out of what the analysis knows of a finding. */
import type { StaleCase } from '../causes/cause.ts';
import type { Drivers } from '../drivers/drivers.ts';
import type { Commit } from '../source.ts';
import { tableOf } from '../source.ts';
import type { KeyState, Version } from '../versions.ts';
import { keyPattern } from './key-pattern.ts';
import type { RemedyFacts } from './remedies.ts';
import type { Statement } from './statement.ts';

export interface FactTools {
  readonly templateOf: (key: KeyState) => string;
  readonly drivers: Drivers;
}

/** Other keys that one remedy names. */
const MOST_KEYS = 2;

/** A commit's statement that changed a table. Null when it was not seen: past the proxies, or inside a function. */
export function writeOf(commit: Commit, table: string | null): Statement | null {
  if (commit.outside !== undefined) return null;
  const all = commit.shape.split('; ').filter((shape) => WRITES.test(shape));
  const name = table?.split('.').at(-1) ?? '';
  const shape = all.find((text) => name !== '' && text.includes(name)) ?? all[0];
  return shape === undefined ? null : { shape, block: commit.txn.begin < commit.interval.invoke };
}

const WRITES = /^\s*(?:insert|update|delete|merge|with|truncate|copy)\b/i;

/** The statement that a value was made from. */
export function readOf(version: Version): Statement | null {
  const read = version.sources.find((source) => source.read.op.kind === 'read') ?? version.sources[0];
  const op = read?.read.op;
  if (op?.kind === 'read') return { shape: op.shape, block: op.tx !== null };
  return readOfKey(version.key);
}

function readOfKey(key: KeyState): Statement | null {
  const shape = [...key.feeders].find((text) => /^\s*(?:select|with)\b/i.test(text));
  return shape === undefined ? null : { shape, block: false };
}

/** The table whose change made the value stale; of one that was rolled back, the table that it had changed. */
export function changedTable({
  window,
  version,
  write,
}: Pick<StaleCase, 'window' | 'version' | 'write'>): string | null {
  const changed = window.effects[0]?.change ?? write.commit.changes[0];
  return changed?.table ?? [...version.key.fedTables][0] ?? null;
}

/** Of a stale value. */
export function staleFacts(stale: StaleCase, tools: FactTools): RemedyFacts {
  const { version, write } = stale;
  const { commit } = write;
  const table = changedTable(stale);
  const forgotten = stale.elsewhere.filter((removal) => !removal.failed && stale.fedByRow(removal.key));
  const pattern = (key: KeyState) => keyPattern(key, tools.templateOf(key), table);
  const key = pattern(version.key);
  const also = new Map(forgotten.map((removal) => [tools.templateOf(removal.key), removal.key]));
  also.delete(key.template);
  const redis = write.removals.find((removal) => removal.claim !== null)?.op.session;
  return {
    stack: tools.drivers.stack({
      postgres: commit.outside === undefined ? commit.session : readSession(version),
      redis: redis ?? redisSession(version),
    }),
    key,
    also: [...also.values()].slice(0, MOST_KEYS).map(pattern),
    write: writeOf(commit, table),
    read: readOf(version),
    seconds: secondsOf(version.ttl),
    table,
    outside: commit.outside !== undefined,
  };
}

/** Of a value that was read or filled, whatever was written. */
export function versionFacts(version: Version, tools: FactTools, missing?: string): RemedyFacts {
  return {
    ...keyFacts(version.key, null, tools),
    stack: tools.drivers.stack({ postgres: readSession(version), redis: redisSession(version) }),
    read: readOf(version),
    seconds: secondsOf(version.ttl),
    ...(missing === undefined ? {} : { missing }),
  };
}

/** Of a key, and a statement about it. */
export function keyFacts(key: KeyState, shape: string | null, tools: FactTools): RemedyFacts {
  const tables = [...key.fedTables];
  const [table = null] = tables.filter((name) => shape?.includes(name.split('.').at(-1) ?? name));
  const version = key.live[0];
  const isWrite = shape !== null && WRITES.test(shape);
  const own = shape === null || isWrite ? null : { shape, block: false };
  return {
    stack: tools.drivers.stack({
      postgres: version === undefined ? undefined : readSession(version),
      redis: version === undefined ? key.lastHit?.session : redisSession(version),
    }),
    key: keyPattern(key, tools.templateOf(key), table ?? tables[0] ?? firstTable(key)),
    also: [],
    write: isWrite ? { shape: shape.split('; ')[0] ?? shape, block: true } : null,
    read: own ?? readOfKey(key),
    seconds: version === undefined ? null : secondsOf(version.ttl),
    table,
    outside: false,
  };
}

function firstTable(key: KeyState): string | null {
  const [row] = key.fedRows;
  return row === undefined ? null : tableOf(row);
}

function readSession(version: Version): string | undefined {
  return version.sources[0]?.read.op.session;
}

function redisSession({ fill, key }: Version): string | undefined {
  return fill?.session ?? key.lastHit?.session;
}

function secondsOf(ttl: number | null | undefined): number | null {
  return typeof ttl === 'number' && ttl >= 1000 ? Math.round(ttl / 1000) : null;
}
