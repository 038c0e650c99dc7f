/**
 * The truth about a run: which hits served a value older than the source although a write that changed it was over before
 * the hit began, as section "When a write is over" defines it. Decided from the states of the simulated database, not from
 * the operations.
 */
import type { Entity } from './entity.ts';
import type { TrueHit, TrueWrite, World } from './world.ts';

export interface TrueStaleHit {
  readonly op: number;
  readonly key: string;
  readonly db: number;
  readonly entity: string;
  /** The order of the operations alone shows it: the read behind the value was over before the commit began. */
  readonly observable: boolean;
}

export class Truth {
  readonly #world: World;
  readonly #entities: readonly Entity[];
  readonly #texts = new Map<string, (string | null)[]>();
  /** Tables that each state changed. */
  readonly #changed = new Map<number, ReadonlySet<string>>();

  constructor(world: World, entities: readonly Entity[]) {
    this.#world = world;
    this.#entities = entities;
    for (const { txn } of world.writes)
      if (txn.state === 'committed') this.#changed.set(txn.seq, new Set(txn.writes.keys()));
  }

  /** All hits that were stale. */
  stale(): TrueStaleHit[] {
    const found: TrueStaleHit[] = [];
    for (const hit of this.#world.hits) {
      const entity = this.#entities.find((one) => one.db === hit.db && one.known.has(hit.key));
      if (entity === undefined || hit.value.origin.length === 0) continue;
      const writers = this.#writers(hit, entity);
      if (writers.length === 0) continue;
      const observable = writers.some((write) => isObservable(hit, write, this.#world.writes));
      found.push({ op: hit.op, key: hit.key, db: hit.db, entity: entity.name, observable });
    }
    return found;
  }

  /** The writes, over before the hit began, by which its value is stale. */
  #writers(hit: TrueHit, entity: Entity): readonly TrueWrite[] {
    const at = (seq: number) => this.#at(entity, hit.key, seq);
    for (let seq = hit.from; seq <= hit.until; seq++) if (at(seq) === hit.value.text) return [];
    const over = this.#world.writes.filter((write) => this.#over(write, hit) < hit.invoke);
    const never = hit.value.origin.find((one) => one.own?.state === 'rolled back');
    // What was never committed needs no order: its value alone decides, once it was rolled back.
    if (never !== undefined)
      return this.#world.writes.filter(
        (write) => write.txn === never.own && write.commit.return < hit.invoke,
      );
    let last = Math.min(...hit.value.origin.map((one) => one.own?.seq ?? one.seq));
    // A transaction that is still open when its value is read: nothing is over yet.
    if (hit.value.origin.some((one) => one.own?.state === 'open')) return [];
    for (let seq = hit.from; seq > last; seq--) if (at(seq) === hit.value.text) last = seq;
    return over.filter(
      ({ txn }) => txn.state === 'committed' && txn.seq > last && at(txn.seq) !== at(txn.seq - 1),
    );
  }

  /** When a write was over: at its HTTP response where those are seen, else when it had removed or rewritten the key. */
  #over(write: TrueWrite, hit: TrueHit): number {
    const after = write.after.get(`${hit.db} ${hit.key}`) ?? 0;
    if (this.#world.options.http && write.request.returned !== null)
      return Math.max(write.commit.return, write.request.returned);
    return Math.max(write.commit.return, after);
  }

  #at(entity: Entity, key: string, seq: number): string | null {
    const id = `${entity.db} ${key}`;
    let texts = this.#texts.get(id);
    if (texts === undefined) {
      texts = [entity.textAt(this.#world.database, key, 0)];
      this.#texts.set(id, texts);
    }
    for (let next = texts.length; next <= seq; next++) {
      const touched = entity.tables.some((table) => this.#changed.get(next)?.has(table) ?? true);
      texts.push(touched ? entity.textAt(this.#world.database, key, next) : texts[next - 1]!);
    }
    return texts[seq] ?? null;
  }
}

function isObservable(hit: TrueHit, write: TrueWrite, writes: readonly TrueWrite[]): boolean {
  return hit.value.origin.some((one) => {
    const own = one.own === null ? undefined : writes.find((other) => other.txn === one.own);
    return own === write || (own?.commit.return ?? one.returned) < write.commit.invoke;
  });
}
