/**
 * Takes a purge back: RESTORE without REPLACE, so that a key which was refilled since is left alone by the server itself. What
 * was restored is noted beside the snapshot: a key that the service removes afterwards does not come back with the next undo.
 *
 * @see https://redis.io/docs/latest/commands/restore/
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { counted } from '../core/numbers.ts';
import { WhystaleError } from '../errors.ts';
import { nameText } from '../observe/redis/key-names.ts';
import {
  type LeftAlone,
  PURGE_LIMITS,
  type PurgeEvents,
  type PurgePlan,
  UNDO_FORMAT,
  type UndoDocument,
} from './contract.ts';
import { connectionLost, damagedSnapshot } from './errors.ts';
import { SNAPSHOT_FILE, UNDO_FILE } from './folder.ts';
import { Journal, OldJournal } from './journal.ts';
import { batchSize, Pace } from './pace.ts';
import { masker } from './plan.ts';
import type { Entry } from './records.ts';
import { serverTime } from './snapshot.ts';

export interface UndoRequest {
  readonly folder: string;
  readonly plan: PurgePlan;
  readonly rate: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/**
 * Restores what the purge in the folder removed.
 *
 * @throws WhystaleError WSE790 and WSE791 the snapshot, WSE792 the server
 */
export async function undoPurge(
  redis: Redis,
  request: UndoRequest,
  events: PurgeEvents = {},
): Promise<UndoDocument> {
  const path = join(request.folder, SNAPSHOT_FILE);
  const snapshot = new OldJournal(path);
  let notes: Journal | null = null;
  try {
    const { plan } = snapshot.state;
    if (plan !== null && plan !== request.plan.keysDigest) throw damagedSnapshot(path, 0);
    const noted = join(request.folder, UNDO_FILE);
    if (!request.dryRun) notes = Journal.open(noted, request.plan.keysDigest);
    const before = request.dryRun && existsSync(noted) ? restoredBefore(noted) : notes?.before.restored;
    await events.step?.('opened');
    const undo = new Undo(redis, { snapshot, notes, before: before ?? new Set() }, request, events);
    await undo.run();
    await events.step?.('finished');
    return undo.document();
  } catch (error) {
    if (error instanceof WhystaleError) throw error;
    const next = `Run whystale undo ${request.folder} again.`;
    throw connectionLost(request.plan.store, error, { next, touched: true });
  } finally {
    snapshot.close();
    notes?.close();
  }
}

function restoredBefore(path: string): ReadonlySet<number> {
  const notes = new OldJournal(path);
  notes.close();
  return notes.state.restored;
}

interface Files {
  readonly snapshot: OldJournal;
  /** null: nothing is noted, nothing is done. */
  readonly notes: Journal | null;
  readonly before: ReadonlySet<number>;
}

/** Examples kept for each reason. */
const EXAMPLES = 5;

type Answer = 'restored' | LeftAlone;

