/** Plans of commands on strings: SET and its relatives, and the reads that also write. */
import type { Effect, Plan, WriteEffect } from './effects.ts';
import { NOTHING } from './effects.ts';
import { keyArguments, keyNames, type Planning, timeToLive, valueWrite } from './planning.ts';

/** Times to live among the options from argument `from` on: `undefined` when none is named. */
interface Options {
  ttl: number | null | 'keep' | undefined;
  condition: 'nx' | 'xx' | undefined;
  get: boolean;
}

const UNITS = { EX: 1000, PX: 1, EXAT: 1000, PXAT: 1 } as const;

function readOptions(p: Planning, from: number, to = p.args.count): Options {
  const options: Options = { ttl: undefined, condition: undefined, get: false };
  for (let i = from; i < to; i++) {
    const word = p.args.option(i);
    switch (word) {
      case 'EX':
      case 'PX':
      case 'EXAT':
      case 'PXAT':
        options.ttl = timeToLive(p, ++i, UNITS[word], word.endsWith('AT'));
        break;
      case 'KEEPTTL':
        options.ttl = 'keep';
        break;
      case 'PERSIST':
        options.ttl = null;
        break;
      case 'NX':
      case 'XX':
        options.condition = word === 'NX' ? 'nx' : 'xx';
        break;
      case 'GET':
        options.get = true;
        break;
      case 'IFEQ':
      case 'IFNE':
      case 'IFDEQ':
      case 'IFDNE':
        i++;
    }
  }
  return options;
}

/** A write whose time to live has already passed removes the key. */
function orRemoval(write: WriteEffect): Effect {
  const { key, ttl } = write;
  return typeof ttl === 'number' && ttl <= 0 ? { kind: 'delete', key } : write;
}

/** SET key value [NX | XX | IFEQ …] [GET] [EX … | PX … | EXAT … | PXAT … | KEEPTTL] */
export function planSet(p: Planning): Plan {
  const key = keyNames(p)[0];
  if (key === undefined || p.args.count < 3) return NOTHING;
  if (p.args.count === 3) return { effects: [valueWrite(p, key, 2, null)] };
  const { ttl = null, condition, get } = readOptions(p, 3);
  const write = orRemoval(valueWrite(p, key, 2, ttl, condition));
  if (!get) return { effects: [write] };
  const rule = condition === 'nx' ? 'getNx' : condition === 'xx' ? 'getXx' : 'always';
  return { effects: [{ kind: 'read', key }, write], reads: 'value', rule };
}

/** SETEX key seconds value, PSETEX key milliseconds value */
export function planSetex(p: Planning): Plan {
  const key = keyNames(p)[0];
  if (key === undefined || p.args.count < 4) return NOTHING;
  const ttl = timeToLive(p, 2, p.command.semantics.unit ?? 1, false);
  return { effects: [valueWrite(p, key, 3, ttl)] };
}

/** SETNX key value, MSET key value [key value …] */
export function planSetPairs(p: Planning): Plan {
  const { args } = p;
  const places = keyArguments(p).filter((i) => args.whole(i) && i + 1 < args.count);
  return { effects: places.map((i) => valueWrite(p, args.text(i), i + 1, null)) };
}

/** MSETEX numkeys key value [key value …] [NX | XX] [EX … | PX … | EXAT … | PXAT … | KEEPTTL] */
export function planMsetex(p: Planning): Plan {
  const { args } = p;
  const places = keyArguments(p).filter((i) => args.whole(i) && i + 1 < args.count);
  const { ttl = null, condition } = readOptions(p, (places.at(-1) ?? 0) + 2);
  return { effects: places.map((i) => orRemoval(valueWrite(p, args.text(i), i + 1, ttl, condition))) };
}

/** GETSET key value */
export function planGetset(p: Planning): Plan {
  const key = keyNames(p)[0];
  if (key === undefined || p.args.count < 3) return NOTHING;
  return { effects: [{ kind: 'read', key }, valueWrite(p, key, 2, null)] };
}

/** GETEX key [EX … | PX … | EXAT … | PXAT … | PERSIST] */
export function planGetex(p: Planning): Plan {
  const key = keyNames(p)[0];
  if (key === undefined) return NOTHING;
  const read: Effect = { kind: 'read', key };
  const { ttl } = readOptions(p, 2);
  if (ttl === undefined || ttl === 'keep') return { effects: [read] };
  return {
    effects: [read, ttl !== null && ttl <= 0 ? { kind: 'delete', key } : { kind: 'expire', key, ttl }],
  };
}

/** GETDEL key */
export function planGetdel(p: Planning): Plan {
  return {
    effects: keyNames(p).flatMap((key): Effect[] => [
      { kind: 'read', key },
      { kind: 'delete', key },
    ]),
  };
}
