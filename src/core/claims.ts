/**
 * Which write each removal belongs to. Nearness alone mistakes bystanders for writers: every request may note when its user
 * was last seen, with an id that the removed key holds too. So the choice is weighed by habit: how often writes of this
 * statement shape come with a removal of this key template, before or after their commit. It counts twice, because stalls
 * stretch distances tenfold and habits stay.
 */
import { addTo, append } from './multimap.ts';
import type { Change } from './source.ts';
import { type Claim, isCertain, type KeyState, type Removal } from './versions.ts';
import {
  CLAIM,
  isNamed,
  isOfOneRequest,
  isStrangeTo,
  namedValues,
  namesRowOf,
  type WriteRecord,
} from './writes.ts';

/** No removal is nearer than this, so that a habit always counts; ns. */
const LEAST_DISTANCE = 100e3;

/** A write that changed nothing which feeds the key is this much farther: an outbox, an audit log, when a user was last seen. */
const STRANGER = 20;
/** So is a write that begins only after the removal: few services remove a key before they open the transaction. */
const EARLY = 4;

/** How often habits are learned anew at most. */
const ROUNDS = 4;

type TemplateOf = (key: KeyState) => string;

/** Decides all claims anew, on removals in order of time and on the writes they may belong to. */
export function resolveClaims(
  all: readonly Removal[],
  writes: readonly WriteRecord[],
  templateOf: TemplateOf,
): void {
  const removals = all.filter(isCertain);
  const distances = new Map(removals.map((removal) => [removal, distancesOf(removal)]));
  const between = (removal: Removal, claim: Claim) => distances.get(removal)?.get(claim) ?? claim.distance;
  for (const removal of removals) removal.claim = nearest(removal, (claim) => between(removal, claim));
  let habits = new Habits(removals, writes, templateOf);
  // What habit decides makes the habit clearer: a few rounds, until nothing changes.
  for (let round = 0; round < ROUNDS && weigh(removals, between, habits); round++)
    habits = new Habits(removals, writes, templateOf);
  for (const command of commandsOf(removals))
    if (isOneCommand(command)) takeTogether(command, between, habits);
  shareWithinCommands(removals);
  followSweeps(removals);
  shareAmongWrites(removals);
  for (const write of writes) write.removals.length = 0;
  for (const removal of removals) removal.claim?.write.removals.push(removal);
}

/** Chooses by distance and habit; true when a removal changed hands. */
function weigh(
  removals: readonly Removal[],
  between: (removal: Removal, claim: Claim) => number,
  habits: Habits,
): boolean {
  let changed = false;
  for (const removal of removals) {
    const before = removal.claim;
    removal.claim = nearest(
      removal,
      (claim) => (between(removal, claim) + LEAST_DISTANCE) / habits.of(removal, claim) ** 2,
    );
    changed ||= removal.claim !== before;
  }
  return changed;
}

/** Removals that follow a write, by key, in order of time. */
export function followingRemovals(removals: readonly Removal[]): ReadonlyMap<KeyState, readonly Removal[]> {
  const byKey = new Map<KeyState, Removal[]>();
  for (const removal of removals) {
    if (removal.claim?.position !== 'after') continue;
    append(byKey, removal.key, removal);
  }
  return byKey;
}

/** Distances of all writes that may be behind a removal. Where one write's row is named in full, another's that shares but a
 * part of its primary key, such as the tenant, is farther than any moment; so is one of the same statement of which the key names
 * nothing, because the same code names its keys alike. Any other of which it names nothing is a stranger; and one that
 * feeds the key not at all, such as the outbox's, is out of question where one does. */
