/**
 * The kinds of reply, RESP2 and RESP3, each named by the byte it begins with
 * (redis.io/docs/latest/develop/reference/protocol-spec). Kinds that differ only in spelling are one kind here: a null is
 * a null whether it was sent as `$-1`, `*-1` or `_`, a bulk error is an error, a verbatim string a bulk string.
 */
export const REPLY = {
  simple: 0x2b,
  error: 0x2d,
  integer: 0x3a,
  bulk: 0x24,
  null: 0x5f,
  boolean: 0x23,
  double: 0x2c,
  bigNumber: 0x28,
  array: 0x2a,
  map: 0x25,
  set: 0x7e,
  push: 0x3e,
} as const;

/** One of the values of {@link REPLY}. */
export type ReplyType = (typeof REPLY)[keyof typeof REPLY];

/** Type bytes that have no kind of their own. */
export const MARK = {
  bulkError: 0x21,
  verbatim: 0x3d,
  attribute: 0x7c,
  streamPart: 0x3b,
  streamEnd: 0x2e,
} as const;

/** Whether a kind has elements. */
export function isAggregate(type: number): boolean {
  return type === REPLY.array || type === REPLY.map || type === REPLY.set || type === REPLY.push;
}
