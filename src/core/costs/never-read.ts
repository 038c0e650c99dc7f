/** WS204: a template is filled again and again and never read. */
import { append } from '../multimap.ts';
import { shortened } from '../remedies/statement.ts';
import type { KeyState } from '../versions.ts';
import type { CostFact } from './cost.ts';

/** Fills of a template before silence says something. */
export const NEVER_READ_FILLS = 10;

export function neverRead(keys: Iterable<KeyState>, templateOf: (key: KeyState) => string): CostFact[] {
  const byTemplate = new Map<string, KeyState[]>();
  for (const key of keys) {
    const template = templateOf(key);
    append(byTemplate, template, key);
  }
  const facts: CostFact[] = [];
  for (const [template, members] of byTemplate) {
    const reads = members.reduce((sum, key) => sum + key.stats.hits + key.stats.misses, 0);
    // Locks, leases and streams have no source read behind them; what scripts touch may be read by scripts.
    const filled = members.filter((key) => key.fedTables.size > 0 && !key.stats.scripted);
    const fills = filled.reduce((sum, key) => sum + key.stats.fills, 0);
    if (reads > 0 || fills < NEVER_READ_FILLS || members.some((key) => key.stats.scripted)) continue;
    facts.push({
      code: 'WS204',
      key: filled[0]!,
      keys: filled.length,
      events: fills,
      confidence: 'proved',
      by: null,
      writes: true,
      summary: `${template} was filled ${fills} times and never read.`,
      explanation: 'Every fill costs a query and memory, and nobody asks for the value.',
      remedy: {
        title: 'stop filling it',
        steps: [
          `Remove the write of ${template} (it is filled from ${shortened([...filled[0]!.feeders][0] ?? 'a statement')}), or find the reader that asks under another name.`,
        ],
      },
      steps: () => [],
    });
  }
  return facts;
}