function distancesOf(removal: Removal): ReadonlyMap<Claim, number> {
  const { candidates } = removal;
  if (candidates.length === 1) return new Map([[candidates[0]!, near(removal, candidates[0]!)]]);
  const named = candidates.map(({ write }) => namedValues(removal.key, write));
  const most = new Map<string, number>();
  for (const one of named)
    for (const [table, count] of one) most.set(table, Math.max(count, most.get(table) ?? 0));
  const naming = new Set(
    candidates.flatMap(({ write }, i) => (named[i]!.size > 0 ? [write.commit.shape] : [])),
  );
  const spoken = candidates.some(({ write }) => !isStrangeTo(removal.key, write));
  const feeding = candidates.some(({ write }) => namesRowOf(removal, write) && feedsAny(removal.key, write));
  return new Map(
    candidates.map((claim, i) => {
      const alike = naming.has(claim.write.commit.shape) && isStrangeTo(removal.key, claim.write);
      const partly = alike || [...named[i]!].some(([table, count]) => count < (most.get(table) ?? 0));
      const fed = feeding && !feedsAny(removal.key, claim.write) ? CLAIM.keyed : 0;
      const away = spoken && isStrangeTo(removal.key, claim.write) ? STRANGER : 1;
      return [claim, near(removal, claim) * away + (partly ? CLAIM.unkeyed : 0) + fed];
    }),
  );
}

function near(removal: Removal, claim: Claim): number {
  const { commit } = claim.write;
  let { distance } = claim;
  if (claim.position === 'before') {
    // Who empties a cache, as tests do before they begin, does not do so for a write that is yet to come.
    if (removal.op.kind === 'flush') distance *= STRANGER;
    else if (!removal.failed && endOf(removal) < Math.min(commit.began, commit.txn.begin)) distance *= EARLY;
  }
  // What was removed had been made from what the write left: it was not in the write's way.
  else if (isMadeAfter(removal, claim.write)) distance *= STRANGER;
  if (removal.key.fedTables.size === 0) return distance;
  return feedsAny(removal.key, claim.write) ? distance : distance * STRANGER;
}

function feedsAny(key: KeyState, { commit }: WriteRecord): boolean {
  return commit.changes.some((change) => mayFeed(key, change));
}

/** What was never answered may have ended as soon as it was sent. */
function endOf({ interval }: Removal): number {
  return Number.isFinite(interval.return) ? interval.return : interval.invoke;
}

function isMadeAfter({ made }: Removal, { commit }: WriteRecord): boolean {
  return made !== null && made > commit.interval.return;
}

function mayFeed({ fedTables, fedColumns }: KeyState, { table, action, set }: Change): boolean {
  if (!fedTables.has(table)) return false;
  if (action !== 'update' || fedColumns.has(`${table}.*`)) return true;
  return [...set.keys()].some((column) => fedColumns.has(`${table}.${column}`));
}

function nearest(removal: Removal, distance: (claim: Claim) => number): Claim | null {
  const { origin } = removal;
  // What a write made of its own change is its own, however far.
  const own =
    origin === null ? undefined : removal.candidates.find(({ write }) => write.commit.txn === origin);
  if (own !== undefined) return own;
  let best: Claim | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of ofItsRequest(removal)) {
    const at = distance(candidate);
    if (at < least) {
      best = candidate;
      least = at;
    }
  }
  return best;
}

/** A write of the removal's own request goes before all others, where it is certain which request each belongs to. */
function ofItsRequest(removal: Removal): readonly Claim[] {
  const own = removal.candidates.filter(({ write }) => isOfOneRequest(removal, write));
  return own.length > 0 ? own : removal.candidates;
}

/** How often writes of a shape come with a removal of a template, by position. */
class Habits {
  readonly #templateOf: TemplateOf;
  readonly #writes = new Map<string, number>();
  readonly #claimed = new Map<string, Set<WriteRecord>>();

