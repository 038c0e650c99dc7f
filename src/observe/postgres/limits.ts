/**
 * Bounds of what one PostgreSQL connection may make the observer keep.
 */
export const LIMITS = {
  /** Rows kept of one result. */
  rows: 200,
  /** Characters kept of one cell; longer ones are cut. */
  cell: 4_000,
  /** Characters kept of one result in all its cells; later rows are dropped. */
  result: 4_000_000,
  /** Characters of a statement's text; longer ones are cut. */
  sql: 64 * 1024,
  /** Parameters kept of one execution; later ones are dropped. */
  parameters: 4_096,
  /** Bytes of one parameter; a longer one counts as not decodable, because a cut value would look like another value. */
  parameter: 16_000,
  /** Prepared statements remembered per connection; the least recently used is forgotten. */
  statements: 10_000,
  /** Characters of the texts of all prepared statements of a connection. */
  statementText: 32_000_000,
  /** Portals remembered per connection. */
  portals: 1_000,
  /** Requests that were sent and not answered. */
  pending: 100_000,
  /** Bytes of texts and parameters held by unanswered requests. */
  pendingBytes: 32_000_000,
  /** Bytes captured of one message; the rest is skipped. */
  message: 1_048_576,
} as const;
