/**
 * Read your writes (Terry et al., "Session guarantees for weakly consistent replicated data", 1994) on one register:
 * some order of the writes respects real time, and every read returns a write that does not come before an earlier write
 * of its session.
 *
 * So an own write w must come no later than at least one of the writes that the read may have returned. Building
 * the order from its end, w waits until one of those is placed. Precedence of this kind, all of some and one of others,
 * is feasible exactly when placing whatever waits for nothing places everything (Möhring, Skutella and Stork,
 * "Scheduling with AND/OR precedence constraints", 2004); values may repeat. O(n log n).
 */
import { append } from '../multimap.ts';
import { type Decision, invalid, VALID } from './decision.ts';
import { isPlainlyLinearizable } from './linearizable.ts';
import { impossibleRead, type Origins, originCount, originsOf, visibleMoments } from './origins.ts';
import { isBefore, type Register, type Step } from './register.ts';
import { bySession, directlyBefore } from './sessions.ts';
import { fewestValues, shrink } from './shrink.ts';

/** `write` waits until one of the first `count` writes of the read's value is placed. */
interface Wait {
  readonly write: Step;
  readonly read: Step;
  readonly count: number;
}

/** Decides one register. */
export function decideReadYourWrites(register: Register): Decision {
  const witness = isPlainlyLinearizable(register) ? null : findViolation(register);
  if (witness === null) return VALID;
  return invalid(
    shrink(register, witness, {
      isInvalid: isViolated,
      barrier: ownLatestStart,
    }),
  );
}

/** A delete that ended before an own write began is older than it. */
function ownLatestStart(part: Register, read: Step): number {
  const own = part.writes.filter((write) => write.session === read.session && isBefore(write, read));
  return own.reduce((latest, write) => Math.max(latest, write.start), Number.NEGATIVE_INFINITY);
}

function findViolation(register: Register): readonly Step[] | null {
  const origins = originsOf(register.writes);
  const impossible = impossibleRead(register, origins);
  if (impossible !== null) return impossible;
  const waits = waitsOf(register, origins);
  const plain = waits.find((wait) => isPlainlyOlder(origins, wait));
  if (plain !== undefined) {
    return [plain.write, plain.read, ...(plain.read.value === null ? [] : candidates(origins, plain))];
  }
  const stuck = placeAll(register, origins, waits);
  return stuck === null ? null : stuckSteps(register, stuck);
}

/** As {@link findViolation}, without a witness. */
function isViolated(register: Register): boolean {
  const origins = originsOf(register.writes);
  if (impossibleRead(register, origins) !== null) return true;
  const waits = waitsOf(register, origins);
  return waits.some((wait) => isPlainlyOlder(origins, wait)) || placeAll(register, origins, waits) !== null;
}

function candidates(origins: Origins, wait: Wait): readonly Step[] {
  return (origins.get(wait.read.value)?.writes ?? []).slice(0, wait.count);
}

/** Whether real time alone puts all that the read may have returned before the own write. */
function isPlainlyOlder(origins: Origins, wait: Wait): boolean {
  const origin = origins.get(wait.read.value);
  return wait.count === 0 || (origin?.ends[wait.count - 1] as number) < wait.write.start;
}

/** The waits that the order of visible moments leaves open: none, when that order satisfies all. */
function waitsOf(register: Register, origins: Origins): Wait[] {
  const waits: Wait[] = [];
  const moments = visibleMoments(register, origins);
  const momentOf = (write: Step): number => moments.get(write.value) ?? write.end;
  let isSatisfied = true;
  const writes = bySession(register.writes);
  for (const [session, reads] of bySession(register.reads)) {
    const own = directlyBefore(writes.get(session) ?? []);
    for (const read of reads) {
      for (const write of own(read.start)) {
        if (write.value === read.value) continue;
        const count = originCount(origins, read);
        waits.push({ write, read, count });
        const latest = moments.get(read.value) ?? origins.get(read.value)?.ends[count - 1];
        isSatisfied &&= count > 0 && latest !== undefined && latest > momentOf(write);
      }
    }
  }
  return isSatisfied ? [] : waits;
}

