/**
 * What the sessions of a register saw, one after the other: the places in the order of the writes that monotonic reads
 * asks for. A read of a value that was written once has the place of that write; a read that several writes may have
 * served has a place still to be chosen among theirs. The initial null is a write that ended before all others began.
 */
import { type Origin, type Origins, originCount, originsOf } from './origins.ts';
import type { Register, Step } from './register.ts';
import { bySession, directlyBefore } from './sessions.ts';

/** A place in the order of the writes: that of one of the first `count` writes of the read's value. */
export interface Place {
  readonly origin: Origin;
  readonly count: number;
  /** The first read that had this place. */
  readonly read: Step;
}

/** `later` must not come before `earlier`: one session read the one after the other. */
export interface Constraint {
  readonly earlier: Place;
  readonly later: Place;
  /** The two reads. */
  readonly reads: readonly [Step, Step];
}

export interface ReadingOrder {
  /** All writes, the initial null first. */
  readonly writes: readonly Step[];
  readonly origins: Origins;
  readonly places: readonly Place[];
  /** Grouped by their later place, in an order in which a place's own constraints come before those on later ones. */
  readonly constraints: readonly Constraint[];
}

/** The initial state as a write. */
const INITIAL: Step = {
  index: -1,
  session: '',
  value: null,
  start: Number.NEGATIVE_INFINITY,
  end: Number.NEGATIVE_INFINITY,
};

/** The only write whose place it can be; null while there is a choice. */
export function settledWrite(place: Place): Step | null {
  return place.count === 1 ? (place.origin.writes[0] as Step) : null;
}

/** Places and constraints of a register in which no read is impossible. */
export function readingOrder(register: Register): ReadingOrder {
  const writes = [INITIAL, ...register.writes];
  const origins = originsOf(writes);
  const places = new Set<Place>();
  const constraints: Constraint[] = [];
  const settled = new Map<Step, Place>();
  for (const reads of bySession(register.reads).values()) {
    const before = directlyBefore(reads);
    const placeOf = new Map<Step, Place>();
    for (const read of reads) {
      const earlier = before(read.start);
      const only = earlier.length === 1 ? (placeOf.get(earlier[0] as Step) as Place) : null;
      const place = sharedPlace(read, only) ?? newPlace(origins, settled, read, earlier.length === 0);
      placeOf.set(read, place);
      places.add(place);
      for (const step of earlier) {
        const other = placeOf.get(step) as Place;
        if (other !== place) constraints.push({ earlier: other, later: place, reads: [step, read] });
      }
    }
  }
  return { writes, origins, places: [...places], constraints };
}

/**
 * A read directly after one single read of the same value has that read's place: whatever may serve the first may serve
 * the second, and an earlier place asks less of what follows.
 */
function sharedPlace(read: Step, only: Place | null): Place | null {
  return only !== null && only.read.value === read.value ? only : null;
}

function newPlace(origins: Origins, settled: Map<Step, Place>, read: Step, isFirst: boolean): Place {
  const origin = origins.get(read.value) as Origin;
  // Nothing comes before a session's first read, so that the initial null serves it best.
  const count = isFirst && read.value === null ? 1 : originCount(origins, read);
  const place = { origin, count, read };
  const only = settledWrite(place);
  if (only === null) return place;
  const known = settled.get(only);
  if (known === undefined) settled.set(only, place);
  return known ?? place;
}
