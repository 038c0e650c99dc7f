/**
 * The switches. `SHOP_BUG` names the bug to bring back, or several with commas; empty means that every path is correct.
 * What each does is told in ../README.md; search for `bugs.has(` to see where.
 */
export const BUGS = [
  'missing-invalidation',
  'wrong-key',
  'invalidate-before-commit',
  'stale-fill-race',
  'partial-invalidation',
  'ttl-only',
  'ttl-lost',
  'over-invalidation',
  'stampede',
];

/**
 * @param {string | undefined} text value of SHOP_BUG
 * @returns {ReadonlySet<string>}
 * @throws {Error} when a name is unknown
 */
export function parseBugs(text) {
  const names = (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  for (const name of names) {
    if (!BUGS.includes(name)) throw new Error(`SHOP_BUG: "${name}" is none of ${BUGS.join(', ')}`);
  }
  return new Set(names);
}
