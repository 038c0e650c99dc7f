/** PostgreSQL protocol v3, bytes ↔ messages ↔ text values; no I/O. */
export * from './backend.ts';
export * from './encode.ts';
export * from './frontend.ts';
export * from './messages.ts';
export { type MessageHandler, MessageScanner } from './scanner.ts';
export { readUtf8, type TextReader, textReader, utf8 } from './text.ts';
export { decodeBinary, TypeOid } from './types.ts';
