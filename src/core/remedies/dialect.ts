/**
 * What a remedy is written in: a language with a Redis client and a PostgreSQL library. A remedy (shapes.ts) says what is to
 * be done; a dialect knows how each library says it. `null` libraries become comments: nothing is guessed.
 */
import type { Language } from '../drivers/stack.ts';
import type { KeyPattern } from './key-pattern.ts';
import type { Statement } from './statement.ts';

/** An expression of the language. */
export type Expression = string;

export interface Lifetime {
  readonly seconds: number;
  /** Seconds left to chance on top. */
  readonly jitter?: number;
}

export interface Dialect {
  readonly language: Language;
  /** The libraries, e.g. `redis-py + psycopg`. */
  readonly driver: string;
  readonly comment: (text: string) => string;
  /** The key's name as an expression; `prefix` stands before it. */
  readonly key: (pattern: KeyPattern, prefix?: string) => Expression;
  /** The write in its transaction, then the removal of keys once it is committed. */
  readonly writeThenRemove: (write: Statement | null, keys: readonly Expression[]) => readonly string[];
  /** One row into `row`. */
  readonly fetch: (read: Statement | null) => readonly string[];
  /** A cache write of `value`. */
  readonly set: (key: Expression, value: Expression, lifetime: Lifetime | 'keep') => readonly string[];
  /** A removal that is tried again until it succeeds, thrice at most. */
  readonly removeSurely: (keys: readonly Expression[]) => readonly string[];
  /** A read that fills under a generation. `fetch`: the lines that read `row`. */
  readonly fencedFill: (keys: FenceKeys, fetch: readonly string[], seconds: number) => readonly string[];
  /** A read that only one of many readers makes. */
  readonly singleFlight: (keys: FlightKeys, fetch: readonly string[], seconds: number) => readonly string[];
  /** A function that builds the key. */
  readonly keyFunction: (name: string, parameters: readonly string[], key: Expression) => readonly string[];
  /** What every snippet ends with; empty as a rule. */
  readonly closing: readonly string[];
}

export interface FenceKeys {
  readonly key: Expression;
  readonly generation: Expression;
}

export interface FlightKeys {
  readonly key: Expression;
  readonly lock: Expression;
}

/** Lua of the generation fence, as in docs/recipes/generation-fence.md. */
export const FILL = [
  "if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end",
  "redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1",
] as const;

/** Lua that lets go of a lock that is still one's own. */
export const RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end";

export const LOCK_MS = 5_000;
export const WAIT_MS = 20;
export const RETRY_MS = 50;
export const TRIES = 3;

/** Lines moved in. */
export function indented(lines: readonly string[], by: string): string[] {
  return lines.map((line) => by + line);
}
