/** What stands in a journal: the plan it is about, keys as they were, and what became of each batch. Pure. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { encodeFrame } from './frames.ts';

/** Kinds of frames. */
export const KIND = { plan: 0, entry: 1, outcome: 2, restored: 3 } as const;

/** A key as it was. */
export interface Entry {
  /** Its place in the plan's list of keys. */
  readonly ordinal: number;
  readonly batch: number;
  readonly key: Buffer;
  /** What DUMP gave. */
  readonly dump: Buffer;
  /** Milliseconds since the epoch by the server's clock; null: it does not expire. */
  readonly expiresAt: number | null;
}

/**
 * What became of the keys `from` … `to - 1`, a letter each: `r` removed, `u` removed or gone by itself while no whystale ran,
 * `g` gone before, `c` changed too often, `f` written since an interrupted run, `l` too large. `aborted`: nothing of the batch was removed.
 */
export type Outcome =
  | { readonly batch: number; readonly from: number; readonly to: number; readonly states: string }
  | { readonly batch: number; readonly aborted: true };

export const OutcomeSchema = z.union([
  z.strictObject({ batch: z.number(), aborted: z.literal(true) }),
  z.strictObject({
    batch: z.number(),
    from: z.number(),
    to: z.number(),
    states: z.string().regex(/^[rugcfl]*$/),
  }),
]);

const ENTRY_HEAD = 16;
const NO_EXPIRY = -1n;

export function encodeEntry({ ordinal, batch, key, dump, expiresAt }: Entry): Buffer {
  const head = Buffer.alloc(ENTRY_HEAD);
  head.writeUInt32BE(ordinal, 0);
  head.writeUInt32BE(batch, 4);
  head.writeBigInt64BE(expiresAt === null ? NO_EXPIRY : BigInt(expiresAt), 8);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(key.length, 0);
  return encodeFrame(KIND.entry, Buffer.concat([head, deflateRawSync(Buffer.concat([length, key, dump]))]));
}

export function decodeEntry(body: Buffer): Entry {
  const expiresAt = body.readBigInt64BE(8);
  const rest = inflateRawSync(body.subarray(ENTRY_HEAD));
  const end = 4 + rest.readUInt32BE(0);
  return {
    ordinal: body.readUInt32BE(0),
    batch: body.readUInt32BE(4),
    key: rest.subarray(4, end),
    dump: rest.subarray(end),
    expiresAt: expiresAt === NO_EXPIRY ? null : Number(expiresAt),
  };
}
