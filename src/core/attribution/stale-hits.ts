/** Which of the remembered hits served a stale value. Hits older than the oldest mark are counted for no route. */

import type { Verdict } from '../judge.ts';
import { append } from '../multimap.ts';
import { EARLY_HITS, type Version } from '../versions.ts';
import { MARK, type Marks } from './marks.ts';

interface StaleTime {
  readonly version: Version;
  /** When the first of the writes was over; hits invoked later are stale. */
  over: number;
  last: number;
  /** Invocations of all of them, when they are few enough to be kept. */
  readonly known: Set<number> | null;
}

/** Marks of stale hits (proved and likely), each once. */
export function staleMarks(verdicts: readonly Verdict[], marks: Marks): ReadonlySet<number> {
  const found = new Set<number>();
  const byKey = staleTimes(verdicts);
  if (byKey.size === 0) return found;
  for (let mark = 0; mark < marks.count; mark++) {
    if (marks.kind[mark] !== MARK.hit) continue;
    const times = byKey.get(marks.key[mark]!);
    if (times?.some((time) => isWithin(time, marks, mark)) === true) found.add(mark);
  }
  return found;
}

function staleTimes(verdicts: readonly Verdict[]): ReadonlyMap<string, readonly StaleTime[]> {
  const byVersion = new Map<Version, StaleTime>();
  for (const { window, over } of verdicts) {
    const { version, hits } = window;
    const last = hits.last?.invoke ?? Number.NEGATIVE_INFINITY;
    const all = hits.early.length < EARLY_HITS ? hits.early : null;
    const known = byVersion.get(version);
    if (known === undefined) {
      byVersion.set(version, { version, over, last, known: all === null ? null : new Set(all) });
      continue;
    }
    known.over = Math.min(known.over, over);
    known.last = Math.max(known.last, last);
    for (const invoke of all ?? []) known.known?.add(invoke);
  }
  const byKey = new Map<string, StaleTime[]>();
  for (const time of byVersion.values()) {
    const { name } = time.version.key;
    append(byKey, name, time);
  }
  return byKey;
}

function isWithin({ version, over, last, known }: StaleTime, marks: Marks, mark: number): boolean {
  const invoke = marks.invoke[mark]!;
  if (version.key.db !== marks.db[mark] || invoke <= over || invoke > last) return false;
  // A value told by its fields, or by the first read of it.
  if (version.digest !== null && version.fields === null && version.digest !== marks.value[mark])
    return false;
  return known === null || known.has(invoke);
}