class Undo {
  readonly #redis: Redis;
  readonly #files: Files;
  readonly #request: UndoRequest;
  readonly #events: PurgeEvents;
  readonly #mask = masker();
  readonly #left: Record<LeftAlone, number> = {
    refilled: 0,
    present: 0,
    'restored-before': 0,
    expired: 0,
    damaged: 0,
    refused: 0,
  };
  readonly #examples: Partial<Record<LeftAlone, string[]>> = {};
  readonly #refusals = new Set<string>();
  #restored = 0;
  #done = 0;

  constructor(redis: Redis, files: Files, request: UndoRequest, events: PurgeEvents) {
    this.#redis = redis;
    this.#files = files;
    this.#request = request;
    this.#events = events;
  }

  async run(): Promise<void> {
    const { snapshot, before } = this.#files;
    const { signal, rate } = this.#request;
    const pace = new Pace(rate, signal);
    const most = batchSize(rate, PURGE_LIMITS.batch);
    this.#left.damaged += snapshot.state.lost.length;
    this.#done = snapshot.state.lost.length;
    let batch: Entry[] = [];
    let bytes = 0;
    const work = async (): Promise<void> => {
      await this.#restore(batch);
      await pace.after(batch.length);
      batch = [];
      bytes = 0;
    };
    for (const [ordinal, place] of snapshot.state.entries) {
      if (signal.aborted) return;
      const entry = snapshot.entry(place);
      if (entry === null) this.#note('damaged', null);
      else if (before.has(ordinal)) this.#note('restored-before', entry);
      else {
        batch.push(entry);
        bytes += entry.dump.length;
      }
      if (batch.length >= most || bytes >= PURGE_LIMITS.batchBytes) await work();
    }
    if (!signal.aborted && batch.length > 0) await work();
  }

  async #restore(batch: readonly Entry[]): Promise<void> {
    const { step, progress } = this.#events;
    const now = await serverTime(this.#redis);
    await step?.('restoring');
    const answers = await Promise.all(batch.map((entry) => this.#restoreOne(entry, now)));
    await step?.('restored');
    const back = batch.filter((_, i) => answers[i] === 'restored');
    if (back.length > 0 && this.#files.notes !== null) {
      this.#files.notes.restored(back.map(({ ordinal }) => ordinal));
      this.#files.notes.sync();
    }
    await step?.('noted');
    for (const [i, entry] of batch.entries()) this.#note(answers[i] ?? 'refused', entry);
    progress?.(this.#done, this.#all);
  }

  async #restoreOne({ key, dump, expiresAt }: Entry, now: number): Promise<Answer> {
    if (expiresAt !== null && expiresAt <= now) {
      return (await this.#redis.exists(key)) === 1 ? 'refilled' : 'expired';
    }
    if (this.#request.dryRun) return this.#standing(key, dump);
    try {
      await this.#redis.restore(key, expiresAt ?? 0, dump, 'ABSTTL');
      return 'restored';
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ReplyError') throw error;
      if (error.message.startsWith('BUSYKEY')) return this.#standing(key, dump);
      this.#refusals.add(error.message);
      return 'refused';
    }
  }

  /** What stands where a key would go. */
  async #standing(key: Buffer, dump: Buffer): Promise<Answer> {
    const there = await this.#redis.dumpBuffer(key);
    if (there === null) return this.#request.dryRun ? 'restored' : 'refilled';
    return there.equals(dump) ? 'present' : 'refilled';
  }

  #note(answer: Answer, entry: Entry | null): void {
    this.#done++;
    if (answer === 'restored') {
      this.#restored++;
      return;
    }
    this.#left[answer]++;
    if (entry === null) return;
    const examples = this.#examples[answer] ?? [];
    this.#examples[answer] = examples;
    if (examples.length < EXAMPLES) examples.push(this.#mask(nameText(entry.key, 0, entry.key.length)));
  }

  get #all(): number {
    const { entries, lost } = this.#files.snapshot.state;
    return entries.size + lost.length;
  }

  document(): UndoDocument {
    const { folder, plan, dryRun, signal } = this.#request;
    const { state, damaged } = this.#files.snapshot;
    const notices = [...this.#refusals].map((text) => `The server refused a key: ${text}`);
    if (state.cut)
      notices.push(
        `The last record of the snapshot, at byte ${state.whole}, is not whole; no removal followed it.`,
      );
    if (damaged > 0)
      notices.push(`${counted(damaged, 'record')} of the snapshot, whose checksum is wrong, passed over.`);
    if (state.next < plan.keys && state.plan !== null)
      notices.push(`The purge had come to key ${state.next} of ${plan.keys}; the others were not touched.`);
    if (this.#restored > 0)
      notices.push(
        `Restored values are as they were removed, after ${plan.made.slice(0, 19)}Z: where the service wrote a row since and found its key gone already, its old value is back. Remove such keys again.`,
      );
    const unfinished = signal.aborted && this.#done < this.#all;
    return {
      format: UNDO_FORMAT,
      state: unfinished ? 'interrupted' : dryRun ? 'dry-run' : 'done',
      folder,
      store: plan.store,
      db: plan.db,
      removed: this.#all,
      restored: this.#restored,
      left: this.#left,
      examples: this.#examples,
      notices,
    };
  }
}