/** Waits for one value, longest candidate lists first, and how many of them are over. */
interface Queue {
  readonly waits: readonly Wait[];
  over: number;
}

interface Placement {
  /** What holds a write back: its open waits, and one until real time allows it. */
  readonly holds: Map<Step, number>;
  readonly queues: ReadonlyMap<string | null, Queue>;
  /** Rank of each write among those of its value. */
  readonly ranks: ReadonlyMap<Step, number>;
  readonly placed: Set<Step>;
  /** Writes that nothing holds back. */
  readonly ready: Step[];
}

/** The writes and waits for which no place is left when the order is built from its end; null when there is an order. */
interface Stuck {
  readonly writes: ReadonlySet<Step>;
  readonly waits: readonly Wait[];
}

function placeAll(register: Register, origins: Origins, waits: readonly Wait[]): Stuck | null {
  if (waits.length === 0) return null;
  const placement = preparePlacement(register, origins, waits);
  const byStart = [...register.writes].sort((a, b) => b.start - a.start);
  const byEnd = [...register.writes].sort((a, b) => b.end - a.end);
  let opened = 0;
  let next = 0;
  for (;;) {
    while (next < byStart.length && placement.placed.has(byStart[next] as Step)) next++;
    if (next === byStart.length) return null;
    // In real time a write precedes all that start after its end, so it waits until those are placed.
    const latestStart = (byStart[next] as Step).start;
    for (; opened < byEnd.length && (byEnd[opened] as Step).end >= latestStart; opened++) {
      release(placement, byEnd[opened] as Step);
    }
    if (placement.ready.length === 0) return stuckOf(placement, byStart);
    for (let write = placement.ready.pop(); write !== undefined; write = placement.ready.pop()) {
      place(placement, write);
    }
  }
}

function stuckOf(placement: Placement, writes: readonly Step[]): Stuck {
  const left = new Set(writes.filter((write) => !placement.placed.has(write)));
  const open = [...placement.queues.values()].flatMap(({ waits, over }) => waits.slice(over));
  return { writes: left, waits: open.filter((wait) => left.has(wait.write)) };
}

function preparePlacement(register: Register, origins: Origins, waits: readonly Wait[]): Placement {
  const holds = new Map(register.writes.map((write) => [write, 1]));
  const lists = new Map<string | null, Wait[]>();
  for (const wait of waits) {
    holds.set(wait.write, (holds.get(wait.write) as number) + 1);
    append(lists, wait.read.value, wait);
  }
  const queues = new Map<string | null, Queue>();
  for (const [value, list] of lists)
    queues.set(value, { waits: list.sort((a, b) => b.count - a.count), over: 0 });
  const ranks = new Map<Step, number>();
  for (const { writes } of origins.values())
    for (const [rank, write] of writes.entries()) ranks.set(write, rank);
  return { holds, queues, ranks, placed: new Set(), ready: [] };
}

function release(placement: Placement, write: Step): void {
  const left = (placement.holds.get(write) as number) - 1;
  placement.holds.set(write, left);
  if (left === 0) placement.ready.push(write);
}

/** Places a write before all that were placed; waits whose candidates it is among are over. */
function place(placement: Placement, write: Step): void {
  placement.placed.add(write);
  const queue = placement.queues.get(write.value);
  if (queue === undefined) return;
  const rank = placement.ranks.get(write) as number;
  for (; queue.over < queue.waits.length; queue.over++) {
    const wait = queue.waits[queue.over] as Wait;
    if (wait.count <= rank) break;
    release(placement, wait.write);
  }
}

/** The operations behind the waits that are never over. */
function stuckSteps(register: Register, stuck: Stuck): Step[] {
  const reads = new Set(stuck.waits.map((wait) => wait.read));
  const part = {
    reads: register.reads.filter((read) => reads.has(read)),
    writes: register.writes.filter((write) => stuck.writes.has(write)),
  };
  return fewestValues(part, isViolated);
}
