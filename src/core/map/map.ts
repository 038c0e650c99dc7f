/** The coverage map of a history: see coverage-map.ts for what it says. */

import { Analyser, type Groundwork } from '../analyse.ts';
import { addTo } from '../multimap.ts';
import type { Operation } from '../operation.ts';
import type { KeyState } from '../versions.ts';
import type { WriteRecord } from '../writes.ts';
import { instanceOf, type Moment, removedAround, removedSoon, type Target } from './coverage.ts';
import { type CoverageMap, type MappedTemplate, type Ttl, templateId } from './coverage-map.ts';
import { Gatherer, type KeyFacts } from './gather.ts';
import { generationsOf } from './generations.ts';
import { feedsOf, mappedSources, order, sorted, tableLineages } from './lineage.ts';
import { keyPattern, partsOf, segmentsOf } from './segments.ts';
import { Names } from './who.ts';
import { Kinds } from './writes.ts';

/** Keys of one template in one database. */
interface Group {
  readonly template: string;
  readonly db: number;
  readonly keys: readonly KeyState[];
}

/** Draws the map while operations pass by, in order of return. */
export class Mapper {
  readonly #analyser: Analyser;
  readonly #gatherer: Gatherer;
  /** When the cache was first asked or filled: what was written before, nobody could have cached. */
  #firstUse = Number.POSITIVE_INFINITY;

  constructor() {
    this.#gatherer = new Gatherer((table) => this.#analyser.primaryKey(table));
    this.#analyser = new Analyser(this.#gatherer);
  }

  add(op: Operation): void {
    if (op.tier === 'cache' && (op.kind === 'read' || op.kind === 'write' || op.kind === 'script'))
      this.#firstUse = Math.min(this.#firstUse, op.invoke);
    this.#analyser.add(op);
  }

  /** Call it once, when the history has ended. */
  result(): CoverageMap {
    const ground = this.#analyser.groundwork();
    this.#gatherer.finish();
    return draw(ground, this.#gatherer, this.#firstUse);
  }
}

/** The map of a whole history. Operations must be in order of return. */
export function mapOf(operations: Iterable<Operation>): CoverageMap {
  const mapper = new Mapper();
  for (const op of operations) mapper.add(op);
  return mapper.result();
}

function draw(ground: Groundwork, gatherer: Gatherer, firstUse: number): CoverageMap {
  const context = { ground, gatherer, names: new Names(ground), moment: momentOf(ground, gatherer) };
  const judged = judgedWrites(ground, gatherer, firstUse);
  const groups = groupsOf(ground);
  const templates: MappedTemplate[] = [];
  const unexplained: Group[] = [];
  for (const group of groups) {
    const mapped = mapTemplate(group, judged, context);
    if (mapped === null) unexplained.push(group);
    else templates.push(mapped);
  }
  const writes = templates.flatMap((template) => template.writes);
  const count = (status: string) => writes.filter((write) => write.status === status).length;
  return {
    templates,
    unexplained: unexplained.map(({ template, db }) => ({ template, db })),
    summary: {
      templates: templates.length,
      writes: writes.length,
      uncovered: count('uncovered'),
      partial: count('partial'),
    },
    commits: { seen: gatherer.commits, judged: judged.length },
  };
}

/** Commits whose removals are all still remembered. What sets the tables up before anybody uses the cache is no write of
 * the service's. */
function judgedWrites(
  { writes, removals }: Groundwork,
  gatherer: Gatherer,
  firstUse: number,
): readonly WriteRecord[] {
  const [oldest] = removals;
  const all = writes.filter(
    (write) =>
      gatherer.affected.has(write) && (write.request !== null || write.commit.interval.return >= firstUse),
  );
  const forgotten = gatherer.affected.size < gatherer.commits || writes.length < gatherer.commits;
  if (oldest === undefined || !forgotten) return all;
  return all.filter((write) => write.commit.interval.invoke >= oldest.interval.invoke);
}

function groupsOf({ naming }: Groundwork): readonly Group[] {
  const groups = new Map<string, { template: string; db: number; keys: KeyState[] }>();
  for (const key of naming.cached()) {
    const group = { template: naming.templateOf(key), db: key.db };
    const id = templateId(group);
    const known = groups.get(id);
    if (known === undefined) groups.set(id, { ...group, keys: [key] });
    else known.keys.push(key);
  }
  return [...groups.values()].sort((a, b) => order(a.template, b.template) || a.db - b.db);
}

function momentOf({ removals, verdicts, now }: Groundwork, gatherer: Gatherer): Moment {
  const around = removedAround(removals);
  const stale = new Map<WriteRecord, Set<KeyState>>();
  for (const { window } of verdicts) {
    addTo(stale, window.write, window.version.key);
  }
  const none: ReadonlySet<KeyState> = new Set();
  return {
    removedSoon: removedSoon(removals),
    removedAround: (write) => around.get(write) ?? none,
    affectedBy: (write) => gatherer.affected.get(write) ?? [],
    staleBy: (write) => stale.get(write) ?? none,
    now,
  };
}

interface Context {
  readonly ground: Groundwork;
  readonly gatherer: Gatherer;
  readonly names: Names;
  readonly moment: Moment;
}

/** null when nothing is known to feed it. */
function mapTemplate(
  group: Group,
  writes: readonly WriteRecord[],
  { ground, gatherer, names, moment }: Context,
): MappedTemplate | null {
  const { naming, places, primaryKey } = ground;
  const { template, db } = group;
  const facts = group.keys.flatMap((key) => gatherer.keys.get(key) ?? []);
  const feeds = feedsOf(facts, places);
  if (feeds.length === 0) return null;
  const tables = tableLineages(feeds, primaryKey);
  const segments = segmentsOf(template, facts, new Set(tables.keys()), primaryKey);
  const parts = partsOf(template);
  const target: Target = {
    lineage: { tables, primaryKey },
    has: (key) => key.db === db && naming.templateOf(key) === template,
    parts,
    segments,
    generations: generationsOf(group.keys, parts, segments, gatherer.scalars, naming.templateOf),
    commanded: ({ op, key }) => ('key' in op ? ground.keys.get(`${op.db} ${op.key}`) : undefined) ?? key,
  };
  const kinds = new Kinds(target, naming.templateOf);
  for (const write of writes) {
    const instance = instanceOf(write, target, moment);
    const by = instance === null ? null : names.writer(write);
    if (instance !== null && by !== null) kinds.add(by, instance);
  }
  return {
    template,
    db,
    keys: group.keys.length,
    hits: total(group.keys, (key) => key.stats.hits),
    misses: total(group.keys, (key) => key.stats.misses),
    key: keyPattern(template, segments),
    segments,
    formats: sorted(facts.flatMap((one) => [...one.formats])),
    ttl: ttlOf(facts),
    sources: mappedSources(feeds, primaryKey),
    filledBy: names.fills(facts, feeds),
    writes: kinds.mapped(),
  };
}

function total(keys: readonly KeyState[], figure: (key: KeyState) => number): number {
  return keys.reduce((sum, key) => sum + figure(key), 0);
}

function ttlOf(facts: readonly KeyFacts[]): Ttl {
  const least = facts.flatMap((one) => one.minTtl ?? []);
  const most = facts.flatMap((one) => one.maxTtl ?? []);
  return {
    minMs: least.length === 0 ? null : least.reduce((a, b) => Math.min(a, b)),
    maxMs: most.length === 0 ? null : most.reduce((a, b) => Math.max(a, b)),
    unbounded: facts.reduce((sum, one) => sum + one.unbounded, 0),
  };
}
