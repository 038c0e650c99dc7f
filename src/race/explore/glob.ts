/**
 * Redis glob patterns (redis.io/docs, KEYS): `*` any run, `?` one character, `[abc]`, `[^a]`, `[a-c]`, `\` escapes. A
 * bracket that is never closed extends to the end of the pattern, as in the server.
 */

/** Whether the whole of `text` matches. Linear in practice: only the last `*` is retried. */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let retry = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      retry = t;
      continue;
    }
    const width = matchOne(pattern, p, text[t]!);
    if (width > 0) {
      p += width;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++retry;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p >= pattern.length;
}

/** Length of the pattern's element at `p` when it matches `char`, else 0. */
function matchOne(pattern: string, p: number, char: string): number {
  const element = pattern[p];
  if (element === undefined) return 0;
  if (element === '?') return 1;
  if (element === '\\' && p + 1 < pattern.length) return pattern[p + 1] === char ? 2 : 0;
  if (element === '[') return matchClass(pattern, p, char);
  return element === char ? 1 : 0;
}

function matchClass(pattern: string, open: number, char: string): number {
  const negated = pattern[open + 1] === '^';
  let p = open + (negated ? 2 : 1);
  let found = false;
  for (; p < pattern.length && pattern[p] !== ']'; p++) {
    if (pattern[p] === '\\' && p + 1 < pattern.length) p++;
    const low = pattern[p]!;
    const ranged = pattern[p + 1] === '-' && p + 2 < pattern.length;
    const high = ranged ? pattern[p + 2]! : low;
    if (ranged) p += 2;
    const [from, to] = low <= high ? [low, high] : [high, low];
    if (char >= from && char <= to) found = true;
  }
  return found === negated ? 0 : Math.min(p, pattern.length - 1) - open + 1;
}

/** The characters every match begins with. */
export function globPrefix(pattern: string): string {
  const special = pattern.search(/[*?[\\]/);
  return special < 0 ? pattern : pattern.slice(0, special);
}
