/**
 * The register checkers on a million operations, against Wing and Gong's search with Lowe's cache of visited
 * configurations, in the same run and in milliseconds of processor time. Goals: linearizability and the smallest Δ of
 * 1 M operations in 1.5 s, 100 times the search on one contended key, never slower on many keys.
 *
 *   npx rolldown bench/check.ts --platform node --file /tmp/check.mjs && node /tmp/check.mjs
 */
import { checkHistory, type HistoryRecord } from '../src/core/check/index.ts';

const MILLION = 1_000_000;
/** The search is given up after this long; the ratio is then a lower bound. */
const PATIENCE_MS = 10_000;

interface Workload {
  readonly name: string;
  readonly operations: number;
  readonly keys: number;
  readonly sessions: number;
  /** Share of writes that delete. */
  readonly deletes: number;
  /** Share of reads that return what was current some time before. */
  readonly stale: number;
}

const WORKLOADS: readonly Workload[] = [
  { name: 'one key, 16 sessions', operations: MILLION, keys: 1, sessions: 16, deletes: 0, stale: 0 },
  { name: 'one key, 16 sessions', operations: 5_000, keys: 1, sessions: 16, deletes: 0, stale: 0 },
  { name: 'one key, deletes', operations: MILLION, keys: 1, sessions: 16, deletes: 0.3, stale: 0 },
  { name: 'one key, stale reads', operations: MILLION, keys: 1, sessions: 16, deletes: 0, stale: 0.001 },
  {
    name: 'one key, deletes, stale reads',
    operations: MILLION,
    keys: 1,
    sessions: 16,
    deletes: 0.3,
    stale: 0.001,
  },
  { name: '10,000 keys', operations: MILLION, keys: 10_000, sessions: 16, deletes: 0, stale: 0 },
  { name: '10,000 keys, deletes', operations: MILLION, keys: 10_000, sessions: 16, deletes: 0.3, stale: 0 },
  { name: '100,000 keys', operations: MILLION, keys: 100_000, sessions: 16, deletes: 0, stale: 0 },
];

/** A small generator of equally distributed numbers (mulberry32), so that every run sees the same histories. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sessions that each do one operation after the other on real registers: every operation takes effect at its middle. */
function historyOf({ operations, keys, sessions, deletes, stale }: Workload): HistoryRecord[] {
  const random = createRandom(operations + keys + sessions);
  const free = new Float64Array(sessions);
  const planned = Array.from({ length: operations }, (_, i) => {
    const session = i % sessions;
    const invoke = (free[session] as number) + Math.floor(random() * 100);
    const end = invoke + 1 + Math.floor(random() * 1000);
    free[session] = end + 1;
    return { id: i, session, key: Math.floor(random() * keys), write: random() < 0.5, invoke, end };
  });
  const effect = [...planned].sort((a, b) => a.invoke + a.end - (b.invoke + b.end));
  const current = new Map<number, (string | null)[]>();
  const records: HistoryRecord[] = [];
  for (const { id, session, key, write, invoke, end } of effect) {
    const past = current.get(key) ?? [null];
    const value = write
      ? random() < deletes
        ? null
        : `v${id}`
      : (past[random() < stale ? 0 : past.length - 1] as string | null);
    if (write) current.set(key, [...past.slice(-3), value]);
    records.push({
      id,
      session: `s${session}`,
      kind: write ? 'write' : 'read',
      key: `k${key}`,
      value,
      invoke,
      return: end,
      status: 'ok',
    });
  }
  return records.sort((a, b) => a.invoke - b.invoke);
}

/** A call or return in Lowe's doubly linked list. */
interface Entry {
  readonly op: number;
  readonly record: HistoryRecord;
  /** The return of a call; null for a return. */
  match: Entry | null;
  before: Entry | null;
  after: Entry | null;
}

function entriesOf(records: readonly HistoryRecord[]): Entry {
  const entries = records.flatMap((record, op) => {
    const back: Entry = { op, record, match: null, before: null, after: null };
    const call: Entry = { op, record, match: back, before: null, after: null };
    return [
      { time: record.invoke, order: 0, entry: call },
      { time: record.return as number, order: 1, entry: back },
    ];
  });
  entries.sort((a, b) => a.time - b.time || a.order - b.order);
  const head: Entry = { op: -1, record: records[0] as HistoryRecord, match: null, before: null, after: null };
  let last = head;
  for (const { entry } of entries) {
    last.after = entry;
    entry.before = last;
    last = entry;
  }
  return head;
}

function lift(call: Entry): void {
  for (const entry of [call, call.match as Entry]) {
    (entry.before as Entry).after = entry.after;
    if (entry.after !== null) entry.after.before = entry.before;
  }
}

function unlift(call: Entry): void {
  for (const entry of [call.match as Entry, call]) {
    (entry.before as Entry).after = entry;
    if (entry.after !== null) entry.after.before = entry;
  }
}

