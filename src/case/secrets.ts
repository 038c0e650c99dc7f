/** What is hidden in everything that is kept of commands: values that look like credentials, by name or by form. */
import { isOrdinary, namesSecret } from '../fingerprint/plain.ts';
import { secretForms } from '../observe/payload/secret-forms.ts';
import type { Variables } from '../race/scenario/parts.ts';
import { createMask, secretsOfUrls } from '../recording/mask.ts';

/** Names in the caller's own environment, of which most say nothing: `USER` is no secret there. */
const OWN_SECRET = /pass|secret|token|credential|api_?key|private_?key|access_?key|auth(?!or)|dsn|cookie/i;
/** Shorter values occur in other words. */
const SHORTEST = 4;
/** Lines of a value with several, such as a key. */
const SHORTEST_LINE = 8;

/** Values of a configuration that must not be seen. */
export function secretsIn(values: ReadonlyMap<string, string>): readonly string[] {
  return [...values].flatMap(([name, value]) => {
    const whole = (namesSecret(name) && !isOrdinary(value)) || secretForms(value).length > 0;
    return [...(whole ? linesOf(value) : []), ...secretsOfUrls([value])];
  });
}

/**
 * Hides the secrets of the caller's environment, what stands for the variables of a case, and what else is known.
 *
 * @param variables those that the case names: what is not written into it is not for everybody
 */
export function maskFor(
  env: Variables,
  variables: readonly string[],
  more: readonly string[] = [],
): (text: string) => string {
  const named = new Set(variables);
  const own = Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || value === '') return [];
    const secret = OWN_SECRET.test(name) || (named.has(name) && namesSecret(name));
    return [...(secret && !isOrdinary(value) ? linesOf(value) : []), ...secretsOfUrls([value])];
  });
  return createMask([...own, ...more].filter((secret) => secret.length >= SHORTEST));
}

function linesOf(value: string): readonly string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  return lines.length === 1 ? [value] : [value, ...lines.filter((line) => line.length >= SHORTEST_LINE)];
}
