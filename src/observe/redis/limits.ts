/** Bounds of the Redis observer, in one place. */

/** Bytes of one value that are looked at; of a larger value its length and these first bytes make its identity. */
export const VALUE_CAP = 1 << 20;
/** Bytes kept over all arguments of one command. */
export const COMMAND_CAP = 16 << 20;
/** Bytes of payloads that are kept for comparison, over all connections of an observer. */
export const STORE_BYTES = 64 << 20;
/** Keys that are remembered, over all connections of an observer. */
export const STORE_KEYS = 200_000;
/** Payloads remembered for one key. */
export const VERSIONS_PER_KEY = 4;
/** Fields or elements of one collection that are looked at. */
export const MAX_FIELDS = 4096;
/** Bytes of one collection that are looked at. */
export const COLLECTION_CAP = 1 << 20;
/** What the commands without a reply of one connection may hold: each counts one, each of its keys and each leaf of its
 * payloads one more. */
export const MAX_PENDING_WEIGHT = 1 << 19;
/** Arguments of one script that are kept as possible payloads. */
export const MAX_CANDIDATES = 64;
/** Script arguments up to this length say too little to count as payloads. */
export const SHORT_CANDIDATE = 3;
/** Keys of one script under which its arguments are remembered. */
export const CANDIDATE_KEYS = 4;
