/** Redis on the wire: RESP2 and RESP3, both directions, sans-I/O. */
export { type CommandHandler, CommandScanner, type CommandScannerOptions } from './command-scanner.ts';
export { encodeCommand, encodeReply, join, type Reply } from './encode.ts';
export { DEFAULT_BODY_CAP, DEFAULT_COMMAND_CAP, MAX_DEPTH, MAX_INLINE } from './limits.ts';
export { NameTable } from './name-table.ts';
export { type ReplyHandler, ReplyScanner, type ReplyScannerOptions } from './reply-scanner.ts';
export { isAggregate, REPLY, type ReplyType } from './reply-types.ts';
