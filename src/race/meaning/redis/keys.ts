/**
 * Keys of ordinary commands, and which of them are written. Positions are those of the server's own command table; a key
 * of a command that the table flags as a write counts as written unless it stands here as only read.
 */
import {
  type CommandInfo,
  isWrite,
  type KeyRange,
  KNOWN_COMMANDS,
  keyRange,
  movableKeys,
} from '../../../observe/redis/key-positions.ts';

export interface KeyUse {
  /** Indices among the arguments, the name being 0. */
  readonly read: readonly number[];
  readonly written: readonly number[];
}

const known = new Set(KNOWN_COMMANDS);

/** Of these only the first key is written, the others are sources. */
const FIRST_WRITTEN = new Set(
  'SUNIONSTORE SINTERSTORE SDIFFSTORE ZUNIONSTORE ZINTERSTORE ZDIFFSTORE ZRANGESTORE GEOSEARCHSTORE PFMERGE BITOP'.split(
    ' ',
  ),
);

/** Commands of modules with one key as first argument; those that only read, by the part after the point. */
const MODULES: Readonly<Record<string, ReadonlySet<string>>> = {
  JSON: new Set('GET TYPE STRLEN ARRLEN ARRINDEX OBJKEYS OBJLEN RESP'.split(' ')),
  BF: new Set('EXISTS MEXISTS INFO CARD SCANDUMP'.split(' ')),
  CF: new Set('EXISTS MEXISTS INFO COUNT SCANDUMP'.split(' ')),
};
const NOT_ONE_KEY = new Set(['JSON.MGET', 'JSON.MSET', 'JSON.DEBUG']);

function inRange({ first, last, step }: KeyRange, count: number): number[] {
  const found: number[] = [];
  if (first === 0 || step <= 0) return found;
  const stop = last < 0 ? count + last : Math.min(last, count - 1);
  for (let i = first; i <= stop; i += step) found.push(i);
  return found;
}

function positions(name: string, args: readonly string[]): number[] {
  const range = ranges.get(name) ?? keyRange(name);
  ranges.set(name, range);
  return range === null ? movableKeys(name, args.slice(1)).map((i) => i + 1) : inRange(range, args.length);
}

const ranges = new Map<string, KeyRange | null>();

function split(name: string, keys: readonly number[], write: boolean): KeyUse {
  if (!write) return { read: keys, written: [] };
  if (FIRST_WRITTEN.has(name)) return { read: keys.slice(1), written: keys.slice(0, 1) };
  return { read: [], written: keys };
}

function moduleKeys(name: string, args: readonly string[]): KeyUse | null {
  if (name === 'JSON.MGET')
    return { read: inRange({ first: 1, last: -2, step: 1 }, args.length), written: [] };
  if (name === 'JSON.MSET')
    return { read: [], written: inRange({ first: 1, last: -1, step: 3 }, args.length) };
  const [module = '', part = ''] = name.split('.');
  const readers = Object.hasOwn(MODULES, module) ? MODULES[module] : undefined;
  if (readers === undefined || args.length < 2 || NOT_ONE_KEY.has(name)) return null;
  return readers.has(part) ? { read: [1], written: [] } : { read: [], written: [1] };
}

/** Keys of a command; null when nothing is known of it. `extra`: what the server's COMMAND says of commands that the table
 * lacks. */
export function keyUse(
  name: string,
  args: readonly string[],
  extra: ReadonlyMap<string, CommandInfo>,
): KeyUse | null {
  if (known.has(name)) {
    const keys = positions(name, args);
    return keys.length === 0 ? null : split(name, keys, isWrite(name));
  }
  const module = moduleKeys(name, args);
  if (module !== null || name.includes('.')) return module;
  const info = extra.get(name);
  if (info === undefined || info.first === 0) return null;
  return split(name, inRange(info, args.length), !info.flags.includes('readonly'));
}
