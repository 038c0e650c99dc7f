/**
 * The models as they are defined, by trying everything: all subsets of the writes of unknown outcome, all orders that
 * respect real time. Written without a look at the checkers, for histories of a handful of operations on one key.
 */
import type { HistoryRecord, Model } from '../../../src/core/check/index.ts';

interface Op {
  readonly write: boolean;
  readonly session: string;
  readonly value: string | null;
  readonly from: number;
  readonly to: number;
  readonly optional: boolean;
}

function opsOf(records: readonly HistoryRecord[]): Op[] {
  return records.flatMap((record): Op[] => {
    const { kind, status, session, value, invoke } = record;
    if (status === 'fail' || (status === 'info' && kind === 'read')) return [];
    const optional = status === 'info';
    const to = optional ? Infinity : (record.return as number);
    return [{ write: kind === 'write', session, value, from: invoke, to, optional }];
  });
}

function* subsets(ops: readonly Op[]): Generator<Op[]> {
  const optional = ops.filter((op) => op.optional);
  for (let mask = 0; mask < 1 << optional.length; mask++) {
    const chosen = new Set(optional.filter((_, i) => (mask >> i) & 1));
    yield ops.filter((op) => !op.optional || chosen.has(op));
  }
}

/** Whether some order of the operations that respects real time satisfies the test; `prune` cuts hopeless beginnings. */
function someOrder(
  rest: readonly Op[],
  done: readonly Op[],
  accept: (order: readonly Op[]) => boolean,
  prune: (order: readonly Op[]) => boolean,
): boolean {
  if (!prune(done)) return false;
  if (rest.length === 0) return accept(done);
  return rest.some(
    (next) =>
      rest.every((other) => !(other.to < next.from)) &&
      someOrder(
        rest.filter((other) => other !== next),
        [...done, next],
        accept,
        prune,
      ),
  );
}

function readsLatest(order: readonly Op[]): boolean {
  const last = order.at(-1);
  if (last === undefined || last.write) return true;
  const current = order.slice(0, -1).findLast((op) => op.write)?.value ?? null;
  return current === last.value;
}

function linearizable(ops: readonly Op[], delta: number): boolean {
  const reaching = ops.map((op) => (op.write ? op : { ...op, from: op.from - delta }));
  for (const chosen of subsets(reaching)) if (someOrder(chosen, [], () => true, readsLatest)) return true;
  return false;
}

/** Positions in the order whose write the read may have returned; −1 is the initial null. */
function positions(order: readonly Op[], read: Op): number[] {
  const found = order.flatMap((op, i) => (op.value === read.value && op.from <= read.to ? [i] : []));
  return read.value === null ? [-1, ...found] : found;
}

function readsOwnWrites(order: readonly Op[], reads: readonly Op[]): boolean {
  return reads.every((read) => {
    const own = order.flatMap((op, i) => (op.session === read.session && op.to < read.from ? [i] : []));
    return positions(order, read).some((at) => own.every((i) => i <= at));
  });
}

function readsForwards(order: readonly Op[], reads: readonly Op[]): boolean {
  const chosen = new Map<Op, number>();
  // Taking the least position allowed, in order of the ends, asks least of what follows.
  for (const read of [...reads].sort((a, b) => a.to - b.to)) {
    const before = [...chosen].filter(([other]) => other.session === read.session && other.to < read.from);
    const least = Math.max(-1, ...before.map(([, at]) => at));
    const at = positions(order, read).find((position) => position >= least);
    if (at === undefined) return false;
    chosen.set(read, at);
  }
  return true;
}

/** Whether the history, on one key, satisfies the model. */
export function isValid(records: readonly HistoryRecord[], model: Model, delta = 0): boolean {
  const ops = opsOf(records);
  if (model === 'linearizable') return linearizable(ops, 0);
  if (model === 'bounded-staleness') return linearizable(ops, delta);
  const reads = ops.filter((op) => !op.write);
  const holds = model === 'read-your-writes' ? readsOwnWrites : readsForwards;
  for (const chosen of subsets(ops.filter((op) => op.write))) {
    if (
      someOrder(
        chosen,
        [],
        (order) => holds(order, reads),
        () => true,
      )
    )
      return true;
  }
  return false;
}
