/** WS201: one write removes many keys, and nearly all of them are not fed by what it changed. */

import { feeds, tellsAnotherRow } from '../feeding.ts';
import { shortened } from '../remedies/statement.ts';
import { removalStep, type StepDraft } from '../timeline.ts';
import type { KeyState, Removal } from '../versions.ts';
import { changeText, type Reveal } from '../wording.ts';
import type { WriteRecord } from '../writes.ts';
import type { CostFact } from './cost.ts';

export const OVER_INVALIDATION = {
  /** Keys that one write removes at least. */
  keys: 10,
  /** Share of them that the write's rows do not feed. */
  unrelated: 0.8,
} as const;

/** Whether what the write changed may stand behind the key. */
export function isFedBy(key: KeyState, write: WriteRecord): boolean {
  return fedBy(key, write) !== false;
}

/** undefined: the wire does not say which rows stand behind the key. */
function fedBy(key: KeyState, write: WriteRecord): boolean | undefined {
  let told: false | undefined = false;
  for (const change of write.commit.changes) {
    if (change.superseded === true || !key.fedTables.has(change.table)) continue;
    const fed = change.rows === null ? undefined : feeds(key, change, change.rows);
    if (fed === true) return true;
    // A list or a figure may be fed by rows that were never in its result.
    if (change.action !== 'update' && key.bound.size === 0 && !tellsAnotherRow(key, change)) return true;
    if (fed === undefined) told = undefined;
  }
  return told;
}

/** Removals shown. */
const MAX_SHOWN = 10;

function writeSteps(write: WriteRecord, reveal: Reveal): StepDraft[] {
  const ops = new Map(write.commit.changes.map((change) => [change.op, change]));
  return [...ops].slice(0, 3).map(([op, change]) => ({
    op: op.id,
    at: op.invoke,
    lane: 'writer',
    session: op.session,
    text: changeText(change, reveal),
  }));
}

/** Looks at all writes that claimed removals. */
export function overInvalidations(writes: Iterable<WriteRecord>): CostFact[] {
  const facts: CostFact[] = [];
  for (const write of writes) {
    const fact = overInvalidation(write);
    if (fact !== null) facts.push(fact);
  }
  return facts;
}

function overInvalidation(write: WriteRecord): CostFact | null {
  const removed = new Map<string, Removal>();
  for (const removal of write.removals) {
    // Only keys that held something when they were removed, and whose lineage is known, can be called unrelated.
    const { key, kind, hitSomething } = removal;
    if (kind === 'removal' && hitSomething && key.fedTables.size > 0 && fedBy(key, write) !== undefined)
      removed.set(key.id, removal);
  }
  if (removed.size < OVER_INVALIDATION.keys) return null;
  const unrelated = [...removed.values()].filter((removal) => !isFedBy(removal.key, write));
  if (unrelated.length < removed.size * OVER_INVALIDATION.unrelated) return null;
  const first = unrelated[0]!;
  return {
    code: 'WS201',
    key: first.key,
    keys: removed.size,
    events: unrelated.length,
    confidence: unrelated.every((removal) => removal.claim?.position === 'after') ? 'proved' : 'likely',
    by: { interval: write.commit.interval, tokens: write.commit.tokens, shape: write.commit.shape },
    writes: true,
    summary: `One write removed ${removed.size} keys; ${unrelated.length} of them are not fed by what it changed.`,
    explanation: `The write changed ${[...new Set(write.commit.changes.map((c) => c.table))].join(', ') || 'nothing'} and then removed keys far beyond the rows concerned; each costs a miss and a query that was not needed.`,
    remedy: {
      title: 'remove only the keys that the row feeds',
      steps: [
        `After the COMMIT of ${shortened(write.commit.shape)}, remove keys by name, not by pattern: ${first.key.name} and the others are not fed by it.`,
        'Keep the list of keys that a row feeds in one place next to the table.',
      ],
      recipe: 'docs/recipes/key-function.md',
    },
    steps: (reveal) => [...writeSteps(write, reveal), ...unrelated.slice(0, MAX_SHOWN).map(removalStep)],
  };
}
