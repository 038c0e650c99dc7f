/**
 * Where a command's keys are. Positions come from the command table of `@ioredis/commands`, which is made from the
 * server's own COMMAND; for commands it does not know (modules), from COMMAND as the caller asked the server.
 */
import { getKeyIndexes, hasFlag, list } from '@ioredis/commands';

/** A command as the server's COMMAND tells it. */
export interface CommandInfo {
  readonly name: string;
  readonly flags: readonly string[];
  /** Argument of the first key (the name is argument 0); 0 when there is none. */
  readonly first: number;
  /** Argument of the last key; negative counts from the end, -1 being the last argument. */
  readonly last: number;
  readonly step: number;
}

/** Keys at fixed places, or `null` when the arguments decide. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export const NO_KEYS: KeyRange = { first: 0, last: 0, step: 0 };

/** Names the table knows, in upper case. */
export const KNOWN_COMMANDS: readonly string[] = list.map((name) => name.toUpperCase());

/** Whether the table says that a command writes. */
export function isWrite(name: string): boolean {
  return hasFlag(name.toLowerCase(), 'write');
}

/** The range of a known command; null when the arguments decide. The table is asked for the keys of two argument lists of
 * different length: what grows with the list is counted from the end. */
export function keyRange(name: string): KeyRange | null {
  const command = name.toLowerCase();
  if (hasFlag(command, 'movablekeys')) return null;
  const short = getKeyIndexes(command, dummies(12));
  const long = getKeyIndexes(command, dummies(24));
  const first = short[0];
  if (first === undefined) return NO_KEYS;
  const step = short.length > 1 ? short[1]! - first : 1;
  if (short.length === long.length) return { first: first + 1, last: short.at(-1)! + 1, step };
  const tail = 12 - 1 - short.at(-1)!;
  return { first: first + 1, last: -1 - (tail - (tail % step)), step };
}

/** Indexes of the keys among the arguments after the name. Counts that exceed the arguments are struck out beforehand:
 * the table would believe them. */
export function movableKeys(name: string, args: readonly string[]): number[] {
  const safe = args.map((arg) => (Number(arg) > args.length ? '0' : arg));
  try {
    return getKeyIndexes(name.toLowerCase(), safe).filter(
      (i) => Number.isInteger(i) && i >= 0 && i < args.length,
    );
  } catch {
    return [];
  }
}

function dummies(count: number): string[] {
  return Array.from({ length: count }, () => 'x');
}
