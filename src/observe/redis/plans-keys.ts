/** Plans of commands on keys of any type: reads, removals, moves, times to live, scripts. */
import type { Effect, Plan, ScriptEffect } from './effects.ts';
import { NOTHING } from './effects.ts';
import { CANDIDATE_KEYS, MAX_CANDIDATES, SHORT_CANDIDATE } from './limits.ts';
import { blindWrite, hashOf, keyNames, type Planning, timeToLive, valueVersion } from './planning.ts';

export function planRead(p: Planning): Plan {
  return { effects: keyNames(p).map((key): Effect => ({ kind: 'read', key })) };
}

export function planWrite(p: Planning): Plan {
  return { effects: keyNames(p).map((key) => blindWrite(p, key)) };
}

/** The first key is written, the others are read. */
export function planWriteFirst(p: Planning): Plan {
  return {
    effects: keyNames(p)
      .slice(0, 1)
      .map((key) => blindWrite(p, key)),
  };
}

/** SORT … STORE key, GEORADIUS … STORE key | STOREDIST key: without the option nothing is written. */
export function planStoreOption(p: Planning): Plan {
  const { args } = p;
  for (let i = 2; i + 1 < args.count; i++) {
    const word = args.option(i);
    if ((word === 'STORE' || word === 'STOREDIST') && args.whole(i + 1)) {
      return { effects: [blindWrite(p, args.text(i + 1))] };
    }
  }
  return NOTHING;
}

/** RENAME source target */
export function planRename(p: Planning): Plan {
  const [source, target] = keyNames(p);
  if (source === undefined || target === undefined || source === target) return NOTHING;
  return { effects: [{ kind: 'delete', key: source, certain: true }, blindWrite(p, target)] };
}

/** COPY source target [DB number] [REPLACE] */
export function planCopy(p: Planning): Plan {
  const target = keyNames(p)[1];
  if (target === undefined) return NOTHING;
  const option = p.args.find('DB', 3);
  const db = option < 0 ? Number.NaN : p.args.integer(option + 1);
  return { effects: [{ ...blindWrite(p, target), ...(Number.isNaN(db) ? {} : { db }) }] };
}

/** MOVE key db */
export function planMoveDb(p: Planning): Plan {
  const key = keyNames(p)[0];
  const db = p.args.integer(2);
  if (key === undefined || Number.isNaN(db)) return NOTHING;
  return {
    effects: [
      { kind: 'delete', key, certain: true },
      { ...blindWrite(p, key), db },
    ],
  };
}

/** RESTORE key ttl serialized [REPLACE] [ABSTTL] …: the serialized form tells no value. */
export function planRestore(p: Planning): Plan {
  const key = keyNames(p)[0];
  if (key === undefined) return NOTHING;
  const absolute = p.args.find('ABSTTL', 4) >= 0;
  const none = p.args.integer(2) === 0;
  return { effects: [blindWrite(p, key, none ? null : timeToLive(p, 2, 1, absolute))] };
}

export function planDelete(p: Planning): Plan {
  return { effects: keyNames(p).map((key): Effect => ({ kind: 'delete', key })) };
}

/** EXPIRE key time [NX | XX | GT | LT]: a time that has passed removes the key. */
export function planExpire(p: Planning): Plan {
  const key = keyNames(p)[0];
  if (key === undefined) return NOTHING;
  const { unit = 1, absolute = false } = p.command.semantics;
  const ttl = timeToLive(p, 2, unit, absolute);
  const removes = ttl !== null && ttl <= 0;
  return { effects: [removes ? { kind: 'delete', key } : { kind: 'expire', key, ttl }] };
}

/** PERSIST key */
export function planPersist(p: Planning): Plan {
  return { effects: keyNames(p).map((key): Effect => ({ kind: 'expire', key, ttl: null })) };
}

export function planFlush(p: Planning): Plan {
  return { effects: [{ kind: 'flush', all: p.command.name === 'FLUSHALL' }] };
}

