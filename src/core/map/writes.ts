/** Kinds of write: commits of one writer with the same statements, and what becomes of the keys they feed. */
import type { KeyState, Removal } from '../versions.ts';
import type { Instance, Target } from './coverage.ts';
import type { Invalidation, MappedWrite, Who, WriteStatus } from './coverage-map.ts';
import { order, sorted } from './lineage.ts';

/** Up to this share of removals among commits that had something to remove, they are held to be other writes'. */
const STRAY = 0.15;

interface Kind {
  readonly by: Who;
  readonly instances: Instance[];
}

const RANK: Readonly<Record<WriteStatus, number>> = { uncovered: 0, partial: 1, undecided: 2, covered: 3 };

export class Kinds {
  readonly #kinds = new Map<string, Kind>();
  readonly #target: Target;
  readonly #templateOf: (key: KeyState) => string;

  constructor(target: Target, templateOf: (key: KeyState) => string) {
    this.#target = target;
    this.#templateOf = templateOf;
  }

  add(writer: Who, instance: Instance): void {
    const { statements, changes } = instance.relevance;
    const what = statements.size > 0 ? statements : changes;
    // A transaction goes by those of its statements that matter here.
    const by =
      writer.kind === 'statement' && statements.size > 0
        ? { ...writer, name: sorted(statements).join('; ') }
        : writer;
    const id = [by.kind, by.name, ...sorted(what)].join('\u0000');
    const kind = this.#kinds.get(id);
    if (kind === undefined) this.#kinds.set(id, { by, instances: [instance] });
    else kind.instances.push(instance);
  }

  /** The kinds, uncovered ones first. */
  mapped(): readonly MappedWrite[] {
    const kinds = [...this.#kinds.values()].map((kind) => this.#mapped(kind));
    return merged(kinds).sort(
      (a, b) =>
        RANK[a.status] - RANK[b.status] ||
        order(a.by.name, b.by.name) ||
        order(a.statements.join(), b.statements.join()),
    );
  }

  #mapped({ by, instances: all }: Kind): MappedWrite {
    const instances = givenTheBenefit(withoutFills(all));
    const status = statusOf(instances);
    const invalidated = instances.filter((one) => one.outcome === 'invalidated');
    return {
      by,
      statements: sorted(instances.flatMap((one) => [...one.relevance.statements])),
      changes: sorted(instances.flatMap((one) => [...one.relevance.changes])),
      status,
      confidence: instances.some((one) => one.relevance.certain || one.stale) ? 'certain' : 'likely',
      seen: instances.length,
      cached: instances.filter((one) => one.cached).length,
      stale: instances.filter((one) => one.stale).length,
      invalidated: invalidated.length,
      unclear: instances.filter((one) => one.outcome === 'unclear').length,
      failed: instances.filter((one) => one.failed).length,
      invalidations: this.#invalidations(invalidated),
      removes: status === 'uncovered' ? this.#elsewhere(instances) : [],
    };
  }

