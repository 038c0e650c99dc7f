/**
 * What commands mean, as data: command → how its arguments become effects, how its reply carries values, and how the
 * reply decides whether the effects took place. Sources: the command pages of redis.io (Redis 8) and valkey.io, and
 * Redis' own COMMAND flags for everything that has no row here: a command flagged `write` is then a write without a
 * known value on each of its keys, and any other command is no operation at all.
 */

/** How the arguments become effects; each is a function in plans.ts. */
export type PlanName =
  | 'none'
  | 'read'
  | 'readFields'
  | 'getex'
  | 'getdel'
  | 'getset'
  | 'set'
  | 'setex'
  | 'setPairs'
  | 'msetex'
  | 'hset'
  | 'hsetex'
  | 'hgetdel'
  | 'write'
  | 'writeFirst'
  | 'storeOption'
  | 'rename'
  | 'copy'
  | 'restore'
  | 'moveDb'
  | 'delete'
  | 'expire'
  | 'persist'
  | 'flush'
  | 'script'
  | 'jsonReadMany'
  | 'jsonSet'
  | 'jsonMset'
  | 'jsonDelete';

/** What of the reply carries values: nothing, one value, one value a key, the named fields (of HGET, HMGET…), pairs of
 * field and value, elements in order, members in no order, the key that was served (BLPOP, LMPOP), or pairs of a
 * connection's settings (HELLO). */
export type Reading =
  | 'none'
  | 'value'
  | 'values'
  | 'named'
  | 'pairs'
  | 'list'
  | 'set'
  | 'served'
  | 'settings';

/** When the effects took place, given that the reply is no error: always; when it is not nil (nor an empty array); when
 * it is an integer above 0; when a value was there; for the key that was served; by the options of SET … GET. `count` is
 * the number of keys removed. */
export type Rule = 'always' | 'notNull' | 'positive' | 'hit' | 'served' | 'getNx' | 'getXx' | 'count';

/** What a connection does with the command beyond operations; see connection.ts. */
export type Control =
  | 'select'
  | 'multi'
  | 'exec'
  | 'discard'
  | 'reset'
  | 'hello'
  | 'client'
  | 'cluster'
  | 'subscribe'
  | 'unsubscribe'
  | 'monitor'
  | 'replicate'
  | 'unqueued';

export interface Semantics {
  readonly plan: PlanName;
  readonly reads: Reading;
  readonly rule: Rule;
  /** Time to live that a write without a known value leaves. */
  readonly ttl: 'keep' | null;
  readonly control?: Control;
  /** Milliseconds in the unit of the command's time argument. */
  readonly unit?: 1 | 1000;
  /** True when the time argument is a point in time, since 1970. */
  readonly absolute?: boolean;
  readonly condition?: 'nx' | 'xx';
  /** Argument of the first key, for commands of modules, which the command table does not know. */
  readonly first?: number;
}

type Row = Partial<Semantics> & { readonly plan: PlanName };

function semantics(row: Row): Semantics {
  return { reads: 'none', rule: 'always', ttl: 'keep', ...row };
}

/** The same row for several commands. */
function rows(names: string, row: Row): [string, Semantics][] {
  return names.split(' ').map((name) => [name, semantics(row)]);
}

const READS: [string, Semantics][] = [
  ...rows('GET', { plan: 'read', reads: 'value' }),
  ...rows('MGET', { plan: 'read', reads: 'values' }),
  ...rows('GETEX', { plan: 'getex', reads: 'value', rule: 'hit' }),
  ...rows('GETDEL', { plan: 'getdel', reads: 'value', rule: 'hit' }),
  ...rows('GETSET', { plan: 'getset', reads: 'value' }),
  ...rows('HGET HMGET', { plan: 'readFields', reads: 'named' }),
  ...rows('HGETALL', { plan: 'read', reads: 'pairs' }),
  ...rows('HGETDEL HGETEX', { plan: 'hgetdel', reads: 'named', rule: 'hit' }),
  ...rows('HVALS', { plan: 'read', reads: 'list' }),
  ...rows('LRANGE LINDEX', { plan: 'read', reads: 'list' }),
  ...rows('SMEMBERS', { plan: 'read', reads: 'set' }),
  ...rows('ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX', {
    plan: 'read',
    reads: 'list',
  }),
  ...rows('JSON.GET', { plan: 'read', reads: 'value' }),
  ...rows('JSON.MGET', { plan: 'jsonReadMany', reads: 'values' }),
];

