/** The orderings that the recipes are about, each forced by holding one message of the reader or of the writer. */
import type { Redis } from 'ioredis';
import type { Hold } from './gate.ts';
import type { RecipeProcess } from './recipe-process.ts';

/** Price of every product before the first write; a reader who gets it after a write got a stale value. */
export const OLD = 0;
export const NEW = 20;

/** One process that reads and one that writes. */
export interface Pair {
  readonly reader: RecipeProcess;
  readonly writer: RecipeProcess;
}

const FILL = /"price"/;
const SELECT = /SELECT id, name, price/;
const COMMIT = /COMMIT/;
/** What takes the value out of the cache, and the mark that a tombstone is. */
export const REMOVAL = /\b(?:del|tombstone)\b/i;

/** Waits for a held message, unless the work that should send it ends first. */
export async function arrives(hold: Hold, work: Promise<unknown>): Promise<void> {
  const early = work.then(() => {
    throw new Error('The call ended without the message that was to be held.');
  });
  early.catch(() => undefined);
  await Promise.race([hold.reached, early]);
}

/** What both processes read now. */
async function prices({ reader, writer }: Pair, id: number): Promise<readonly number[]> {
  return [await reader.read(id), await writer.read(id)];
}

/** Read, write, read. */
export async function inTurn({ reader, writer }: Pair, id: number): Promise<readonly number[]> {
  const before = await reader.read(id);
  const again = await reader.read(id);
  await writer.write(id, NEW);
  return [before, again, ...(await prices({ reader, writer }, id))];
}

/** The reader is held between its source read and its fill; the whole write happens meanwhile. */
export async function lateFill({ reader, writer }: Pair, id: number): Promise<readonly number[]> {
  const fill = reader.redis.hold(FILL);
  const late = reader.read(id);
  await arrives(fill, late);
  await writer.write(id, NEW);
  fill.release();
  await late;
  return prices({ reader, writer }, id);
}

/** The writer is held before its COMMIT; the whole read happens meanwhile. */
export async function openTransaction({ reader, writer }: Pair, id: number): Promise<readonly number[]> {
  await reader.read(id);
  const commit = writer.postgres.hold(COMMIT);
  const write = writer.write(id, NEW);
  await arrives(commit, write);
  await reader.read(id);
  commit.release();
  await write;
  return prices({ reader, writer }, id);
}

/** The writer dies between COMMIT and its removal, which is the nth that it sends. The value was cached before. */
export async function deathAfterCommit({ reader, writer }: Pair, id: number, nth = 1): Promise<void> {
  await reader.read(id);
  const removal = writer.redis.hold(REMOVAL, nth);
  const write = writer.write(id, NEW);
  await arrives(removal, write);
  await writer.kill();
}

/** Source reads of a cold key when both processes want it ten times while the first source read takes long. */
export async function stampede({ reader, writer }: Pair, id: number): Promise<number> {
  const counted = (): number => reader.postgres.count(SELECT) + writer.postgres.count(SELECT);
  const before = counted();
  const select = reader.postgres.hold(SELECT);
  const first = reader.read(id);
  await arrives(select, first);
  const selects = writer.postgres.count(SELECT);
  const asked = writer.redis.count(/product/);
  const others = Array.from({ length: 19 }, (_, index) => (index % 2 === 0 ? writer : reader).read(id));
  // Those of the other process have missed, and have asked the source or are waiting.
  while (writer.redis.count(/product/) < asked + 6 && writer.postgres.count(SELECT) === selects) await turn();
  select.release();
  await Promise.all([first, ...others]);
  return counted() - before;
}

/** Whether the second holder still has its lock when the first, whose lock ended early, is done. */
export async function overtakenHolder({ reader, writer }: Pair, id: number, store: Redis): Promise<boolean> {
  const lock = `lock:product:${id}`;
  const [slow, next] = [reader.postgres.hold(SELECT), writer.postgres.hold(SELECT)];
  const first = reader.read(id);
  await arrives(slow, first);
  await store.del(lock);
  const second = writer.read(id);
  await arrives(next, second);
  slow.release();
  await first;
  const held = (await store.exists(lock)) === 1;
  next.release();
  await second;
  return held;
}

/** The process that asks the source for a missing key dies; what the other one reads then. */
export async function deadHolder({ reader, writer }: Pair, id: number): Promise<number> {
  const select = reader.postgres.hold(SELECT);
  await arrives(select, reader.read(id));
  await reader.kill();
  return writer.read(id);
}

/** The value is cached, written, and cached no more; then the version of its name is evicted. */
export async function evictedVersion({ reader, writer }: Pair, id: number, store: Redis): Promise<number> {
  await reader.read(id);
  await writer.write(id, NEW);
  await store.del(`product:${id}:version`);
  return reader.read(id);
}

/** Whole seconds that the values of products live, all read at once. */
export async function lifetimes(
  { reader }: Pair,
  ids: readonly number[],
  store: Redis,
): Promise<readonly number[]> {
  await Promise.all(ids.map((id) => reader.read(id)));
  // Rounded up, because some of the time has passed already.
  return Promise.all(ids.map(async (id) => Math.ceil((await store.pttl(`product:${id}`)) / 1000)));
}

const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 5));
