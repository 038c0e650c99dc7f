/** Who fills and who writes, by names that are the same in every recording of the same service. */
import type { Groundwork } from '../analyse.ts';
import type { Commit } from '../source.ts';
import type { WriteRecord } from '../writes.ts';
import type { MappedFill, Who } from './coverage-map.ts';
import type { KeyFacts } from './gather.ts';
import { type Feed, order } from './lineage.ts';

/** Operations of one template whose request is looked for. */
const MAX_SAMPLE = 2_000;

/** Shares that a route must have where none is certain: of what fills a template, of the executions of a write. */
const MOST = 0.5;
const NEARLY_ALL = 0.8;

type Counts = Map<string, number>;

export class Names {
  readonly #ground: Groundwork;
  /** Routes that certainly ran a kind of write, and that it was attributed to, by its shape. */
  readonly #certain = new Map<string, Counts>();
  readonly #likely = new Map<string, Counts>();

  constructor(ground: Groundwork) {
    this.#ground = ground;
    for (const { commit } of ground.writes) {
      const owner = ground.attributed.of(commit.op);
      if (owner == null) continue;
      const byShape = owner.certain ? this.#certain : this.#likely;
      const routes = byShape.get(commit.shape) ?? new Map<string, number>();
      byShape.set(commit.shape, routes);
      tally(routes, owner.route);
    }
  }

  /** Who made a commit; null where it was one of several routes and it is not certain which. */
  writer({ commit }: WriteRecord): Who | null {
    if (commit.outside !== undefined) return outsider(commit);
    const owner = this.#ground.attributed.of(commit.op);
    if (owner?.certain === true) return { kind: 'route', name: owner.route };
    const { shape } = commit;
    const certain = this.#certain.get(shape);
    if (certain !== undefined && certain.size > 1) return null;
    const [only] = certain?.keys() ?? [];
    const name = only ?? most(this.#likely.get(shape), NEARLY_ALL);
    return name === null ? { kind: 'statement', name: shape } : { kind: 'route', name };
  }

  /** Who fills a template: the routes that certainly did, else the one that most of what is known speaks for, else the
   * statement behind most fills. */
  fills(keys: readonly KeyFacts[], feeds: readonly Feed[]): readonly MappedFill[] {
    const fills = keys.reduce((sum, facts) => sum + facts.fills, 0);
    const certain: Counts = new Map();
    const likely: Counts = new Map();
    for (const op of sampleOf(keys)) {
      const owner = this.#ground.attributed.of(op);
      if (owner != null) tally(owner.certain ? certain : likely, owner.route);
    }
    if (certain.size > 0) return scaled(certain, fills);
    const name = most(likely, MOST);
    if (name !== null) return [{ by: { kind: 'route', name }, fills }];
    const [first] = [...feeds].sort((a, b) => b.fills - a.fills || order(a.op.shape, b.op.shape));
    return first === undefined
      ? []
      : [{ by: { kind: 'statement', name: first.op.shape }, fills: first.fills }];
  }
}

function tally(counts: Counts, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** The name that has at least this share of all. */
function most(counts: Counts | undefined, share: number): string | null {
  if (counts === undefined) return null;
  const total = [...counts.values()].reduce((sum, one) => sum + one, 0);
  const [first] = [...counts].sort((a, b) => b[1] - a[1] || order(a[0], b[0]));
  return first !== undefined && first[1] >= total * share ? first[0] : null;
}

/** Fills, and the misses that led to them. */
function sampleOf(keys: readonly KeyFacts[]): readonly number[] {
  const ops: number[] = [];
  for (const facts of keys) {
    if (ops.length >= MAX_SAMPLE) break;
    ops.push(...facts.operations);
  }
  return ops;
}

/** Shares of a sample, as counts of all. */
function scaled(sample: ReadonlyMap<string, number>, fills: number): MappedFill[] {
  const seen = [...sample.values()].reduce((sum, one) => sum + one, 0);
  return [...sample]
    .map(([name, count]) => ({
      by: { kind: 'route' as const, name },
      fills: Math.max(1, Math.round((count * fills) / seen)),
    }))
    .sort((a, b) => order(a.by.name, b.by.name));
}

/** A writer past the proxies. Its transaction number is another in every recording, so it does not go by that. */
function outsider({ outside }: Commit): Who {
  const application = outside?.application ?? '';
  return { kind: 'client', name: application === '' ? 'outside' : `outside: ${application}` };
}