const WRITES: [string, Semantics][] = [
  ...rows('SET', { plan: 'set', rule: 'notNull' }),
  ...rows('SETEX', { plan: 'setex', unit: 1000 }),
  ...rows('PSETEX', { plan: 'setex', unit: 1 }),
  ...rows('SETNX', { plan: 'setPairs', rule: 'positive', condition: 'nx' }),
  ...rows('MSET', { plan: 'setPairs' }),
  ...rows('MSETNX', { plan: 'setPairs', rule: 'positive', condition: 'nx' }),
  ...rows('MSETEX', { plan: 'msetex', rule: 'positive' }),
  ...rows('HSET HMSET', { plan: 'hset' }),
  ...rows('HSETNX', { plan: 'hset', rule: 'positive', condition: 'nx' }),
  ...rows('HSETEX', { plan: 'hsetex', rule: 'positive' }),
  ...rows('HDEL SREM ZREM LREM LPUSHX RPUSHX LINSERT ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE', {
    plan: 'write',
    rule: 'positive',
  }),
  ...rows('LPOP RPOP SPOP ZPOPMIN ZPOPMAX', { plan: 'write', rule: 'notNull' }),
  ...rows('BLPOP BRPOP BZPOPMIN BZPOPMAX LMPOP BLMPOP ZMPOP BZMPOP', {
    plan: 'write',
    reads: 'served',
    rule: 'served',
  }),
  ...rows('LMOVE BLMOVE RPOPLPUSH BRPOPLPUSH', { plan: 'write', rule: 'notNull' }),
  ...rows('SMOVE', { plan: 'write', rule: 'positive' }),
  ...rows(
    'SUNIONSTORE SINTERSTORE SDIFFSTORE ZUNIONSTORE ZINTERSTORE ZDIFFSTORE ZRANGESTORE GEOSEARCHSTORE BITOP',
    {
      plan: 'writeFirst',
      ttl: null,
    },
  ),
  ...rows('PFMERGE', { plan: 'writeFirst' }),
  ...rows('SORT GEORADIUS GEORADIUSBYMEMBER', { plan: 'storeOption', ttl: null }),
  ...rows('COPY', { plan: 'copy', rule: 'positive' }),
  ...rows('RENAME', { plan: 'rename' }),
  ...rows('RENAMENX', { plan: 'rename', rule: 'positive', condition: 'nx' }),
  ...rows('RESTORE RESTORE-ASKING', { plan: 'restore', unit: 1 }),
  ...rows('MOVE', { plan: 'moveDb', rule: 'positive' }),
  ...rows('JSON.SET', { plan: 'jsonSet', rule: 'notNull' }),
  ...rows('JSON.MSET', { plan: 'jsonMset' }),
  ...rows(
    'JSON.MERGE JSON.NUMINCRBY JSON.NUMMULTBY JSON.STRAPPEND JSON.ARRAPPEND JSON.ARRINSERT JSON.ARRPOP JSON.ARRTRIM' +
      ' JSON.CLEAR JSON.TOGGLE',
    { plan: 'write', first: 1 },
  ),
  // Bookkeeping of consumer groups: flagged as writes, but no value changes.
  ...rows('XREADGROUP XACK XCLAIM XAUTOCLAIM XNACK XGROUP PFCOUNT', { plan: 'none' }),
];

const REMOVALS: [string, Semantics][] = [
  ...rows('DEL UNLINK', { plan: 'delete', rule: 'count' }),
  ...rows('DELEX', { plan: 'delete', rule: 'count' }),
  ...rows('DELIFEQ', { plan: 'delete', rule: 'count', first: 1 }),
  ...rows('JSON.DEL JSON.FORGET', { plan: 'jsonDelete', rule: 'positive' }),
  ...rows('EXPIRE', { plan: 'expire', rule: 'positive', unit: 1000 }),
  ...rows('PEXPIRE', { plan: 'expire', rule: 'positive', unit: 1 }),
  ...rows('EXPIREAT', { plan: 'expire', rule: 'positive', unit: 1000, absolute: true }),
  ...rows('PEXPIREAT', { plan: 'expire', rule: 'positive', unit: 1, absolute: true }),
  ...rows('PERSIST', { plan: 'persist', rule: 'positive' }),
  ...rows('FLUSHDB FLUSHALL', { plan: 'flush' }),
  ...rows('EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO', { plan: 'script' }),
];

const CONNECTION: [string, Semantics][] = [
  ...rows('SELECT', { plan: 'none', control: 'select' }),
  ...rows('MULTI', { plan: 'none', control: 'multi' }),
  ...rows('EXEC', { plan: 'none', control: 'exec' }),
  ...rows('DISCARD', { plan: 'none', control: 'discard' }),
  ...rows('RESET', { plan: 'none', control: 'reset' }),
  ...rows('HELLO', { plan: 'none', reads: 'settings', control: 'hello' }),
  ...rows('CLIENT', { plan: 'none', control: 'client' }),
  ...rows('CLUSTER', { plan: 'none', control: 'cluster' }),
  ...rows('SUBSCRIBE PSUBSCRIBE SSUBSCRIBE', { plan: 'none', control: 'subscribe' }),
  ...rows('UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE', { plan: 'none', control: 'unsubscribe' }),
  ...rows('MONITOR', { plan: 'none', control: 'monitor' }),
  ...rows('SYNC PSYNC', { plan: 'none', control: 'replicate' }),
  // Run at once even within MULTI.
  ...rows('WATCH QUIT', { plan: 'none', control: 'unqueued' }),
];

/** Rows by command name in upper case. */
export const SEMANTICS: ReadonlyMap<string, Semantics> = new Map([
  ...READS,
  ...WRITES,
  ...REMOVALS,
  ...CONNECTION,
]);

/** A command flagged as a write that has no row. */
export const UNKNOWN_WRITE: Semantics = semantics({ plan: 'write' });
/** A command that is no operation. */
export const NO_OPERATION: Semantics = semantics({ plan: 'none' });
