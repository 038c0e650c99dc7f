/** From counted facts to cost findings: one for each code, template and writer. */
import { CODES } from './codes.ts';
import type { CostFact } from './costs/cost.ts';
import type { Draft } from './document.ts';
import { type FindingContext, withCode } from './findings.ts';
import { keyFacts } from './remedies/facts.ts';
import { type StepDraft, stepsOf } from './timeline.ts';

interface Group {
  worst: CostFact;
  keys: number;
  events: number;
  /** Route, else statement; null where neither could be told. */
  readonly actor: string | null;
}

/** What is proved speaks for the group; then what happened most. */
function isWorse(fact: CostFact, than: CostFact): boolean {
  if (fact.confidence !== than.confidence) return fact.confidence === 'proved';
  return fact.events > than.events;
}

function add(group: Group, fact: CostFact, keys: number, events: number): void {
  group.keys = Math.max(fact.keys, group.keys + keys);
  group.events += events;
  if (isWorse(fact, group.worst)) group.worst = fact;
}

export function costFindings(facts: readonly CostFact[], context: FindingContext): readonly Draft[] {
  const byPattern = new Map<string, Map<string, Group>>();
  for (const fact of facts) {
    const actor = fact.by === null ? null : context.writerOf({ ...fact.by, writes: fact.writes });
    const pattern = `${fact.code} ${context.templateOf(fact.key)}`;
    const groups = byPattern.get(pattern) ?? new Map<string, Group>();
    byPattern.set(pattern, groups);
    const name = fact.writes ? (actor ?? '') : '';
    const known = groups.get(name);
    if (known === undefined) groups.set(name, { worst: fact, keys: fact.keys, events: fact.events, actor });
    else add(known, fact, 1, fact.events);
  }
  return [...byPattern.values()].flatMap((groups) => clear(groups).map((group) => draftOf(group, context)));
}

/** Where one writer is certain, what no writer could be named for, or is only likely, is taken for the same. */
function clear(groups: Map<string, Group>): readonly Group[] {
  const all = [...groups.values()].sort((a, b) => (isWorse(a.worst, b.worst) ? -1 : 1));
  const [first, ...rest] = all;
  if (first === undefined || first.worst.confidence !== 'proved') return all;
  const kept = [first.actor === null ? (rest.find((group) => group.actor !== null) ?? first) : first];
  for (const group of all) {
    if (group === kept[0]) continue;
    if (group.actor === null || group.worst.confidence !== 'proved')
      add(kept[0]!, group.worst, group.keys, group.events);
    else kept.push(group);
  }
  return kept;
}

function draftOf({ worst, keys, events, actor }: Group, context: FindingContext): Draft {
  const steps: readonly StepDraft[] = worst.steps(context.reveal);
  return {
    code: worst.code,
    cause: CODES[worst.code].name,
    template: context.templateOf(worst.key),
    key: worst.key.name,
    db: worst.key.db,
    keys,
    confidence: worst.confidence,
    staleForMs: 0,
    hits: events,
    endedBy: null,
    writer: worst.writes ? actor : null,
    reader: worst.writes ? null : actor,
    witness: stepsOf(steps),
    summary: worst.summary,
    explanation: worst.explanation,
    remedy: withCode(worst.remedy, worst.code, keyFacts(worst.key, worst.by?.shape ?? null, context)),
  };
}
