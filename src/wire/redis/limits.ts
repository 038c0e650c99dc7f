/**
 * Bounds of the Redis scanners. Memory of a scanner is bounded by its caps and never by what the peer announces.
 */

/** Body bytes of one argument or reply kept for the handler, unless the caller sets another cap. */
export const DEFAULT_BODY_CAP = 1 << 20;
/** Bytes of all arguments of one command that are kept when the command does not lie in one chunk. */
export const DEFAULT_COMMAND_CAP = 16 << 20;
/** Share of the command cap that only short arguments may use, so that keys stay visible behind large values. */
export const SHORT_RESERVE_SHARE = 0.25;
/** Arguments up to this length count as short. */
export const SHORT_ARGUMENT = 1024;
/** Arguments of one command whose place is recorded; the rest is counted and skipped. */
export const MAX_ARGUMENTS_RECORDED = 1 << 20;
/** Arguments a command may announce; the server refuses more (multibulk length is a C int). */
export const MAX_ARGUMENTS = 2 ** 31 - 1;
/** Longest inline command; the server refuses longer ones (PROTO_INLINE_MAX_SIZE). */
export const MAX_INLINE = 64 * 1024;
/** Longest body a header may announce. The server's default is 512 MB, and it is configurable upwards. */
export const MAX_BODY = 2 ** 40;
/** Digits of a number in a header or an integer reply; 64-bit integers have at most 19. */
export const MAX_DIGITS = 20;
/** Bytes kept of a line (simple string, error, double, big number); longer lines are cut, not refused. */
export const MAX_LINE = 64 * 1024;
/** Nesting of replies. The server's own commands stay below ten; scripts may nest some hundred levels. */
export const MAX_DEPTH = 1024;
/** Buffers that grew beyond this are given back after use. */
export const KEPT_BUFFER = 64 * 1024;
