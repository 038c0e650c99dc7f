/** What one Redis command touches, given the database it runs in. Sources: the command pages of redis.io (Redis 8). */
import type { CommandInfo } from '../../../observe/redis/key-positions.ts';
import {
  type Access,
  type Footprint,
  reads,
  redisKey,
  redisPattern,
  UNKNOWN_REDIS,
  writes,
} from '../../explore/footprint.ts';
import { LISTENS, PUSHED } from '../pushes.ts';
import { literalPattern, optionAt, widened } from './arguments.ts';
import { keyUse } from './keys.ts';

export interface CommandContext {
  readonly database: number;
  /** `declared`: a script touches its KEYS and nothing else. */
  readonly scripts: 'anything' | 'declared';
  /** Commands beyond the table, by name in upper case. */
  readonly commands: ReadonlyMap<string, CommandInfo>;
}

/** `shown`: what stands in the label after the name. */
export interface Effect {
  readonly footprint: Footprint;
  readonly shown: readonly string[];
}

type Special = (args: readonly string[], context: CommandContext) => Effect | null;

/** A script may also publish, and change keys that clients track. */
const UNKNOWN: Footprint = [...UNKNOWN_REDIS, PUSHED];

function unknown(shown: readonly string[] = []): Effect {
  return { footprint: UNKNOWN, shown };
}

function database(number: number | string): string {
  return `redis:${number}`;
}

