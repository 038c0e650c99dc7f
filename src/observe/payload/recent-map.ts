/**
 * A map that remembers what was used lately: two generations of half the bound each. A look-up in the old generation
 * moves the entry to the young one; when the young one is full, it becomes the old one and the old one is forgotten.
 * Close to least-recently-used, without its bookkeeping on every hit.
 */
export interface RecentMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  /** Entries held, at most the bound. */
  readonly size: number;
}

/** Makes a map of at most `bound` entries (2 or more). */
export function createRecentMap<K, V>(bound: number): RecentMap<K, V> {
  const half = Math.max(1, Math.floor(bound / 2));
  let young = new Map<K, V>();
  let old = new Map<K, V>();
  const set = (key: K, value: V): void => {
    if (young.size >= half && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
    old.delete(key);
  };
  return {
    get(key) {
      const fresh = young.get(key);
      if (fresh !== undefined) return fresh;
      const aged = old.get(key);
      if (aged !== undefined) set(key, aged);
      return aged;
    },
    set,
    get size() {
      return young.size + old.size;
    },
  };
}
