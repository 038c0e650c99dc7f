/** Says loudly when a store was never used: no finding then means nothing. */
import type { Tally } from './tally.ts';

export function unseenNotices({ cache, source }: Pick<Tally, 'cache' | 'source'>): string[] {
  const missing = [
    ...(cache === 0 ? [{ what: 'Redis', variable: 'REDIS_URL' }] : []),
    ...(source === 0 ? [{ what: 'PostgreSQL', variable: 'DATABASE_URL' }] : []),
  ];
  if (missing.length === 0) return [];
  const stores = missing.map(({ what }) => what).join(' or ');
  const variables = missing.map(({ variable }) => variable).join(' and ');
  return [
    `No operation on ${stores} was seen: the service did not go through the proxy, so nothing can be concluded. Let it take its address from ${variables}.`,
  ];
}