/** EVAL script numkeys key … arg …: which key takes which argument is not on the wire. */
export function planScript(p: Planning): Plan {
  const { args } = p;
  const count = args.integer(2);
  if (!(count >= 0) || 3 + count > args.count) return NOTHING;
  const keys = range(3, 3 + count)
    .filter((i) => args.whole(i))
    .map((i) => args.text(i));
  const candidates = range(3 + count, args.count)
    .filter((i) => args.size(i) > SHORT_CANDIDATE && args.usable(i))
    .slice(0, MAX_CANDIDATES)
    .map((i) => candidate(p, keys, i));
  const hash = hashCandidate(p, keys, 3 + count);
  return {
    effects: [{ kind: 'script', keys, candidates: hash === null ? candidates : [hash, ...candidates] }],
  };
}

/** Field names as services write them. */
const FIELD_NAME = /^[A-Za-z_][\w.-]{0,63}$/;

/** Arguments that end with name, value, name, value… may be the fields of a hash that the script fills. */
function hashCandidate(
  p: Planning,
  keys: readonly string[],
  from: number,
): ScriptEffect['candidates'][number] | null {
  const { args } = p;
  const [key] = keys;
  let start = args.count;
  const seen = new Set<string>();
  for (let i = args.count - 2; i >= from; i -= 2) {
    if (!args.whole(i) || !FIELD_NAME.test(args.text(i)) || seen.has(args.text(i))) break;
    seen.add(args.text(i));
    start = i;
  }
  if (key === undefined || seen.size < 2) return null;
  const { value, size, payload, fields } = hashOf(p, key, start);
  return { value, size, payload, fields };
}

function candidate(p: Planning, keys: readonly string[], i: number): ScriptEffect['candidates'][number] {
  const version = valueVersion(p, keys[0] ?? '', i);
  for (const key of keys.slice(1, CANDIDATE_KEYS)) p.store.adopt(p.store.record(p.db, key), version);
  return { value: version.digest, size: version.size, payload: version.payload };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** Keys of JSON.MGET key … path */
export function planJsonReadMany(p: Planning): Plan {
  const { args } = p;
  return {
    effects: range(1, args.count - 1)
      .filter((i) => args.whole(i))
      .map((i): Effect => ({ kind: 'read', key: args.text(i) })),
  };
}

/** JSON.SET key path value [NX | XX]. What is read back is written anew by the server, so the bytes tell no identity;
 * the leaves do. */
export function planJsonSet(p: Planning): Plan {
  const { args } = p;
  if (args.count < 4 || !args.whole(1)) return NOTHING;
  const word = args.option(4);
  const condition = word === 'NX' ? 'nx' : word === 'XX' ? 'xx' : undefined;
  return { effects: [jsonWrite(p, 1, condition)] };
}

/** JSON.MSET key path value [key path value …] */
export function planJsonMset(p: Planning): Plan {
  const effects: Effect[] = [];
  for (let i = 1; i + 2 < p.args.count; i += 3) if (p.args.whole(i)) effects.push(jsonWrite(p, i, undefined));
  return { effects };
}

function jsonWrite(p: Planning, at: number, condition: 'nx' | 'xx' | undefined): Effect {
  const key = p.args.text(at);
  const write = blindWrite(p, key);
  const seen = p.args.usable(at + 2) ? valueVersion(p, key, at + 2) : null;
  return {
    ...write,
    size: p.args.size(at + 2),
    ...(seen === null ? {} : { payload: seen.payload }),
    ...(condition === undefined ? {} : { condition }),
  };
}

/** JSON.DEL key [path]: only the root removes the key. */
export function planJsonDelete(p: Planning): Plan {
  if (!p.args.whole(1)) return NOTHING;
  const key = p.args.text(1);
  const path = p.args.text(2);
  const root = path === '' || path === '$' || path === '.';
  return { effects: [root ? { kind: 'delete', key } : blindWrite(p, key)] };
}
