/** The coverage map of a history: see coverage-map.ts for what it says. */

import { Analyser, type Groundwork, type Onlooker } from '../analyse.ts';
import { addTo } from '../multimap.ts';
import type { Operation } from '../operation.ts';
import type { KeyState } from '../versions.ts';
import type { WriteRecord } from '../writes.ts';
import {
  type Instance,
  instanceOf,
  type Moment,
  removedAround,
  removedSoon,
  type Target,
} from './coverage.ts';
import { type CoverageMap, type MappedTemplate, type Ttl, templateId } from './coverage-map.ts';
import { Gatherer, type KeyFacts } from './gather.ts';
import { generationsOf } from './generations.ts';
import { type Feed, feedsOf, mappedSources, order, sorted, tableLineages } from './lineage.ts';
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

  /** `also`: is told what the map is told. */
  constructor(also: Onlooker | null = null) {
    const gatherer = new Gatherer((table) => this.#analyser.primaryKey(table));
    this.#gatherer = gatherer;
    this.#analyser = new Analyser({
      filled: (version) => {
        gatherer.filled(version);
        also?.filled(version);
      },
      committed: (write) => {
        gatherer.committed(write);
        also?.committed(write);
      },
    });
  }

  add(op: Operation): void {
    if (op.tier === 'cache' && (op.kind === 'read' || op.kind === 'write' || op.kind === 'script'))
      this.#firstUse = Math.min(this.#firstUse, op.invoke);
    this.#analyser.add(op);
  }

  /** Call it once, when the history has ended. */
  result(): CoverageMap {
    return draw(this.survey());
  }

  /** What the map is drawn from. Call it once, when the history has ended. */
  survey(): Survey {
    const ground = this.#analyser.groundwork();
    this.#gatherer.finish();
    return surveyOf(ground, this.#gatherer, this.#firstUse);
  }
}

/** The keys of one template, what feeds them, and the commits that change it. */
export interface SurveyedTemplate {
  readonly template: string;
  /** Redis database. */
  readonly db: number;
  readonly keys: readonly KeyState[];
  readonly facts: readonly KeyFacts[];
  /** Statements behind its values; never empty. */
  readonly feeds: readonly Feed[];
  /** What commits are held against. */
  readonly target: Target;
  /** Commits that change what feeds it, each with what became of its keys. */
  readonly instances: readonly Instance[];
}

export interface Survey {
  readonly ground: Groundwork;
  readonly templates: readonly SurveyedTemplate[];
  /** Templates of which nothing is known to feed them. */
  readonly unexplained: readonly Pick<SurveyedTemplate, 'template' | 'db'>[];
  readonly commits: CoverageMap['commits'];
}

/** The map of a whole history. Operations must be in order of return. */
export function mapOf(operations: Iterable<Operation>): CoverageMap {
  const mapper = new Mapper();
  for (const op of operations) mapper.add(op);
  return mapper.result();
}

function surveyOf(ground: Groundwork, gatherer: Gatherer, firstUse: number): Survey {
  const moment = momentOf(ground, gatherer);
  const judged = judgedWrites(ground, gatherer, firstUse);
  const templates: SurveyedTemplate[] = [];
  const unexplained: Group[] = [];
  for (const group of groupsOf(ground)) {
    const surveyed = surveyTemplate(group, judged, { ground, gatherer, moment });
    if (surveyed === null) unexplained.push(group);
    else templates.push(surveyed);
  }
  return {
    ground,
    templates,
    unexplained: unexplained.map(({ template, db }) => ({ template, db })),
    commits: { seen: gatherer.commits, judged: judged.length },
  };
}

function draw({ ground, templates: surveyed, unexplained, commits }: Survey): CoverageMap {
  const names = new Names(ground);
  const templates = surveyed.map((template) => mapTemplate(template, ground, names));
  const writes = templates.flatMap((template) => template.writes);
  const count = (status: string) => writes.filter((write) => write.status === status).length;
  return {
    templates,
    unexplained,
    summary: {
      templates: templates.length,
      writes: writes.length,
      uncovered: count('uncovered'),
      partial: count('partial'),
    },
    commits,
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
  readonly moment: Moment;
}

/** null when nothing is known to feed it. */
function surveyTemplate(
  group: Group,
  writes: readonly WriteRecord[],
  { ground, gatherer, moment }: Context,
): SurveyedTemplate | null {
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
  const instances = writes.flatMap((write) => instanceOf(write, target, moment) ?? []);
  return { ...group, facts, feeds, target, instances };
}

function mapTemplate(surveyed: SurveyedTemplate, ground: Groundwork, names: Names): MappedTemplate {
  const { template, db, keys, facts, feeds, target, instances } = surveyed;
  const kinds = new Kinds(target, ground.naming.templateOf);
  for (const instance of instances) {
    const by = names.writer(instance.write);
    if (by !== null) kinds.add(by, instance);
  }
  return {
    template,
    db,
    keys: keys.length,
    hits: total(keys, (key) => key.stats.hits),
    misses: total(keys, (key) => key.stats.misses),
    key: keyPattern(template, target.segments),
    segments: target.segments,
    formats: sorted(facts.flatMap((one) => [...one.formats])),
    ttl: ttlOf(facts),
    sources: mappedSources(feeds, ground.primaryKey),
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
