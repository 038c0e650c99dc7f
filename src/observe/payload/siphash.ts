/**
 * SipHash-2-4, the keyed hash of Aumasson and Bernstein ("SipHash: a fast short-input PRF", INDOCRYPT 2012).
 *
 * Digests of low-entropy cells (prices, names) must not be reversible by trying values, so the hash is keyed; and
 * cells are short and many, so it is computed here on 32-bit halves rather than through a native call per cell.
 */

/** One 64-bit result as two unsigned 32-bit halves. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

/** The four 64-bit words v0…v3 as halves, low half first. */
type State = Int32Array;

/** Adds word `b` to word `a`, then rotates `b` left by `bits` (1…31) and mixes `a` into it: half of a SipRound's step. */
function addRotateMix(v: State, a: number, b: number, bits: number): void {
  const aLow = v[a] as number;
  const bLow = v[b] as number;
  const bHigh = v[b + 1] as number;
  const low = (aLow + bLow) | 0;
  // The carry out of the low half: the sum wrapped exactly when it is below either summand, unsigned.
  const carry = low >>> 0 < aLow >>> 0 ? 1 : 0;
  const high = ((v[a + 1] as number) + bHigh + carry) | 0;
  v[a] = low;
  v[a + 1] = high;
  v[b] = ((bLow << bits) | (bHigh >>> (32 - bits))) ^ low;
  v[b + 1] = ((bHigh << bits) | (bLow >>> (32 - bits))) ^ high;
}

/** Rotates a word left by 32: its halves change places. */
function swapHalves(v: State, a: number): void {
  const low = v[a] as number;
  v[a] = v[a + 1] as number;
  v[a + 1] = low;
}

function sipRound(v: State): void {
  addRotateMix(v, 0, 2, 13);
  addRotateMix(v, 4, 6, 16);
  swapHalves(v, 0);
  addRotateMix(v, 4, 2, 17);
  addRotateMix(v, 0, 6, 21);
  swapHalves(v, 4);
}

function compress(v: State, low: number, high: number): void {
  v[6] = (v[6] as number) ^ low;
  v[7] = (v[7] as number) ^ high;
  sipRound(v);
  sipRound(v);
  v[0] = (v[0] as number) ^ low;
  v[1] = (v[1] as number) ^ high;
}

function word32(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = 0; i < 4 && at + i < end; i++) word |= (bytes[at + i] as number) << (8 * i);
  return word;
}

/** Makes the hash of the first `length` bytes of a buffer under a 16-byte key. */
export function createSipHash(key: Uint8Array): (bytes: Uint8Array, length: number) => Hash64 {
  if (key.length !== 16) throw new RangeError(`SipHash needs a key of 16 bytes, not ${key.length}`);
  const k = [0, 4, 8, 12].map((at) => word32(key, at, 16)) as [number, number, number, number];
  const [k0, k1, k2, k3] = k;
  const initial = Int32Array.of(
    k0 ^ 0x70736575,
    k1 ^ 0x736f6d65,
    k2 ^ 0x6e646f6d,
    k3 ^ 0x646f7261,
    k0 ^ 0x6e657261,
    k1 ^ 0x6c796765,
    k2 ^ 0x79746573,
    k3 ^ 0x74656462,
  );
  const v = new Int32Array(8);
  return (bytes, length) => {
    v.set(initial);
    const whole = length - (length % 8);
    for (let at = 0; at < whole; at += 8)
      compress(v, word32(bytes, at, length), word32(bytes, at + 4, length));
    compress(v, word32(bytes, whole, length), word32(bytes, whole + 4, length) | ((length & 0xff) << 24));
    v[4] = (v[4] as number) ^ 0xff;
    for (let i = 0; i < 4; i++) sipRound(v);
    return {
      low: ((v[0] as number) ^ (v[2] as number) ^ (v[4] as number) ^ (v[6] as number)) >>> 0,
      high: ((v[1] as number) ^ (v[3] as number) ^ (v[5] as number) ^ (v[7] as number)) >>> 0,
    };
  };
}
