/** Bounds of what the change stream may make whystale keep. */
export const CHANGE_LIMITS = {
  /** Rows kept of one transaction; of later ones only the table is told. */
  rows: 10_000,
  /** Characters kept of one value, as on the wire: equal values then have equal digests also where they were cut. */
  value: 4_000,
  /** Values of all transactions that are not told yet; rows beyond are told by their table alone. */
  values: 2_000_000,
  /** Transactions that wait until they are seen to be visible; the oldest is then told with an unknown outcome. */
  waiting: 10_000,
  /** Tables of one transaction that are told as changed without their rows. */
  tables: 1_000,
  /** Longest time that a transaction waits to become visible, ms; a commit may wait for a standby that is away. */
  visibleMs: 10_000,
  /** Answers about the server's clients that are kept for transactions still on their way. */
  looks: 16,
  /** Clients looked at in one answer. */
  clients: 1_000,
  /** Further looks for a client that was still at its commit when the transaction was already visible. */
  againForClient: 2,
  /** Asking takes at most one part in this many of the time. */
  lookShare: 10,
  /** Shortest and longest pause before asking again, ms. */
  pauseMs: 1,
  longestPauseMs: 50,
  /** Server processes of proxied connections that are remembered. */
  processes: 20_000,
  /** A proxied connection's process is remembered for this long after its end, ns: the server may still list it. */
  processNs: 10e9,
  /** Table shapes that the catalog was asked about once. */
  asked: 10_000,
} as const;
