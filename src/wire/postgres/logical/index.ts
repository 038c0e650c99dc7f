/** PostgreSQL's logical decoding: replication framing, and the messages of two output plugins; no I/O. */
export * from './messages.ts';
export { PgOutputDecoder, RELATION_LIMIT } from './pgoutput.ts';
export * from './replication.ts';
export { type IdentityLookup, parseTestDecoding } from './test-decoding.ts';