function integer(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function onKeys(
  args: readonly string[],
  { database: db }: CommandContext,
  use: { readonly read: readonly number[]; readonly written: readonly number[] },
): Effect {
  const key = (i: number): string => redisKey(db, args[i] ?? '');
  const footprint = [...use.written.map((i) => writes(key(i))), ...use.read.map((i) => reads(key(i)))];
  const order = [...use.written, ...use.read].sort((a, b) => a - b);
  return { footprint, shown: order.map((i) => args[i] ?? '') };
}

const whole =
  (mode: Access['mode']): Special =>
  (_, { database: db }) => ({ footprint: [{ resource: database(db), mode }], shown: [] });

const scan: Special = (args, { database: db }) => {
  const at = optionAt(args, 'MATCH', 2);
  const pattern = at < 0 ? undefined : args[at + 1];
  if (pattern === undefined) return { footprint: [reads(database(db))], shown: [] };
  return { footprint: [reads(redisPattern(db, widened(pattern)))], shown: ['MATCH', pattern] };
};

const keys: Special = (args, { database: db }) => {
  const pattern = args[1] ?? '*';
  return { footprint: [reads(redisPattern(db, widened(pattern)))], shown: [pattern] };
};

/** KEY | BY pattern | GET pattern | STORE key: the first `*` of a pattern stands for an element, `->field` names a field of
 * a hash. */
const sort: Special = (args, { database: db }) => {
  const footprint: Access[] = [reads(redisKey(db, args[1] ?? ''))];
  const shown = [args[1] ?? ''];
  for (let i = 2; i < args.length - 1; i++) {
    const option = args[i]!.toUpperCase();
    const value = args[i + 1]!;
    if (option === 'STORE') {
      footprint.push(writes(redisKey(db, value)));
      shown.push('STORE', value);
    } else if ((option === 'BY' || option === 'GET') && value.includes('*')) {
      const [before = '', ...after] = (value.split('->')[0] ?? '').split('*');
      const pattern = `${literalPattern(before)}*${literalPattern(after.join('*'))}`;
      footprint.push(reads(redisPattern(db, pattern)));
    } else continue;
    i++;
  }
  return { footprint, shown };
};

const copy: Special = (args, { database: db }) => {
  const at = optionAt(args, 'DB', 3);
  const to = at < 0 ? db : integer(args[at + 1]);
  if (to === null || args.length < 3) return null;
  const footprint = [reads(redisKey(db, args[1]!)), writes(redisKey(to, args[2]!))];
  return { footprint, shown: args.slice(1, 3) };
};

const move: Special = (args, { database: db }) => {
  const to = integer(args[2]);
  if (to === null) return null;
  const footprint = [writes(redisKey(db, args[1]!)), writes(redisKey(to, args[1]!))];
  return { footprint, shown: args.slice(1, 3) };
};

const swap: Special = (args) => {
  const [one, other] = [integer(args[1]), integer(args[2])];
  if (one === null || other === null) return null;
  return { footprint: [writes(database(one)), writes(database(other))], shown: args.slice(1, 3) };
};

/** GETEX without an option leaves the time to live alone. */
const getex: Special = (args, context) =>
  onKeys(args, context, args.length === 2 ? { read: [1], written: [] } : { read: [], written: [1] });

/** OBJECT FREQ and IDLETIME tell of other clients' reads, so they are ordered with those. */
const object: Special = (args, context) => {
  const counts = /^(FREQ|IDLETIME)$/i.test(args[1] ?? '');
  if (args[2] === undefined) return null;
  const effect = onKeys(args, context, counts ? { read: [], written: [2] } : { read: [2], written: [] });
  return { ...effect, shown: [args[1]!.toUpperCase(), args[2]] };
};

const second =
  (mode: 'read' | 'written', ...subs: readonly string[]): Special =>
  (args, context) => {
    const sub = args[1]?.toUpperCase() ?? '';
    if (args[2] === undefined || (subs.length > 0 && !subs.includes(sub))) return null;
    const effect = onKeys(args, context, { read: [], written: [], [mode]: [2] });
    return { ...effect, shown: [sub, args[2]] };
  };

const publish: Special = (args) => ({ footprint: [PUSHED], shown: args.slice(1, 2) });
const subscribe: Special = (args) => ({ footprint: [LISTENS], shown: args.slice(1) });

/** Digits of a script's digest that are shown. */
const SHA_SHOWN = 4;

const script =
  (readOnly: boolean): Special =>
  (args, context) => {
    const name = args[0]!.toUpperCase();
    const count = integer(args[2]) ?? 0;
    const declared = args.slice(3, 3 + count);
    const body = name.startsWith('EVALSHA')
      ? [`${(args[1] ?? '').slice(0, SHA_SHOWN).toLowerCase()}…`]
      : name.startsWith('FCALL')
        ? [args[1] ?? '']
        : [];
    const shown = [...body, ...declared];
    if (context.scripts === 'declared') {
      const { footprint } = onKeys(args, context, {
        read: readOnly ? declared.map((_, i) => 3 + i) : [],
        written: readOnly ? [] : declared.map((_, i) => 3 + i),
      });
      return { footprint, shown };
    }
    return readOnly ? { footprint: [reads('redis:*')], shown } : unknown(shown);
  };

/** Commands that the server's table does not tell enough of. */
const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ['KEYS', keys],
  ['SCAN', scan],
  ['DBSIZE', whole('read')],
  ['RANDOMKEY', whole('read')],
  ['FLUSHDB', whole('write')],
  ['FLUSHALL', () => ({ footprint: [writes('redis:*')], shown: [] })],
  ['SWAPDB', swap],
  ['MOVE', move],
  ['COPY', copy],
  ['SORT', sort],
  ['SORT_RO', sort],
  ['GETEX', getex],
  ['OBJECT', object],
  ['MEMORY', second('read', 'USAGE')],
  ['XINFO', second('read')],
  ['XGROUP', second('written')],
  ['PUBLISH', publish],
  ['SPUBLISH', publish],
  ['SUBSCRIBE', subscribe],
  ['PSUBSCRIBE', subscribe],
  ['SSUBSCRIBE', subscribe],
  ['PUBSUB', (args) => ({ footprint: [LISTENS], shown: args.slice(1, 2) })],
  ['EVAL', script(false)],
  ['EVALSHA', script(false)],
  ['FCALL', script(false)],
  ['EVAL_RO', script(true)],
  ['EVALSHA_RO', script(true)],
  ['FCALL_RO', script(true)],
  ['MIGRATE', () => unknown()],
]);

/** What a command touches; all of Redis when that is not known. */
export function effectOf(name: string, args: readonly string[], context: CommandContext): Effect {
  const special = SPECIAL.get(name);
  if (special !== undefined) return special(args, context) ?? unknown();
  const use = keyUse(name, args, context.commands);
  return use === null ? unknown() : onKeys(args, context, use);
}
