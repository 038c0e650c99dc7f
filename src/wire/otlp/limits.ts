/** Bounds of the decoders: what a request says of its own size is never believed. */
export const LIMITS = {
  /** Groups (wire types 3 and 4) inside groups; the protocol has none at all. */
  nesting: 16,
  /** Longest attribute name that is read, in bytes; the names that are used are far shorter. */
  key: 255,
} as const;
