/** What a checker says of one register. */
import type { Step } from './register.ts';

export type Decision =
  | { readonly verdict: 'valid' }
  | { readonly verdict: 'unknown' }
  /** The witness breaks the model by itself. */
  | { readonly verdict: 'invalid'; readonly witness: readonly Step[] };

export const VALID: Decision = { verdict: 'valid' };
export const UNKNOWN: Decision = { verdict: 'unknown' };

/** A violation shown by these steps. */
export function invalid(witness: readonly Step[]): Decision {
  return { verdict: 'invalid', witness };
}
