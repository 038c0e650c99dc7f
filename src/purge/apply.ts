/**
 * Carries a plan out. Each batch: WATCH its keys, take their snapshot, have it on the disk, then UNLINK them in one
 * transaction. A key that anybody writes in between makes the server refuse the transaction (EXEC answers nil), and the batch
 * is taken anew: what is removed is what is in the snapshot.
 *
 * @see https://redis.io/docs/latest/develop/using-commands/transactions/
 */
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { WhystaleError } from '../errors.ts';
import { nameBytes } from '../observe/redis/key-names.ts';
import { PURGE_LIMITS, type PurgeEvents, type PurgePlan, type PurgeTally } from './contract.ts';
import { connectionLost } from './errors.ts';
import { readKeys, SNAPSHOT_FILE } from './folder.ts';
import { Journal } from './journal.ts';
import type { JournalState } from './journal-state.ts';
import { batchSize, Pace } from './pace.ts';
import type { Entry } from './records.ts';
import { isSame, type Taken, take } from './snapshot.ts';

export interface ApplyRequest {
  readonly folder: string;
  readonly plan: PurgePlan;
  /** Keys a second, at most. */
  readonly rate: number;
  /** Bytes of the largest value that is removed; default {@link PURGE_LIMITS}. */
  readonly largest?: number;
  readonly signal: AbortSignal;
}

export interface Applied {
  readonly finished: boolean;
  readonly tally: PurgeTally;
}

/**
 * Removes the plan's keys, from where an earlier run ended.
 *
 * @throws WhystaleError WSE786 other keys than planned, WSE790 and WSE791 the snapshot, WSE792 the server
 */
export async function applyPlan(
  redis: Redis,
  request: ApplyRequest,
  events: PurgeEvents = {},
): Promise<Applied> {
  const keys = readKeys(request.folder, request.plan);
  const journal = Journal.open(join(request.folder, SNAPSHOT_FILE), request.plan.keysDigest);
  await events.step?.('opened');
  try {
    const purge = new Purge(redis, journal, request, events);
    await purge.run(keys);
    const tally = purge.tally();
    await events.step?.('finished');
    return { finished: purge.next >= request.plan.keys, tally };
  } catch (error) {
    if (error instanceof WhystaleError) throw error;
    const next = `Run whystale purge --resume ${request.folder}, or take back what was removed: whystale undo ${request.folder}`;
    throw connectionLost(request.plan.store, error, { next, touched: true });
  } finally {
    journal.close();
  }
}

/** What became of a key; see records.ts. */
type State = 'r' | 'u' | 'g' | 'c' | 'f' | 'l';

class Purge {
  readonly #redis: Redis;
  readonly #journal: Journal;
  readonly #before: JournalState;
  readonly #request: ApplyRequest;
  readonly #events: PurgeEvents;
  readonly #counts: Record<string, number>;
  readonly #most: number;
  /** Keys of the next batch: fewer after a refused transaction, until at one key it is known which changes. */
  #size: number;
  #batch: number;
  #attempts = 0;
  /** All keys before this ordinal are settled. */
  next: number;

  constructor(redis: Redis, journal: Journal, request: ApplyRequest, events: PurgeEvents) {
    this.#redis = redis;
    this.#journal = journal;
    this.#before = journal.before;
    this.#request = request;
    this.#events = events;
    this.#counts = { ...journal.before.counts };
    this.#most = batchSize(request.rate, PURGE_LIMITS.batch);
    this.#size = this.#most;
    this.#batch = journal.before.nextBatch;
    this.next = journal.before.next;
  }

