/** What a person reads of a command: its name, its keys with random parts masked, and the words that change what it does. No
 * values; no times to live either, which services make random on purpose (they stand in the result). */
import { asLabel, masked } from '../mask.ts';

/** Keys and other words shown of one command. */
const MAX_SHOWN = 6;
/** Commands shown of one EXEC. */
const MAX_QUEUED = 6;

const CONDITIONS = new Set(['NX', 'XX', 'GET', 'GT', 'LT', 'KEEPTTL', 'PERSIST', 'IFEQ', 'IFNE']);
/** Argument at which options may begin; values before it could look like options. */
const OPTIONS_FROM: Readonly<Record<string, number>> = {
  SET: 3,
  GETEX: 2,
  EXPIRE: 3,
  PEXPIRE: 3,
  EXPIREAT: 3,
  PEXPIREAT: 3,
};

function conditions(name: string, args: readonly string[]): string[] {
  const from = OPTIONS_FROM[name];
  if (from === undefined) return [];
  return args
    .slice(from)
    .map((arg) => arg.toUpperCase())
    .filter((arg) => CONDITIONS.has(arg));
}

function listed(items: readonly string[], longest: number): string[] {
  if (items.length <= longest) return [...items];
  return [...items.slice(0, longest), `… ${items.length - longest} more`];
}

/** `secret` masks what must not be shown. */
export function commandLabel(
  name: string,
  args: readonly string[],
  shown: readonly string[],
  secret: (text: string) => string,
): string {
  const names = listed(shown, MAX_SHOWN).map((text) => masked(secret(text)));
  return asLabel([name, ...names, ...conditions(name, args)].join(' '));
}

/** Label of the EXEC that runs these. */
export function execLabel(queued: readonly string[]): string {
  return asLabel(`EXEC ${listed(queued, MAX_QUEUED).join(', ')}`);
}

const EXPIRES: Readonly<Record<string, readonly [at: number, unit: string]>> = {
  SETEX: [2, 'EX'],
  PSETEX: [2, 'PX'],
  EXPIRE: [2, 'EX'],
  PEXPIRE: [2, 'PX'],
};

/** `EX 60` of a command that sets a time to live; null when it sets none, or a point in time. */
export function expiry(name: string, args: readonly string[]): string | null {
  const fixed = EXPIRES[name];
  if (fixed !== undefined) return `${fixed[1]} ${args[fixed[0]] ?? ''}`;
  if (name !== 'SET' && name !== 'GETEX') return null;
  const from = OPTIONS_FROM[name] ?? 0;
  const at = args.findIndex((arg, i) => i >= from && /^(EX|PX)$/i.test(arg));
  return at < 0 || args[at + 1] === undefined ? null : `${args[at]!.toUpperCase()} ${args[at + 1]}`;
}
