/** The order and numbering of findings in a document: staleness before safety before cost; proved first; worst first. */
import { CODES } from './codes.ts';
import type { Finding } from './finding.ts';

export type Draft = Omit<Finding, 'id'>;

const GROUP_ORDER = { staleness: 0, safety: 1, cost: 2 } as const;
const CONFIDENCE_ORDER = { proved: 0, likely: 1, possible: 2 } as const;

export function numberFindings(drafts: readonly Draft[]): readonly Finding[] {
  return [...drafts]
    .sort(
      (a, b) =>
        GROUP_ORDER[CODES[a.code].group] - GROUP_ORDER[CODES[b.code].group] ||
        CONFIDENCE_ORDER[a.confidence] - CONFIDENCE_ORDER[b.confidence] ||
        b.hits - a.hits ||
        (a.code + a.template < b.code + b.template ? -1 : 1),
    )
    .map((draft, i) => ({ id: `F${i + 1}`, ...draft }));
}
