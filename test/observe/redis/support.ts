import { createHash } from 'node:crypto';
import type { Operation, Payload } from '../../../src/core/operation.ts';
import type { Digester, ObserveContext, Unnumbered } from '../../../src/observe/context.ts';
import { observeRedis, type RedisObserverOptions } from '../../../src/observe/redis/index.ts';
import type { ConnectionObserver } from '../../../src/proxy/observer.ts';
import { encodeCommand, encodeReply, type Reply } from '../../../src/wire/redis/index.ts';

export type CacheOperation = Extract<Unnumbered<Operation>, { readonly tier: 'cache' }>;

/** A digester that says in the clear what was digested when it is short text, so that tables can be read. */
export const digester: Digester = {
  scalar: (text) => `s(${text})`,
  identity: (bytes) => (isPlain(bytes) ? `d(${Buffer.from(bytes).toString()})` : `h(${sha(bytes)})`),
  inspect: (bytes): Payload => ({
    format: 'text',
    leaves: [['', `s(${Buffer.from(bytes.subarray(0, 20)).toString()})`]],
  }),
  inspectFields: (fields): Payload => ({
    format: 'hash',
    leaves: [...fields].map(
      ([name, value]) => [name, `s(${Buffer.from(value.subarray(0, 20)).toString()})`] as const,
    ),
  }),
  key: (name) => name,
};

function isPlain(bytes: Uint8Array): boolean {
  return bytes.length <= 40 && bytes.every((b) => b >= 32 && b < 127);
}

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
}

export interface Watched {
  readonly operations: CacheOperation[];
  readonly degradations: string[];
  readonly factory: (session: string) => ConnectionObserver;
}

/** An observer whose operations and degradations are kept. */
export function watched(options: Partial<RedisObserverOptions> = {}, digest: Digester = digester): Watched {
  const operations: CacheOperation[] = [];
  const degradations: string[] = [];
  const context: ObserveContext = {
    sink: {
      emit: (op) => operations.push(op as CacheOperation),
      reserve: () => {
        throw new Error('the Redis observer completes operations at once');
      },
    },
    digest,
    degrade: (code) => degradations.push(code),
  };
  return { operations, degradations, factory: observeRedis(context, { wall: () => 1_000_000, ...options }) };
}

export type Step =
  | { readonly c: readonly (string | number | Uint8Array)[] | string }
  | { readonly s: Reply | string; readonly resp?: 2 | 3 };

export function stepBytes(step: Step): Uint8Array {
  if ('c' in step) return typeof step.c === 'string' ? Buffer.from(step.c, 'latin1') : encodeCommand(step.c);
  return typeof step.s === 'string' ? Buffer.from(step.s, 'latin1') : encodeReply(step.s, step.resp ?? 2);
}

/** Plays a conversation, one step a tick of the clock, starting at 1. */
export function play(
  steps: readonly Step[],
  options: Partial<RedisObserverOptions> = {},
  end = true,
): Watched {
  const seen = watched(options);
  const connection = seen.factory('redis:1');
  steps.forEach((step, i) => {
    if ('c' in step) connection.client(stepBytes(step), i + 1);
    else connection.server(stepBytes(step), i + 1);
  });
  if (end) connection.end(steps.length + 1);
  return seen;
}

/** Operations without what is the same in every test. */
export function brief(operations: readonly CacheOperation[]): Record<string, unknown>[] {
  return operations.map((operation) => {
    const {
      tier,
      session,
      invoke,
      return: at,
      payload,
      ...rest
    } = operation as CacheOperation & { payload?: Payload };
    return rest;
  });
}

export const ok: Reply = { type: 'simple', text: 'OK' };
export const queued: Reply = { type: 'simple', text: 'QUEUED' };
export const nil: Reply = { type: 'null' };
export const bulk = (value: string | Uint8Array): Reply => ({ type: 'bulk', value });
export const int = (value: number): Reply => ({ type: 'integer', value });
export const array = (...items: Reply[]): Reply => ({ type: 'array', items });
export const error = (text: string): Reply => ({ type: 'error', text });
export const words = (line: string): string[] => line.split(' ');
