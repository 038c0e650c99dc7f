/** The stores that a case is recorded with. */
import type { Recipe } from './case.ts';

export interface Topology {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** `plain`: the embedded engines of `watch` itself. */
export async function topologyOf(topology: Recipe['topology']): Promise<Topology> {
  if (topology === 'plain') return { flags: [], env: {}, stop: async () => undefined };
  throw new Error(`No such topology yet: ${topology}.`);
}