  #invalidations(instances: readonly Instance[]): readonly Invalidation[] {
    const found = new Map<string, Invalidation>();
    for (const { removals } of instances) {
      const ways = new Map(removals.map((removal) => [this.#way(removal), removal]));
      for (const [how, removal] of ways) {
        const when = removal.claim?.position === 'before' ? 'before-commit' : 'after-commit';
        const id = `${how}\u0000${when}`;
        found.set(id, { how, when, times: (found.get(id)?.times ?? 0) + 1 });
      }
    }
    return [...found.values()]
      .filter(({ times }) => times >= instances.length * STRAY)
      .sort((a, b) => order(a.how, b.how) || order(a.when, b.when));
  }

  #way(removal: Removal): string {
    const { op, kind } = removal;
    const named = this.#target.commanded(removal);
    if (this.#target.generations.carries(named)) return `${op.command} ${this.#templateOf(named)}`;
    if (op.kind === 'script') return `script (${op.command})`;
    return kind === 'rewrite' ? `rewrite by ${op.command}` : op.command;
  }

  /** What an uncovered write does remove. */
  #elsewhere(instances: readonly Instance[]): readonly string[] {
    const removed = instances.flatMap((one) =>
      one.write.removals.filter(
        (removal) =>
          removal.kind === 'removal' && !removal.failed && this.#target.commanded(removal) === removal.key,
      ),
    );
    const counts = new Map<string, number>();
    for (const { key } of removed) {
      const template = this.#templateOf(key);
      counts.set(template, (counts.get(template) ?? 0) + 1);
    }
    return sorted(
      [...counts].filter(([, count]) => count * 2 >= instances.length).map(([template]) => template),
    );
  }
}

/** A script that stores a value may be a reader's. It is the write's own where most of its kind come with one. */
function withoutFills(instances: readonly Instance[]): readonly Instance[] {
  const weak = instances.filter((one) => one.outcome === 'invalidated' && one.weak);
  if (weak.length * 2 >= instances.length) return instances;
  return instances.map((one) => (weak.includes(one) ? { ...one, outcome: 'unclear' } : one));
}

/** Where commits of a kind do remove their keys, one whose keys were removed at once by nobody knows whom is no exception. */
function givenTheBenefit(instances: readonly Instance[]): readonly Instance[] {
  const invalidated = instances.filter((one) => one.outcome === 'invalidated').length;
  if (invalidated <= instances.length * STRAY) return instances;
  return instances.map((one) =>
    one.outcome === 'missed' && one.cached && one.near ? { ...one, outcome: 'unclear' } : one,
  );
}

/** Commits that found a cached key decide; where none did, all of them. */
function statusOf(instances: readonly Instance[]): WriteStatus {
  const decided = instances.filter((one) => one.outcome !== 'unclear');
  const invalidated = decided.filter((one) => one.outcome === 'invalidated').length;
  const missed = decided.length - invalidated;
  const cached = decided.filter((one) => one.cached);
  const missedCached = cached.filter((one) => one.outcome === 'missed').length;
  const stale = instances.some((one) => one.stale);
  if (decided.length === 0 && !stale) return 'undecided';
  if (invalidated === 0) return 'uncovered';
  if (missedCached === 0 || missed === 0) return 'covered';
  const stray =
    invalidated <= decided.length * STRAY && cached.length - missedCached <= cached.length * STRAY;
  return stray ? 'uncovered' : 'partial';
}

/** Statements of one route that end alike are one entry: builders of statements make one for each set of columns. */
function merged(kinds: readonly MappedWrite[]): MappedWrite[] {
  const groups = new Map<string, MappedWrite>();
  for (const kind of kinds) {
    const id =
      kind.by.kind === 'statement'
        ? `${kind.by.kind}\u0000${kind.statements.join('\u0000')}`
        : `${kind.by.kind}\u0000${kind.by.name}\u0000${kind.status}`;
    const known = groups.get(id);
    groups.set(id, known === undefined ? kind : join(known, kind));
  }
  return [...groups.values()];
}

function join(a: MappedWrite, b: MappedWrite): MappedWrite {
  return {
    by: a.by,
    status: RANK[a.status] <= RANK[b.status] ? a.status : b.status,
    statements: sorted([...a.statements, ...b.statements]),
    changes: sorted([...a.changes, ...b.changes]),
    confidence: a.confidence === 'certain' || b.confidence === 'certain' ? 'certain' : 'likely',
    seen: a.seen + b.seen,
    cached: a.cached + b.cached,
    stale: a.stale + b.stale,
    invalidated: a.invalidated + b.invalidated,
    unclear: a.unclear + b.unclear,
    failed: a.failed + b.failed,
    invalidations: joined(a.invalidations, b.invalidations),
    removes: sorted([...a.removes, ...b.removes]),
  };
}

function joined(a: readonly Invalidation[], b: readonly Invalidation[]): readonly Invalidation[] {
  const found = new Map<string, Invalidation>();
  for (const one of [...a, ...b]) {
    const id = `${one.how}\u0000${one.when}`;
    found.set(id, { ...one, times: (found.get(id)?.times ?? 0) + one.times });
  }
  return [...found.values()].sort((x, y) => order(x.how, y.how) || order(x.when, y.when));
}
