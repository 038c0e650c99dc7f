/** A Redis Cluster spreads keys over nodes and redirects clients past any single proxy: it is refused, not half seen. */
import { WhystaleError } from '../errors.ts';
import { displayStore, type Store } from './stores.ts';

/** @throws WhystaleError WSE471 when INFO cluster says that cluster mode is on. */
export function refuseCluster(store: Store, info: string): void {
  if (!/^cluster_enabled:1/m.test(info)) return;
  throw new WhystaleError({
    code: 'WSE471',
    what: `${displayStore(store)} is a node of a Redis Cluster, which cannot be watched yet.`,
    expected: 'A standalone Redis, or a primary with replicas.',
    retry: 'after-fix',
    next: 'Watch a staging environment with a standalone Redis: whystale watch --redis redis://HOST:PORT -- CMD',
    exitCode: 4,
  });
}
