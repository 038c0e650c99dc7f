/** Whether an answer is what the case expects. */
import type { Expectation } from '../case/contract.ts';
import { parseJsonPath, valueAtPath } from '../race/scenario/index.ts';

/** From here on a status tells of an error, where the case names none. */
const FIRST_ERROR = 400;

/** Says what is wrong with an answer; null: nothing. */
export function judgeOf({ status, path, value }: Expectation): (code: number, body: string) => string | null {
  const steps = path === null ? null : parseJsonPath(path);
  return (code, body) => {
    if (status === null ? code >= FIRST_ERROR : code !== status) return `status ${code}`;
    if (path === null) return null;
    if (steps === null) return `${path} is no path`;
    const found = parsed(body);
    if (found === undefined) return 'the body is no JSON';
    const got = valueAtPath(found.value, steps);
    return alike(got, value) ? null : `${path} is ${got === undefined ? 'not there' : 'another value'}`;
  };
}

function parsed(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) as unknown };
  } catch {
    return undefined;
  }
}

/** As in race: absent and null are equal, a number equals the string that prints like it, order of fields does not matter. */
function alike(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string')
    return Number.isFinite(Number(value)) && value.trim() !== '' ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1));
    return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`;
  }
  return String(value);
}
