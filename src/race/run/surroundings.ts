/**
 * Faults of the surroundings: a key's time to live ends, a key is evicted, Redis loses everything. They need not happen and
 * strike no actor; each is offered as long as there is a key for it to strike.
 */
import type { FaultKind, Step } from '../explore/contract.ts';
import { redisKey } from '../explore/footprint.ts';
import { emptyFootprint, expireFootprint } from '../meaning/faults.ts';
import { coarsened, masked } from '../meaning/mask.ts';
import type { World } from '../world/contract.ts';

/** Keys looked at; more are left alone, and said. */
export const MAX_KEYS = 1_000;

/** Names and remaining times to live (ms; -1: none), of the database that the world resets. */
const KEYS_WITH_TTL = `local names = redis.call('KEYS', '*')
local found = {}
for i = 1, math.min(#names, tonumber(ARGV[1])) do
  found[#found + 1] = names[i]
  found[#found + 1] = tostring(redis.call('PTTL', names[i]))
end
return found`;

export interface Happening {
  readonly step: Step;
  readonly happen: () => Promise<void>;
}

export async function happenings(
  world: World,
  faults: readonly FaultKind[],
  database: number,
): Promise<readonly Happening[]> {
  const asked = faults.filter((fault) => fault === 'expire' || fault === 'evict' || fault === 'empty');
  if (asked.length === 0) return [];
  const flat = (await world.redis(['EVAL', KEYS_WITH_TTL, '0', String(MAX_KEYS)])) as readonly string[];
  const keys = flat.flatMap((name, i) => (i % 2 === 0 ? [{ name, ttl: Number(flat[i + 1]) }] : []));
  keys.sort((a, b) => (a.name < b.name ? -1 : 1));
  return asked.flatMap((fault): Happening[] => {
    if (fault === 'empty') return keys.length === 0 ? [] : [emptied(world)];
    return keys
      .filter(({ ttl }) => fault === 'evict' || ttl >= 0)
      .map(({ name }) => gone(world, fault, database, name));
  });
}

function gone(world: World, fault: 'expire' | 'evict', database: number, name: string): Happening {
  const actor = masked(redisKey(database, name));
  const label = fault === 'expire' ? `${masked(name)} expires` : `${masked(name)} is evicted`;
  const footprint = coarsened(expireFootprint(database, name));
  return {
    step: { actor, ordinal: 1, label, footprint, fault },
    happen: async () => void (await world.redis(['UNLINK', name])),
  };
}

function emptied(world: World): Happening {
  return {
    step: {
      actor: 'redis',
      ordinal: 1,
      label: 'Redis loses everything',
      footprint: emptyFootprint(),
      fault: 'empty',
    },
    // A server of somebody else's may have other databases.
    happen: async () => void (await world.redis([world.facts.redis.embedded ? 'FLUSHALL' : 'FLUSHDB'])),
  };
}