  constructor(removals: readonly Removal[], writes: readonly WriteRecord[], templateOf: TemplateOf) {
    this.#templateOf = templateOf;
    for (const { commit } of writes)
      this.#writes.set(commit.shape, (this.#writes.get(commit.shape) ?? 0) + 1);
    for (const removal of removals) {
      if (removal.claim === null) continue;
      const habit = this.#habit(removal, removal.claim);
      addTo(this.#claimed, habit, removal.claim.write);
    }
  }

  #habit(removal: Removal, claim: Claim): string {
    return `${claim.write.commit.shape}\u0000${this.#templateOf(removal.key)}\u0000${claim.position}`;
  }

  of(removal: Removal, claim: Claim): number {
    const claimed = this.#claimed.get(this.#habit(removal, claim))?.size ?? 0;
    const writes = this.#writes.get(claim.write.commit.shape) ?? 0;
    return (claimed + 0.5) / (writes + 1);
  }
}

/** Removals in order of time, those of one command or pipeline in one. */
function* commandsOf(removals: readonly Removal[]): Iterable<readonly Removal[]> {
  for (let begin = 0; begin < removals.length; ) {
    let end = begin + 1;
    while (end < removals.length && together(removals[begin]!, removals[end]!)) end++;
    yield removals.slice(begin, end);
    begin = end;
  }
}

/** Whether several keys were removed by one DEL or by one MULTI: mere neighbours in a pipeline may be of several requests. */
function isOneCommand([first, ...others]: readonly Removal[]): boolean {
  return others.length > 0 && first?.op.kind === 'delete' && first.op.group !== undefined;
}

/** One command is of one write. Where its keys are nearest to several (the room to its own, its hotel's list to one of the hotel)
 * the write is behind it that is nearest to all of them. */
function takeTogether(
  command: readonly Removal[],
  between: (removal: Removal, claim: Claim) => number,
  habits: Habits,
): void {
  const claims = command.flatMap(({ claim }) => (claim === null ? [] : [claim]));
  const [first] = claims;
  if (first === undefined || claims.every(({ write }) => write === first.write)) return;
  let best = first;
  let least = Number.POSITIVE_INFINITY;
  for (const claim of claims) {
    let sum = 0;
    for (const removal of command) {
      const own = sameClaim(removal, claim);
      const weighed =
        own === undefined
          ? CLAIM.unkeyed
          : (between(removal, own) + LEAST_DISTANCE) / habits.of(removal, own) ** 2;
      // Keys that name nothing of the write are of it all the same, where another key does.
      sum += Math.min(weighed, CLAIM.unkeyed);
    }
    if (sum < least) {
      best = claim;
      least = sum;
    }
  }
  for (const removal of command) if (removal.claim !== null) removal.claim = sameClaim(removal, best) ?? best;
}

function sameClaim(
  { candidates }: Removal,
  { write, position }: Pick<Claim, 'write' | 'position'>,
): Claim | undefined {
  return candidates.find((claim) => claim.write === write && claim.position === position);
}

/** Of one command with several keys, or of one MULTI. Mere neighbours in a pipeline may be of several requests. */
function together(a: Removal, b: Removal): boolean {
  if (a.op === b.op) return true;
  if (a.op.session !== b.op.session || a.interval.invoke !== b.interval.invoke) return false;
  if (a.op.group !== undefined || b.op.group !== undefined) return a.op.group === b.op.group;
  return a.interval.return === b.interval.return && a.op.command === b.op.command && a.op.kind === 'delete';
}

/** Keys of one command or pipeline are removed by one write: those that name a changed row speak for the others. */
function shareWithinCommands(removals: readonly Removal[]): void {
  for (const command of commandsOf(removals)) if (command.length > 1) share(command);
}

function share(command: readonly Removal[]): void {
  // What feeds the keys that carry a generation tells more than the generation's own name.
  const carried = command.some(({ generation }) => generation !== undefined);
  const speaking = command.filter(
    (removal) =>
      removal.claim !== null &&
      carried === (removal.generation !== undefined) &&
      namesRowOf(removal, removal.claim.write) &&
      !isMadeAfter(removal, removal.claim.write),
  );
  let best: Claim | null = null;
  for (const { claim } of speaking)
    if (claim !== null && (best === null || claim.distance < best.distance)) best = claim;
  if (best === null) return;
  for (const removal of command) if (!speaking.includes(removal)) removal.claim = best;
  if (speaking.length > 1) for (const removal of speaking) followNarrower(removal, speaking);
}

