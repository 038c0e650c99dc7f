/** Small random programs, and the two actors every cache has. */
import fc from 'fast-check';
import type { FaultKind } from '../../../src/race/explore/contract.ts';
import type { Message, Program } from './world.ts';

/** Cache-aside: look, and on a miss read the row and fill. */
export const reader: readonly Message[] = [
  { do: 'get', key: 'item:1', skip: 2 },
  { do: 'select', row: '1' },
  { do: 'set', key: 'item:1', value: null },
];

/** Change the row, commit, remove the key. */
export function writer(value: number): readonly Message[] {
  return [{ do: 'update', row: '1', value, from: null }, { do: 'commit' }, { do: 'del', key: 'item:1' }];
}

export function program(actors: Program['actors'], rest: Partial<Omit<Program, 'actors'>> = {}): Program {
  return { actors, faults: [], expiring: [], ...rest };
}

const key = fc.constantFrom('k', 'l');
const row = fc.constantFrom('1', '2');

const cacheMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ do: fc.constant('get' as const), key, skip: fc.nat(2) }),
  fc.record({ do: fc.constant('set' as const), key, value: fc.option(fc.integer({ min: 1, max: 9 })) }),
  fc.record({ do: fc.constant('del' as const), key }),
  fc.record({ do: fc.constant('select' as const), row }),
  fc.record({ do: fc.constant('pushed' as const), key }),
  fc.record({ do: fc.constant('together' as const), keys: fc.constantFrom(['k', 'l'], ['k', 'k']) }),
);

const lockMessage: fc.Arbitrary<Message> = fc.oneof(
  { weight: 3, arbitrary: updates() },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('select' as const), row }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('statement' as const), row, also: row, value: fc.nat(9) }),
  },
  { weight: 1, arbitrary: cacheMessage },
);

function updates(): fc.Arbitrary<Message> {
  const from: fc.Arbitrary<string | null> = fc.option(row);
  return fc.record({ do: fc.constant('update' as const), row, value: fc.integer({ min: 1, max: 9 }), from });
}

function actors(message: fc.Arbitrary<Message>, count: number, total: number) {
  return fc
    .array(fc.array(message, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: count })
    .filter((scripts) => scripts.flatMap(weight).reduce((sum, one) => sum + one, 0) <= total)
    .map((scripts) => Object.fromEntries(scripts.map((script, at) => [`a${at}`, script])));
}

function weight(script: readonly Message[]): number[] {
  return script.map((message) => (message.do === 'together' ? 2 : 1));
}

const faults = fc.subarray<FaultKind>(['crash', 'reset', 'reply-lost'], { minLength: 1 });
const expiring = fc.subarray(['k', 'l']);

/** Cache and rows, no locks. */
export const cachePrograms = actors(cacheMessage, 3, 7).map((one) => program(one));
/** Transactions that wait for each other, deadlocks included. */
export const lockingPrograms = actors(lockMessage, 3, 7).map((one) => program(one));
/** All of it, with faults. */
export const faultyPrograms = fc
  .tuple(actors(fc.oneof(cacheMessage, lockMessage), 3, 5), faults, expiring)
  .map(([one, kinds, keys]) => program(one, { faults: kinds, expiring: keys }));
/** Keys that expire, and nothing else goes wrong. */
export const expiringPrograms = fc
  .tuple(actors(cacheMessage, 3, 6), fc.subarray(['k', 'l'], { minLength: 1 }))
  .map(([one, keys]) => program(one, { expiring: keys }));
