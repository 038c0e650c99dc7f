/**
 * The part of JSONPath that names one value (the singular queries of RFC 9535, section 2.3.5.1): `$`, `.name`, `['name']`,
 * `["name"]`, `[0]`, `[-1]`.
 */
export type JsonPath = readonly (string | number)[];

const STEP =
  /\.([A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*)|\[(-?\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** Null: no path of this form. */
export function parseJsonPath(text: string): JsonPath | null {
  if (!text.startsWith('$')) return null;
  const steps: (string | number)[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) return null;
    const [, name, index, single, double] = match;
    if (index !== undefined) steps.push(Number(index));
    else steps.push(name ?? (single ?? double ?? '').replace(/\\(.)/g, '$1'));
  }
  return steps;
}

/** The value at a path; undefined where there is none. */
export function valueAtPath(value: unknown, path: JsonPath): unknown {
  let inner = value;
  for (const step of path) {
    if (typeof step === 'number') inner = Array.isArray(inner) ? inner.at(step) : undefined;
    else if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return undefined;
    else inner = Object.hasOwn(inner, step) ? (inner as Record<string, unknown>)[step] : undefined;
  }
  return inner;
}
