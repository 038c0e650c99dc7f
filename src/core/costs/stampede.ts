/** WS202: many readers miss the same key at once and run the same statement with the same parameters. */

import { shortened } from '../remedies/statement.ts';
import type { ReadFact } from '../source.ts';
import type { StepDraft } from '../timeline.ts';
import type { KeyState, Version } from '../versions.ts';
import { type Reveal, statementText } from '../wording.ts';
import type { CostFact } from './cost.ts';

export const STAMPEDE = {
  /** Overlapping executions of one statement with the same parameters, for one key. */
  overlapping: 8,
  /** Executions remembered for each statement and parameters. */
  remembered: 64,
  /** Longer executions than this may be missed in a crowd; ns. */
  slack: 1e9,
  /** Statements with parameters that are remembered. */
  statements: 20_000,
} as const;

interface Crowd {
  readonly key: KeyState;
  readonly read: ReadFact;
  reads: readonly ReadFact[];
  events: number;
}

export class Stampedes {
  readonly #executions = new Map<string, ReadFact[]>();
  readonly #crowds = new Map<string, Crowd>();
  readonly #counted = new WeakSet<ReadFact>();

  read(read: ReadFact): void {
    if (read.op.kind !== 'read') return;
    const same = `${read.op.shape}\u0000${read.op.params.join(',')}`;
    let list = this.#executions.get(same);
    if (list === undefined) {
      if (this.#executions.size >= STAMPEDE.statements)
        this.#executions.delete(this.#executions.keys().next().value!);
      list = [];
      this.#executions.set(same, list);
    }
    // Reads come in order of return: what returned long before this one began overlaps none to come either.
    while (list.length > 0 && (list.length >= STAMPEDE.remembered || isOver(list[0]!, read))) list.shift();
    list.push(read);
  }

  /** A fill names the key that a statement's executions were for. */
  fill(version: Version): void {
    for (const source of version.sources) {
      const { op } = source.read;
      const list = this.#executions.get(`${op.shape}\u0000${op.params.join(',')}`);
      if (op.kind !== 'read' || list === undefined || list.length < STAMPEDE.overlapping) continue;
      if (this.#counted.has(source.read)) continue;
      const crowd = overlappingWith(source.read, list);
      if (crowd.length < STAMPEDE.overlapping) continue;
      for (const read of crowd) this.#counted.add(read);
      const known = this.#crowds.get(version.key.id);
      if (known === undefined) {
        this.#crowds.set(version.key.id, {
          key: version.key,
          read: source.read,
          reads: crowd,
          events: 1,
        });
      } else {
        if (crowd.length > known.reads.length) known.reads = crowd;
        known.events++;
      }
    }
  }

  facts(templateOf: (key: KeyState) => string): CostFact[] {
    return [...this.#crowds.values()].map((crowd) => ({
      code: 'WS202',
      key: crowd.key,
      keys: 1,
      events: crowd.reads.length,
      confidence: 'proved',
      by: {
        interval: { invoke: crowd.read.op.invoke, return: crowd.read.op.return ?? Number.POSITIVE_INFINITY },
        tokens: crowd.read.tokens,
        shape: crowd.read.op.shape,
        alike: crowd.reads.map(({ op }) => ({
          invoke: op.invoke,
          return: op.return ?? Number.POSITIVE_INFINITY,
        })),
      },
      writes: false,
      summary: `${crowd.reads.length} executions of the same statement overlapped while ${crowd.key.name} was being filled.`,
      explanation: `When ${templateOf(crowd.key)} is missing, every reader runs the statement itself instead of waiting for the first.`,
      remedy: {
        title: 'let one reader fill, the others wait',
        steps: [
          `Take a short lease on ${templateOf(crowd.key)} (SET NX PX) before ${shortened(crowd.read.op.shape)}; those that do not get it wait and read again.`,
          'Within one process, share the running load between callers.',
        ],
        recipe: 'docs/recipes/single-flight.md',
      },
      steps: (reveal) => crowd.reads.slice(0, MAX_SHOWN).map(({ op }) => readStep(op, reveal)),
    }));
  }
}

/** Executions shown. */
const MAX_SHOWN = 10;

function readStep(op: ReadFact['op'], reveal: Reveal): StepDraft {
  const took = ((op.return ?? op.invoke) - op.invoke) / 1e6;
  const text = statementText(op, reveal);
  return {
    op: op.id,
    at: op.invoke,
    lane: 'reader',
    session: op.session,
    text,
    result: `${took.toFixed(1)} ms`,
  };
}

function isOver(earlier: ReadFact, read: ReadFact): boolean {
  return earlier.op.return! < read.op.invoke - STAMPEDE.slack;
}

/** The largest set of executions that were all under way at one moment, among those that overlap this one. */
function overlappingWith(read: ReadFact, list: readonly ReadFact[]): readonly ReadFact[] {
  const near = list.filter((other) => other.op.invoke < read.op.return! && other.op.return! > read.op.invoke);
  let best: readonly ReadFact[] = [];
  for (const moment of near) {
    const at = moment.op.invoke;
    const together = near.filter((other) => other.op.invoke <= at && other.op.return! > at);
    if (together.length > best.length) best = together;
  }
  return best;
}
