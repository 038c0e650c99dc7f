/** The values within an answer, by their JSON path as the oracle writes it. */
export type Leaves = ReadonlyMap<string, string>;

/** Values looked at of one answer; an answer with more is compared as a whole. */
export const MAX_LEAVES = 2_000;

const PLAIN = /^[A-Za-z_][\w-]*$/;

/** `{"items":[{"price":1}]}` → `$.items[0].price` to `1`. What is no JSON is one value, `$`. */
export function leavesOf(json: string): Leaves {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (leaves.size > MAX_LEAVES) return;
    if (Array.isArray(value) && value.length > 0)
      value.forEach((item, i) => {
        walk(item, `${path}[${i}]`);
      });
    else if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
      for (const [name, inner] of Object.entries(value)) walk(inner, path + stepOf(name));
    else leaves.set(path, JSON.stringify(value));
  };
  walk(parsed(json), '$');
  return leaves;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function stepOf(name: string): string {
  if (PLAIN.test(name)) return `.${name}`;
  return `['${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`;
}

/** Paths of values that differ, or that one of the two lacks. */
export function changedLeaves(a: Leaves, b: Leaves): readonly string[] {
  const paths = new Set([...a.keys(), ...b.keys()]);
  return [...paths].filter((path) => a.get(path) !== b.get(path));
}
