/** `{unique}` in the texts of a check: what is written must be something that was not there before. Pure. */
import type { RequestSpec } from '../race/scenario/index.ts';

const PLACEHOLDER = '{unique}';
/** Stays within a four-byte integer of a database. */
const LARGEST = 2_000_000_000;

/** Numbers that grow, also from one rehearsal to the next. */
export function uniqueNumbers(now: Date): () => string {
  let next = Math.floor(now.getTime() / 100) % LARGEST;
  return () => String(next++);
}

export function fillRequest(request: RequestSpec, unique: string): RequestSpec {
  return {
    method: request.method,
    path: fillText(request.path, unique),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, fillText(value, unique)]),
    ),
    body: request.body === null ? null : fillText(request.body, unique),
  };
}

export function fillValue(value: unknown, unique: string): unknown {
  if (typeof value === 'string') return fillText(value, unique);
  if (Array.isArray(value)) return value.map((inner) => fillValue(inner, unique));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillValue(inner, unique)]));
}

function fillText(text: string, unique: string): string {
  return text.replaceAll(PLACEHOLDER, unique);
}
