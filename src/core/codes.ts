/**
 * The finding codes. A code never changes its meaning and is never reused; docs/findings.md describes each, and a test
 * holds the two against each other.
 */

export const CODES = {
  WS101: { name: 'missing-invalidation', group: 'staleness' },
  WS102: { name: 'wrong-key', group: 'staleness' },
  WS103: { name: 'invalidate-before-commit', group: 'staleness' },
  WS104: { name: 'stale-fill-race', group: 'staleness' },
  WS105: { name: 'failed-invalidation', group: 'staleness' },
  WS106: { name: 'uncommitted-data-cached', group: 'staleness' },
  WS107: { name: 'replica-lag-fill', group: 'staleness' },
  WS108: { name: 'local-cache', group: 'staleness' },
  WS109: { name: 'write-order-race', group: 'staleness' },
  WS110: { name: 'partial-invalidation', group: 'staleness' },
  WS111: { name: 'negative-cache', group: 'staleness' },
  WS112: { name: 'ttl-only', group: 'staleness' },
  WS113: { name: 'ttl-lost', group: 'staleness' },
  WS114: { name: 'schema-drift', group: 'staleness' },
  WS115: { name: 'key-collision', group: 'staleness' },
  WS201: { name: 'over-invalidation', group: 'cost' },
  WS202: { name: 'stampede', group: 'cost' },
  WS203: { name: 'unbounded-ttl', group: 'cost' },
  WS204: { name: 'never-read', group: 'cost' },
  WS301: { name: 'secret-in-cache', group: 'safety' },
  WS302: { name: 'unprotected-store', group: 'safety' },
  WS303: { name: 'private-response-cached', group: 'safety' },
} as const satisfies Record<
  string,
  { readonly name: string; readonly group: 'staleness' | 'cost' | 'safety' }
>;

export type CauseCode = keyof typeof CODES;
export type CodeGroup = (typeof CODES)[CauseCode]['group'];
