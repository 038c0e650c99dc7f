/** Bounds of what is kept of a span. */
export const LIMITS = {
  /** Spans taken of one request. The batch processor of the SDKs sends 512 at a time. */
  spans: 10_000,
  /** Longest span name, route and path that is kept, in characters. */
  text: 512,
  /** Statements whose shape is remembered, and the longest of them in characters. */
  statements: 2_000,
  statement: 8_192,
  /** Commands of a pipeline that its span's statement names. */
  pipeline: 32,
} as const;
