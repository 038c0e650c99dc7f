/**
 * What every observer is given. An observer sees copies of bytes after they were forwarded; whatever it does or
 * fails to do, the watched service's bytes have already passed.
 */
import type { Digest, Operation, Payload, SecretFound } from '../core/operation.ts';

/** Keyed digests of values; implemented by observe/payload. Equal key, equal canonical value ⇔ equal digest. */
export interface Digester {
  /** Digest of one scalar given as text (a database cell, a parameter, a JSON number…), canonicalised first: `12.00`
   * and `12` are equal, `t` and `true`, `2024-01-01 10:00:00+00` and `2024-01-01T10:00:00Z`. null stays null. */
  scalar(text: string): Digest;
  /** Identity of a whole payload: equal bytes ⇔ equal digest. */
  identity(bytes: Uint8Array): Digest;
  /** Looks inside a payload, within limits; never throws. `key`: name of its key, which may say what a scalar is. */
  inspect(bytes: Uint8Array, key?: string): Payload;
  /** Looks inside a Redis hash: leaves are its fields (and the leaves inside their values). */
  inspectFields(fields: ReadonlyMap<string, Uint8Array>): Payload;
  /** Key name as it may be shown and recorded: segments that look like secrets become prefix and digest. */
  key(name: string): string;
  /** Secrets that were masked in a key's name, by the name as {@link key} gave it; absent: none are looked for. */
  secretsOf?(shown: string): readonly SecretFound[];
}

/** Takes operations in the order in which they returned. */
export interface OperationSink {
  /** Appends an operation; `id` is assigned here. Returns the id. */
  emit(op: Unnumbered<Operation>): number;
  /** Keeps the place of operations that cannot be completed yet (a catalog look-up): later emissions wait behind it,
   * bounded in time and number. Call the result exactly once. */
  reserve(): (ops: readonly Unnumbered<Operation>[]) => void;
}

/** An operation before it has its id. Distributes over the union. */
export type Unnumbered<T> = T extends Operation ? Omit<T, 'id'> : never;

export interface ObserveContext {
  readonly sink: OperationSink;
  readonly digest: Digester;
  /** Says a degradation once per code: what is no longer seen, and why. The service is not affected. */
  readonly degrade: (code: string, text: string) => void;
}
