/** Counts the hits of findings without a window among the stale ones, each once. */
import { MARK, type Marks } from '../attribution/marks.ts';
import type { Summary, TemplateFigures } from '../finding.ts';
import type { Verdict } from '../judge.ts';
import { EARLY_HITS, type KeyState, type Version } from '../versions.ts';

/** Hits by the value that they served: their invocations. */
export type HitsServed = ReadonlyMap<Version, ReadonlySet<number>>;

/** Verdicts but for those all of whose hits served another row's value: that comes first. What was never committed comes
 * before it. */
export function withoutForeign(verdicts: readonly Verdict[], foreign: HitsServed): readonly Verdict[] {
  if (foreign.size === 0) return verdicts;
  return verdicts.filter(({ window, over }) => {
    const hits = foreign.get(window.version);
    if (hits === undefined || window.write.commit.txn.state === 'rolled back') return true;
    const { early, count } = window.hits;
    return count > EARLY_HITS || early.some((invoke) => invoke > over && !hits.has(invoke));
  });
}

/** Of each value the hits that no verdict counts. */
export function uncounted(all: readonly HitsServed[], verdicts: readonly Verdict[]): HitsServed {
  const counted = new Map<Version, Set<number>>();
  for (const { window, over } of verdicts) {
    const known = counted.get(window.version) ?? new Set();
    for (const invoke of window.hits.early) if (invoke > over) known.add(invoke);
    counted.set(window.version, known);
  }
  const left = new Map<Version, Set<number>>();
  for (const hits of all) {
    for (const [version, invokes] of hits) {
      const known = left.get(version) ?? new Set();
      for (const invoke of invokes) if (counted.get(version)?.has(invoke) !== true) known.add(invoke);
      left.set(version, known);
    }
  }
  return left;
}

export function addToSummary(summary: Summary, hits: HitsServed): Summary {
  let more = 0;
  for (const invokes of hits.values()) more += invokes.size;
  return more === 0 ? summary : { ...summary, staleHits: summary.staleHits + more };
}

export function addToTemplates(
  figures: readonly TemplateFigures[],
  hits: HitsServed,
  templateOf: (key: KeyState) => string,
): readonly TemplateFigures[] {
  const more = new Map<string, number>();
  for (const [version, invokes] of hits) {
    const template = templateOf(version.key);
    more.set(template, (more.get(template) ?? 0) + invokes.size);
  }
  if (more.size === 0) return figures;
  return figures.map((entry) => ({
    ...entry,
    staleHits: entry.staleHits + (more.get(entry.template) ?? 0),
  }));
}

/** Marks of these hits, and those given. */
export function addToMarks(
  stale: ReadonlySet<number>,
  hits: HitsServed,
  marks: Marks | null,
): ReadonlySet<number> {
  if (hits.size === 0 || marks === null) return stale;
  const byKey = new Map<string, Set<number>>();
  for (const [{ key }, invokes] of hits) {
    const id = `${key.db} ${key.name}`;
    byKey.set(id, new Set([...(byKey.get(id) ?? []), ...invokes]));
  }
  const all = new Set(stale);
  for (let mark = 0; mark < marks.count; mark++) {
    if (marks.kind[mark] !== MARK.hit) continue;
    if (byKey.get(`${marks.db[mark]} ${marks.key[mark]}`)?.has(marks.invoke[mark]!) === true) all.add(mark);
  }
  return all;
}
