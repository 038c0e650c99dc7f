/** Silence must never look like health: what to say when a store was not used at all. */
import { STORE_VARIABLES } from './stores.ts';

/** Alarms of a watch that ended; empty when both stores were used. */
export function alarms(result: {
  readonly seen: { readonly cache: number; readonly source: number };
}): readonly string[] {
  const { cache, source } = result.seen;
  const redis = STORE_VARIABLES.redis;
  const postgres = STORE_VARIABLES.postgres;
  if (cache === 0 && source === 0) {
    return [
      `No store operation came through the proxies: nothing can be concluded. Let the service take its addresses from ${redis} and ${postgres} (or name its own variables: --env NAME={redis}), and send it traffic while it is watched.`,
    ];
  }
  if (cache === 0) {
    return [
      `No Redis operation came through the proxy, only PostgreSQL was used: nothing can be concluded about the cache. Let the service take its Redis address from ${redis}, or name its own variable: --env NAME={redis}.`,
    ];
  }
  if (source === 0) {
    return [
      `No PostgreSQL statement came through the proxy, only Redis was used: nothing can be concluded about staleness. Let the service take its database address from ${postgres}, or name its own variable: --env NAME={postgres}.`,
    ];
  }
  return [];
}