  tally(): PurgeTally {
    const { r = 0, u = 0, g = 0, c = 0, f = 0, l = 0 } = this.#counts;
    return { removed: r + u, gone: g, changing: c, refilled: f, large: l, snapshotBytes: this.#journal.size };
  }

  async run(keys: Iterable<string>): Promise<void> {
    const pace = new Pace(this.#request.rate, this.#request.signal);
    const { signal, plan } = this.#request;
    let skip = this.next;
    let waiting: Buffer[] = [];
    const work = async (least: number): Promise<void> => {
      while (waiting.length >= least && waiting.length > 0 && !signal.aborted) {
        const settled = await this.#settle(waiting.slice(0, this.#size));
        waiting = waiting.slice(settled);
        this.#events.progress?.(this.next, plan.keys);
        await pace.after(settled);
      }
    };
    for (const name of keys) {
      if (skip-- > 0) continue;
      waiting.push(Buffer.from(nameBytes(name)));
      await work(this.#most);
      if (signal.aborted) return;
    }
    await work(1);
    this.#journal.sync();
  }

  /** Settles the first of these keys; gives how many, 0 when the transaction was refused and they must be taken anew. */
  async #settle(names: readonly Buffer[]): Promise<number> {
    const { step } = this.#events;
    await this.#redis.watch(...names);
    await step?.('watched');
    const taken = await take(this.#redis, names);
    await step?.('dumped');
    const states = taken.map((one, i) => this.#stateOf(this.next + i, one));
    const doomed = states.flatMap((state, i) => (state === 'r' ? [i] : []));
    const replies = doomed.length === 0 ? [] : await this.#remove(names, taken, doomed);
    if (doomed.length === 0) await this.#redis.unwatch();
    if (replies === null) return await this.#refused();
    for (const [i, place] of doomed.entries()) if (replies[i] === 0) states[place] = 'g';
    await this.#note(states);
    this.#size = Math.min(this.#most, this.#size * 2);
    return states.length;
  }

  /** What is to become of a key: of one that an interrupted run was about to remove, that depends on what is there now. */
  #stateOf(ordinal: number, now: Taken): State {
    const place = this.#before.pending.get(ordinal);
    if (now.dump === null) return place === undefined ? 'g' : 'u';
    if (now.dump.length > (this.#request.largest ?? PURGE_LIMITS.valueBytes)) return 'l';
    if (place === undefined) return 'r';
    const before = this.#journal.entry(place);
    return before !== null && isSame(before, now) ? 'r' : 'f';
  }

  /** The transaction: an answer for each key, or null when it was refused because one was written. */
  async #remove(
    names: readonly Buffer[],
    taken: readonly Taken[],
    doomed: readonly number[],
  ): Promise<readonly number[] | null> {
    const { step } = this.#events;
    const batch = this.#batch;
    const entries = doomed.map((i): Entry => {
      const { dump, expiresAt } = taken[i]!;
      return { ordinal: this.next + i, batch, key: names[i]!, dump: dump!, expiresAt };
    });
    this.#journal.entries(entries);
    await step?.('written');
    this.#journal.sync();
    await step?.('synced');
    const transaction = this.#redis.multi();
    for (const { key } of entries) transaction.unlink(key);
    const answer = transaction.exec();
    await step?.('sent');
    const replies = await answer;
    await step?.('removed');
    if (replies === null) {
      this.#journal.outcome({ batch: this.#batch++, aborted: true });
      await step?.('noted');
      return null;
    }
    return replies.map(([error, reply]) => {
      if (error !== null) throw error;
      return Number(reply);
    });
  }

  async #refused(): Promise<number> {
    if (this.#size > 1) {
      this.#size >>= 1;
      return 0;
    }
    this.#attempts++;
    if (this.#attempts < PURGE_LIMITS.attempts) return 0;
    await this.#note(['c']);
    return 1;
  }

  async #note(states: readonly State[]): Promise<void> {
    const from = this.next;
    this.next += states.length;
    this.#attempts = 0;
    for (const state of states) this.#counts[state] = (this.#counts[state] ?? 0) + 1;
    this.#journal.outcome({ batch: this.#batch++, from, to: this.next, states: states.join('') });
    await this.#events.step?.('noted');
  }
}
