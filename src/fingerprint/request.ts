import type { Store } from '../watch/stores.ts';

/** What a fingerprint is taken of. */
export interface FingerprintRequest {
  /** The service's folder, absolute. */
  readonly cwd: string;
  /** The variables that the service gets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Names of variables whose values are ours, not the user's: they point at proxies. Of a URL only scheme and query are compared;
   * anything else is left out.
   */
  readonly inherited: readonly string[];
  /** The stores themselves, past any proxy; null: the service has none. */
  readonly redis: Store | null;
  readonly postgres: Store | null;
  /** Key of all hashes. Fingerprints that are compared must have the same. */
  readonly salt: Buffer;
  /** The service's words; empty: it runs already, and what runs it is not known. */
  readonly command: readonly string[];
  /** ISO 8601. */
  readonly at: string;
  /** Texts of this run's own (a port, a proxy's `host:port`, a scratch folder), and the placeholder that is compared instead. */
  readonly given?: readonly { readonly text: string; readonly placeholder: string }[];
}
