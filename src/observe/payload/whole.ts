/** What decoders of binary documents have in common: one value, from its first byte to its last. */
import { type Decoded, NULL, type Tree } from './tree.ts';

/** Where a decoder stands. */
export interface Progress {
  readonly bytes: Uint8Array;
  at: number;
  /** Set when the bytes end early although they are a beginning only, or when a bound was reached: what was read so far counts. */
  cut: boolean;
}

/** Reads one value and hands it over before its children are read, so that a cut keeps what was read. */
export type Read<C> = (cursor: C, depth: number, put: (tree: Tree) => void) => void;

/**
 * The document that the bytes are; null: they are none, or more than one.
 *
 * @param isNone whether what was thrown says that the bytes are of another format
 */
export function decodeWhole<C extends Progress>(
  cursor: C,
  read: Read<C>,
  isNone: (error: unknown) => boolean,
): Decoded | null {
  try {
    let tree: Tree = NULL;
    read(cursor, 0, (root) => {
      tree = root;
    });
    return cursor.cut || cursor.at === cursor.bytes.length ? { tree, cut: cursor.cut } : null;
  } catch (error) {
    if (isNone(error)) return null;
    throw error;
  }
}
