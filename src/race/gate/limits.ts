/** Bounds of a gate, each per connection unless it says otherwise. */

/** Bytes of whole messages that wait to be sent, and of replies that wait to be delivered, before the side that they come from
 * is no longer read. */
export const QUEUED_BYTES = 8 << 20;

/** What a message that waits counts for besides its bytes. */
export const MESSAGE_OVERHEAD = 256;

/** Longest message, or message of the server, that is held back as a whole; a connection with a longer one is let pass. */
export const MESSAGE_BYTES = 64 << 20;

/** Beginning of a reply that a reader is shown. */
export const SHOWN_REPLY_BYTES = 64 << 10;

/** Bytes kept of one DataRow, for people. */
export const SHOWN_ROW_BYTES = 16 << 10;

/** Prepared statements whose result columns are remembered. */
export const KNOWN_STATEMENTS = 1_000;

/** Connections of one gate; more are refused. */
export const MAX_CONNECTIONS = 1_000;