/** A list is made from many rows, and a write of any of them may be nearest to its removal: the write whose row the command's
 * other keys name too is the one behind the command. */
function followNarrower(removal: Removal, speaking: readonly Removal[]): void {
  const { claim } = removal;
  if (claim === null) return;
  for (const other of speaking) {
    if (other.claim === null || other.claim.write === claim.write) continue;
    if (!namesRowOf(removal, other.claim.write) || namesRowOf(other, claim.write)) continue;
    removal.claim = other.claim;
    return;
  }
}

/** Sweeps remove many keys one after the other: what no write claims follows the removal before it on its session. */
function followSweeps(removals: readonly Removal[]): void {
  const last = new Map<string, Removal>();
  for (const removal of removals) {
    const previous = last.get(removal.op.session);
    if (
      removal.claim === null &&
      previous?.claim?.position === 'after' &&
      removal.interval.invoke - previous.interval.return <= CLAIM.chained
    ) {
      removal.claim = { ...previous.claim, distance: CLAIM.keyed };
    }
    last.set(removal.op.session, removal);
  }
}

/** When writes of one key overlap, the nearest takes all removals and the others seem to have none. Each takes one before any
 * takes a second. */
function shareAmongWrites(removals: readonly Removal[]): void {
  const taken = new Map<KeyState, Set<WriteRecord>>();
  for (const command of commandsOf(removals)) {
    for (const removal of command) joinCommand(removal, command, taken);
    const [first] = command;
    const waiting = first === undefined ? null : oldestWithout(first, taken);
    if (waiting !== null) {
      const had = first!.claim!.write;
      for (const removal of command) {
        const claim = sameClaim(removal, { write: waiting, position: 'after' });
        if (removal.claim?.write === had && claim !== undefined) removal.claim = claim;
      }
    }
    for (const { key, claim } of command) if (claim?.position === 'after') addTo(taken, key, claim.write);
  }
}

/** A list is fed by many rows, and the nearest of their writes may have removed it before: then it belongs to the write whose
 * row another key of its command names. */
function joinCommand(
  removal: Removal,
  command: readonly Removal[],
  taken: ReadonlyMap<KeyState, ReadonlySet<WriteRecord>>,
): void {
  const { claim, key } = removal;
  if (claim?.position !== 'after' || taken.get(key)?.has(claim.write) !== true) return;
  for (const { claim: other, key: named } of command) {
    if (named === key || other?.position !== 'after' || taken.get(key)?.has(other.write) === true) continue;
    if (other.write === claim.write || !isNamed(named, other.write)) continue;
    const own = sameClaim(removal, { write: other.write, position: 'after' });
    if (own !== undefined) removal.claim = own;
    return;
  }
}

/** The oldest write of the same kind that may be behind a removal whose own write has had one. */
function oldestWithout(
  removal: Removal,
  taken: ReadonlyMap<KeyState, ReadonlySet<WriteRecord>>,
): WriteRecord | null {
  const { claim, key } = removal;
  const writes = taken.get(key);
  if (claim?.position !== 'after' || writes?.has(claim.write) !== true) return null;
  let oldest: WriteRecord | null = null;
  for (const { write, position } of removal.candidates) {
    if (position !== 'after' || writes.has(write) || write.commit.shape !== claim.write.commit.shape)
      continue;
    if (removal.interval.invoke - write.commit.interval.return > CLAIM.unkeyed) continue;
    if (namesRowOf(removal, claim.write) !== namesRowOf(removal, write)) continue;
    if (oldest === null || write.commit.interval.return < oldest.commit.interval.return) oldest = write;
  }
  return oldest;
}