/** Whether one key's history is linearizable; null when time ran out. */
function searchKey(records: readonly HistoryRecord[], deadline: number): boolean | null {
  const head = entriesOf(records);
  const done = new Uint32Array(Math.ceil(records.length / 32));
  const seen = new Map<number, { readonly done: Uint32Array; readonly value: string | null }[]>();
  const calls: { readonly call: Entry; readonly value: string | null }[] = [];
  let value: string | null = null;
  let entry = head.after;
  let hash = 0;
  for (let step = 0; head.after !== null; step++) {
    if ((step & 255) === 0 && processorMs() > deadline) return null;
    if (entry !== null && entry.match !== null) {
      const { record, op } = entry;
      const fits = record.kind === 'write' || record.value === value;
      const next: string | null = record.kind === 'write' ? record.value : value;
      if (fits && remember(seen, done, op, hash, next)) {
        calls.push({ call: entry, value });
        value = next;
        hash = mix(hash, op);
        done[op >> 5] = (done[op >> 5] as number) | (1 << (op & 31));
        lift(entry);
        entry = head.after;
      } else {
        entry = entry.after;
      }
      continue;
    }
    const undone = calls.pop();
    if (undone === undefined) return false;
    const { op } = undone.call;
    value = undone.value;
    hash = mix(hash, op);
    done[op >> 5] = (done[op >> 5] as number) & ~(1 << (op & 31));
    unlift(undone.call);
    entry = undone.call.after;
  }
  return true;
}

function mix(hash: number, op: number): number {
  return (hash ^ Math.imul(op + 1, 0x9e3779b1)) | 0;
}

/** Remembers the configuration with the operation added; false when it was known. */
function remember(
  seen: Map<number, { readonly done: Uint32Array; readonly value: string | null }[]>,
  done: Uint32Array,
  op: number,
  hash: number,
  value: string | null,
): boolean {
  const name = mix(hash, op);
  const added = Uint32Array.from(done);
  added[op >> 5] = (added[op >> 5] as number) | (1 << (op & 31));
  const known = seen.get(name) ?? [];
  if (known.some((other) => other.value === value && added.every((word, i) => other.done[i] === word)))
    return false;
  known.push({ done: added, value });
  seen.set(name, known);
  return true;
}

/** Milliseconds that the search takes over all keys; the time limit when it does not end. */
function searchMs(records: readonly HistoryRecord[]): {
  readonly ms: number;
  readonly ended: boolean;
  readonly valid: boolean;
} {
  const start = processorMs();
  const keys = new Map<string, HistoryRecord[]>();
  for (const record of records) {
    const known = keys.get(record.key);
    if (known === undefined) keys.set(record.key, [record]);
    else known.push(record);
  }
  let valid = true;
  for (const list of keys.values()) {
    const answer = searchKey(list, start + PATIENCE_MS);
    if (answer === null) return { ms: processorMs() - start, ended: false, valid };
    if (!answer) valid = false;
  }
  return { ms: processorMs() - start, ended: true, valid };
}

/** Processor time in milliseconds, which other load on the machine disturbs less than the time on the wall. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function timed<T>(work: () => T): { readonly ms: number; readonly result: T } {
  const start = processorMs();
  const result = work();
  return { ms: processorMs() - start, result };
}

function best<T>(work: () => T): { readonly ms: number; readonly result: T } {
  return [timed(work), timed(work), timed(work)].reduce((a, b) => (b.ms < a.ms ? b : a));
}

console.log('workload                        operations   zones ms   with Δ ms  verdict   search ms   ratio');
for (const workload of WORKLOADS) {
  const records = historyOf(workload);
  const zones = best(() => checkHistory(records, { model: 'linearizable' }));
  const withDelta = best(() => checkHistory(records, { model: 'linearizable', maxStale: true }));
  const search = searchMs(records);
  const { verdict } = zones.result;
  if (search.ended && (verdict === 'valid') !== search.valid)
    throw new Error(`${workload.name}: the search disagrees`);
  const ratio = `${search.ended ? '' : '≥ '}${(search.ms / zones.ms).toFixed(1)}`;
  console.log(
    [
      workload.name.padEnd(30),
      String(workload.operations).padStart(11),
      zones.ms.toFixed(0).padStart(10),
      withDelta.ms.toFixed(0).padStart(11),
      ` ${verdict.padEnd(8)}`,
      search.ms.toFixed(0).padStart(10),
      ratio.padStart(9),
    ].join(' '),
  );
}

for (const model of ['read-your-writes', 'monotonic-reads'] as const) {
  for (const workload of [WORKLOADS[0], WORKLOADS[2], WORKLOADS[5]] as Workload[]) {
    const records = historyOf(workload);
    const { ms, result } = best(() => checkHistory(records, { model }));
    console.log(`${model}, ${workload.name}: ${ms.toFixed(0)} ms, ${result.verdict}`);
  }
}
