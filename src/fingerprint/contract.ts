/**
 * The fingerprint of a measured run: what could differ between two runs and so explain a difference. Secrets never enter it: values
 * of environment variables and settings that may hold one are keyed hashes.
 */
import type { VariableKind } from '../case/contract.ts';

/** One variable: a name within its kind, and its value as it may be shown (`h:…` for a hash). Null: absent. */
export interface FingerprintEntry {
  readonly kind: VariableKind;
  /** `commit`, `package-lock.json`, `MAX_AGE`, `maxmemory`, `shared_buffers`, `items (rows)`, `items_pkey`, `node`, `cpu`… */
  readonly name: string;
  readonly value: string | null;
}

export const FINGERPRINT_FORMAT = 'whystale-fingerprint/1';

export interface Fingerprint {
  readonly format: typeof FINGERPRINT_FORMAT;
  /** ISO 8601. */
  readonly at: string;
  /** In order of kind, then name. */
  readonly entries: readonly FingerprintEntry[];
  /** What could not be looked at, and why. */
  readonly unknown: readonly { readonly kind: VariableKind; readonly what: string; readonly why: string }[];
}

/** A variable that differs between two fingerprints. */
export interface Difference {
  readonly kind: VariableKind;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}
