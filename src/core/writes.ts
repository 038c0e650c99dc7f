/**
 * Writes, and which removals belong to them.
 *
 * On the wire nothing ties `DEL item:1` to the UPDATE before it. What ties them: the same HTTP request where that is
 * certain; else the key's segments (they equal a primary key or parameter of the write) and nearness in time. A removal
 * belongs to one write at most. How often a kind of write (its statement shape) is followed by a removal is learned, so that
 * a write is over when its usual removal returned.
 */
import type { HttpRequest } from './operation.ts';
import type { Commit } from './source.ts';
import type { KeyState, Removal } from './versions.ts';

/** A commit with what is known of the write around it. */
export interface WriteRecord {
  readonly commit: Commit;
  readonly removals: Removal[];
  /** The HTTP request around it, when that is certain. */
  request: HttpRequest | null;
  /** Digests of primary keys of the changed rows. */
  readonly rowTokens: ReadonlySet<string>;
}

export const CLAIM = {
  /** A removal this long after a commit may still belong to it when the key names the row; ns. */
  keyed: 5e9,
  /** … and when it does not; ns. */
  unkeyed: 250e6,
  /** A removal this long before a write's first statement may belong to it; ns. */
  before: 250e6,
  /** Writes and removals that are remembered for claims. */
  remembered: 2048,
} as const;

/** Distance is weighed: a removal that names the changed row is nearer than one that shares a parameter. */
const WEIGHT = { row: 1, parameter: 4, none: 20 } as const;

function weight(key: KeyState, write: WriteRecord): number {
  let best: number = WEIGHT.none;
  for (const part of key.parts) {
    if (write.rowTokens.has(part)) return WEIGHT.row;
    if (write.commit.tokens.has(part)) best = WEIGHT.parameter;
  }
  return best;
}

export class Writes {
  readonly #writes: WriteRecord[] = [];
  readonly #removals: Removal[] = [];

  /** Registers a commit; removals shortly before it, or inside its transaction, may be its own. */
  commit(commit: Commit): WriteRecord {
    const rowTokens = new Set<string>();
    for (const change of commit.changes) {
      for (const id of change.rows ?? []) {
        for (const value of id.slice(id.indexOf('\u0000') + 1).split(',')) rowTokens.add(value);
      }
    }
    const write: WriteRecord = { commit, removals: [], request: null, rowTokens };
    this.#writes.push(write);
    if (this.#writes.length > CLAIM.remembered) this.#writes.splice(0, CLAIM.remembered / 2);
    for (let i = this.#removals.length - 1; i >= 0; i--) {
      const removal = this.#removals[i]!;
      if (removal.interval.return < Math.min(commit.began, commit.txn.begin) - CLAIM.before) break;
      const distance = distanceBefore(removal, write);
      if (distance !== null && (removal.claim === null || distance < removal.claim.distance)) {
        claim(removal, write, 'before', distance);
      }
    }
    return write;
  }

  /** Registers a removal or rewrite and claims it for the write it most likely belongs to. */
  removal(removal: Removal): void {
    this.#removals.push(removal);
    if (this.#removals.length > CLAIM.remembered) this.#removals.splice(0, CLAIM.remembered / 2);
    let best: WriteRecord | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (let i = this.#writes.length - 1; i >= 0; i--) {
      const write = this.#writes[i]!;
      const gap = removal.interval.invoke - write.commit.interval.return;
      if (gap > CLAIM.keyed) break;
      const distance = distanceAfter(removal, write, gap);
      if (distance !== null && distance < least) {
        best = write;
        least = distance;
      }
    }
    best ??= this.#chained(removal);
    if (best !== null) claim(removal, best, 'after', Number.isFinite(least) ? least : CLAIM.unkeyed);
  }

  /** Sweeps remove many keys one after the other: what follows a claimed removal on the same session is of the same write. */
  #chained(removal: Removal): WriteRecord | null {
    for (let i = this.#removals.length - 2; i >= 0 && i >= this.#removals.length - 64; i--) {
      const previous = this.#removals[i]!;
      if (removal.interval.invoke - previous.interval.return > CLAIM.unkeyed) return null;
      if (previous.op.session === removal.op.session && previous.claim?.position === 'after')
        return previous.claim.write;
    }
    return null;
  }
}

function distanceAfter(removal: Removal, write: WriteRecord, gap: number): number | null {
  const { interval } = write.commit;
  // Sent before the commit returned: not known to be after it.
  if (removal.interval.invoke <= interval.invoke) return null;
  const factor = weight(removal.key, write);
  if (gap > (factor === WEIGHT.none ? CLAIM.unkeyed : CLAIM.keyed)) return null;
  return Math.max(gap, 0) * factor;
}

function distanceBefore(removal: Removal, write: WriteRecord): number | null {
  const { commit } = write;
  if (removal.interval.invoke > commit.interval.invoke) return null;
  const factor = weight(removal.key, write);
  const inside = removal.interval.invoke >= commit.txn.begin && commit.txn.begin < commit.interval.invoke;
  if (inside && factor !== WEIGHT.none) return 0;
  const gap = Math.max(commit.began - removal.interval.return, 0);
  if (inside) return gap * factor;
  return gap <= CLAIM.before && factor !== WEIGHT.none ? gap * factor : null;
}

function claim(removal: Removal, write: WriteRecord, position: 'before' | 'after', distance: number): void {
  if (removal.claim !== null) {
    const list = removal.claim.write.removals;
    const at = list.indexOf(removal);
    if (at >= 0) list.splice(at, 1);
  }
  removal.claim = { write, position, distance };
  if (write.removals.length < CLAIM.remembered) write.removals.push(removal);
}
