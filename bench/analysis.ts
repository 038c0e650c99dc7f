/**
 * Stale detection over a history in memory: operations a second, and the heap it keeps, for two histories of which the second
 * has ten times the operations over the same keys. Prints ratios side by side; goal: 500 k operations/s, memory by keys.
 */
import { Analyser } from '../src/core/analyse.ts';
import type { Operation } from '../src/core/operation.ts';
import { parseHistory } from '../test/support/history.ts';

const KEYS = 1_000;

/** A shop at work: reads by far the most, misses and fills, a write with its invalidation now and then. */
function stretch(): readonly Operation[] {
  const lines = ['table items key id'];
  let at = 0;
  const line = (text: string) => {
    at += 1;
    lines.push(`${at} ${text}`);
  };
  for (let round = 0; round < 2 * KEYS; round++) {
    const id = (round * 7919) % KEYS;
    const price = 10 + (round % 1000);
    const body = `{"id":${id},"name":"Item number ${id}","price":${price}}`;
    line(`r1 GET item:${id} -> miss`);
    line(`p1 read items id=${id} -> id=${id} name="Item_number_${id}" price=${price}`);
    line(`r1 SET item:${id} ${body} EX 60`);
    for (let hit = 0; hit < 20; hit++) line(`r${hit % 4} GET item:${id} -> ${body}`);
    line(`p2 write items id=${id} set price=${price + 1}`);
    line(`r2 DEL item:${id} -> 1`);
  }
  return parseHistory(lines.join('\n')).operations;
}

/** The same stretch again and again, later each time. */
function* repeated(operations: readonly Operation[], times: number): Generator<Operation> {
  const span = operations.at(-1)?.return ?? 0;
  for (let time = 0; time < times; time++) {
    for (const op of operations) {
      const shift = time * span;
      yield { ...op, invoke: op.invoke + shift, return: (op.return ?? 0) + shift } as Operation;
    }
  }
}

interface Figures {
  readonly operations: number;
  readonly perSecond: number;
  readonly heapMb: number;
}

function run(base: readonly Operation[], times: number): Figures {
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  const analyser = new Analyser();
  const begin = performance.now();
  for (const op of repeated(base, times)) analyser.add(op);
  const findings = analyser.result().findings.length;
  const seconds = (performance.now() - begin) / 1000;
  if (findings > 0) throw new Error(`the history is without a bug, and ${findings} findings were made`);
  global.gc?.();
  const operations = base.length * times;
  return {
    operations,
    perSecond: operations / seconds,
    heapMb: (process.memoryUsage().heapUsed - before) / 1e6,
  };
}

const base = stretch();
run(base, 1);
const small = run(base, 4);
const large = run(base, 40);
const show = (value: number) => Math.round(value).toLocaleString('en');
const row = (name: string, a: string, b: string, ratio: number, goal = '') =>
  console.log(`${name.padEnd(16)}${a.padStart(12)}${b.padStart(12)}   x${ratio.toFixed(2)}   ${goal}`);
row('operations', show(small.operations), show(large.operations), large.operations / small.operations);
row(
  'operations/s',
  show(small.perSecond),
  show(large.perSecond),
  large.perSecond / small.perSecond,
  'goal 500,000',
);
row(
  'heap kept, MB',
  small.heapMb.toFixed(1),
  large.heapMb.toFixed(1),
  large.heapMb / small.heapMb,
  'by keys, not by operations',
);
