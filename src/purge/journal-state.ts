/** What a journal says, without the values: read once from its beginning. */
import { fstatSync } from 'node:fs';
import { damagedSnapshot } from './errors.ts';
import { type Frame, readFrames } from './frames.ts';
import { KIND, type Outcome, OutcomeSchema } from './records.ts';

/** Where an entry stands in the file. */
export interface Place {
  readonly batch: number;
  readonly at: number;
}

/** What a journal says, without the values. */
export interface JournalState {
  /** SHA-256 of the list of keys that it is about; null: it was cut off before that. */
  readonly plan: string | null;
  /** All keys before this ordinal are settled. */
  readonly next: number;
  readonly nextBatch: number;
  /** Entries of keys that were removed, or are under way; by ordinal. */
  readonly entries: ReadonlyMap<number, Place>;
  /** Entries under way when the process ended; by ordinal. */
  readonly pending: ReadonlyMap<number, Place>;
  readonly counts: Readonly<Record<string, number>>;
  /** Keys that were removed and whose entry cannot be read. */
  readonly lost: readonly number[];
  /** Keys that an undo restored. */
  readonly restored: ReadonlySet<number>;
  /** Bytes of whole frames. */
  readonly whole: number;
  readonly cut: boolean;
}

/** Takes frames, in order, and knows what they say in all. */
class Reading {
  plan: string | null = null;
  next = 0;
  nextBatch = 0;
  readonly entries = new Map<number, Place>();
  readonly counts: Record<string, number> = { r: 0, u: 0, g: 0, c: 0, f: 0, l: 0 };
  readonly lost: number[] = [];
  readonly restored = new Set<number>();
  /** Entries of the batches that have no outcome yet. */
  readonly open = new Map<number, Map<number, Place>>();

  take({ kind, body, at }: Frame): void {
    if (kind === KIND.plan) this.plan = body.toString('latin1');
    else if (kind === KIND.entry) this.#entry(body.readUInt32BE(0), body.readUInt32BE(4), at);
    else if (kind === KIND.outcome) this.#outcome(OutcomeSchema.parse(JSON.parse(body.toString())));
    else if (kind === KIND.restored)
      for (let i = 0; i + 4 <= body.length; i += 4) this.restored.add(body.readUInt32BE(i));
  }

  #entry(ordinal: number, batch: number, at: number): void {
    const open = this.open.get(batch) ?? new Map<number, Place>();
    open.set(ordinal, { batch, at });
    this.open.set(batch, open);
    this.nextBatch = Math.max(this.nextBatch, batch + 1);
  }

  #outcome(outcome: Outcome): void {
    const open = this.open.get(outcome.batch);
    this.open.delete(outcome.batch);
    this.nextBatch = Math.max(this.nextBatch, outcome.batch + 1);
    if ('aborted' in outcome) return;
    this.next = outcome.to;
    for (const [i, state] of [...outcome.states].entries()) {
      const ordinal = outcome.from + i;
      this.counts[state] = (this.counts[state] ?? 0) + 1;
      const place = open?.get(ordinal) ?? this.pendingOf(ordinal);
      if (state === 'r' || state === 'u') {
        if (place === undefined) this.lost.push(ordinal);
        else this.entries.set(ordinal, place);
      }
      for (const others of this.open.values()) others.delete(ordinal);
    }
  }

  /** The last entry of a key whose batch has no outcome. */
  pendingOf(ordinal: number): Place | undefined {
    let found: Place | undefined;
    for (const batch of this.open.values()) {
      const place = batch.get(ordinal);
      if (place !== undefined && (found === undefined || place.at > found.at)) found = place;
    }
    return found;
  }
}

/** Reads a journal through. `past`: is told of damaged records, which are then passed over. Throws WSE791. */
export function stateOf(path: string, file: number, past?: () => void): JournalState {
  const reading = new Reading();
  const reader = readFrames(file, fstatSync(file).size, past);
  for (const frame of reader.frames) {
    try {
      reading.take(frame);
    } catch (cause) {
      throw damagedSnapshot(path, frame.at, cause);
    }
  }
  const { end, until } = reader.end();
  if (end === 'damaged') throw damagedSnapshot(path, until);
  const pending = new Map<number, Place>();
  for (const batch of reading.open.values())
    for (const [ordinal, place] of batch) if (ordinal >= reading.next) pending.set(ordinal, place);
  const { plan, next, nextBatch, counts, lost, restored } = reading;
  const entries = new Map([...reading.entries, ...pending]);
  return {
    plan,
    next,
    nextBatch,
    entries,
    pending,
    counts,
    lost,
    restored,
    whole: until,
    cut: end === 'cut',
  };
}
