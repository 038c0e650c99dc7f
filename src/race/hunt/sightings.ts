/**
 * What a recording shows of each template: which routes read and fill it and how, which routes change what feeds it and what they
 * do about its keys, with requests that did.
 */
import type { Instance } from '../../core/map/coverage.ts';
import { Mapper, type SurveyedTemplate } from '../../core/map/map.ts';
import type { HttpRequest, Operation } from '../../core/operation.ts';
import type { RowId } from '../../core/source.ts';
import type { KeyState, Version } from '../../core/versions.ts';
import type { WriteRecord } from '../../core/writes.ts';
import { methodOf, type Ran, Routes } from './routes.ts';
import { formOf, type ReaderWays, readerWays, type SeenFill, type WriterWays, writerWays } from './ways.ts';

/** Requests kept of a route and template, to choose a pair from. */
const MAX_SAMPLES = 64;
/** Fills that are looked at: keys, and the last ones of each. */
const FILL_LIMITS = { keys: 20_000, perKey: 8 } as const;

/** A request that is known to have had to do with these rows. */
export interface Sample {
  readonly request: HttpRequest;
  readonly rows: ReadonlySet<RowId>;
}

export interface SeenReader {
  readonly route: string;
  readonly ways: ReaderWays;
  readonly samples: readonly Sample[];
}

export interface SeenWriter {
  readonly route: string;
  readonly ways: WriterWays;
  readonly samples: readonly Sample[];
}

export interface Sighting {
  readonly template: string;
  readonly db: number;
  readonly sources: readonly string[];
  readonly readers: readonly SeenReader[];
  readonly writers: readonly SeenWriter[];
}

export interface Sightings {
  readonly templates: readonly Sighting[];
  /** Whether any HTTP request was recorded. */
  readonly http: boolean;
  /** Fills and commits of which no route is known. */
  readonly unattributed: { readonly fills: number; readonly commits: number };
}

/** Operations must be in order of return. */
export function sightingsOf(operations: Iterable<Operation>): Sightings {
  const fills = new Fills();
  const mapper = new Mapper({ filled: (version) => fills.note(version), committed: () => undefined });
  for (const op of operations) mapper.add(op);
  const survey = mapper.survey();
  const routes = new Routes(survey.ground);
  const unattributed = { fills: 0, commits: 0 };
  const known = new Set(
    [...survey.templates, ...survey.unexplained].map(({ template, db }) => `${db} ${template}`),
  );
  const lost = new Set<WriteRecord>();
  const templates = survey.templates.map((surveyed): Sighting => {
    const readers = readersOf(surveyed, fills, routes, unattributed);
    const writers = writersOf(surveyed, routes, lost, (key) =>
      known.has(`${key.db} ${survey.ground.naming.templateOf(key)}`),
    );
    const sources = [...surveyed.target.lineage.tables.keys()].sort();
    return { template: surveyed.template, db: surveyed.db, sources, readers, writers };
  });
  unattributed.commits = lost.size;
  return { templates, http: survey.ground.attributed.requests.count > 0, unattributed };
}

/** The last fills of each key, as far as they matter here. */
class Fills {
  readonly #byKey = new Map<KeyState, SeenFill[]>();

  note(version: Version): void {
    const { key, fill, miss, since, sources } = version;
    if (fill === null || sources.length === 0 || sources.some(({ read }) => read.own)) return;
    const kept = this.#byKey.get(key) ?? [];
    if (kept.length === 0 && this.#byKey.size >= FILL_LIMITS.keys) return;
    this.#byKey.set(key, kept);
    kept.push({
      op: fill.id,
      form: formOf(fill),
      negative: sources.some(({ kind }) => kind === 'negative'),
      interval: { invoke: miss?.invoke ?? since.invoke, return: since.return },
    });
    if (kept.length > FILL_LIMITS.perKey) kept.shift();
  }

  /** Whether a key carries a generation is known late. */
  of(key: KeyState): readonly SeenFill[] {
    const fills = this.#byKey.get(key) ?? [];
    const carries = [...key.generations.values()].some(({ confirmed }) => confirmed);
    return carries ? fills.map((fill) => ({ ...fill, form: 'generation' })) : fills;
  }
}

function readersOf(
  { keys }: SurveyedTemplate,
  fills: Fills,
  routes: Routes,
  unattributed: { fills: number },
): readonly SeenReader[] {
  const found = new Map<string, { fills: SeenFill[]; samples: Sample[] }>();
  const seen = (ran: Ran, key: KeyState) => {
    const gathered = found.get(ran.route) ?? { fills: [], samples: [] };
    found.set(ran.route, gathered);
    keep(gathered.samples, ran.request, key.fedRows);
    return gathered;
  };
  for (const key of keys) {
    for (const fill of fills.of(key)) {
      const ran = routes.of({ op: fill.op, interval: fill.interval, tokens: key.parts, may: isReading });
      if (ran === null) unattributed.fills++;
      else if (isReading(methodOf(ran.route))) seen(ran, key).fills.push(fill);
    }
    const read = key.stats.lastReader;
    if (read === null) continue;
    const interval = { invoke: read.invoke, return: read.return ?? read.invoke };
    const ran = routes.of({ op: read.id, interval, tokens: key.parts, may: isReading });
    if (ran !== null && isReading(methodOf(ran.route))) seen(ran, key);
  }
  return [...found].map(([route, { fills: all, samples }]) => ({ route, ways: readerWays(all), samples }));
}

/** Readers that can be asked again and again: what they answer has a body, and changes nothing. */
function isReading(method: string): boolean {
  return method === 'GET';
}

function writersOf(
  { instances, target }: SurveyedTemplate,
  routes: Routes,
  lost: Set<WriteRecord>,
  isRead: (key: KeyState) => boolean,
): readonly SeenWriter[] {
  const found = new Map<string, { instances: Instance[]; samples: Sample[] }>();
  for (const instance of instances) {
    const { write } = instance;
    const ran = routes.writer(write);
    if (ran === null) {
      if (write.commit.outside === undefined) lost.add(write);
      continue;
    }
    const gathered = found.get(ran.route) ?? { instances: [], samples: [] };
    found.set(ran.route, gathered);
    gathered.instances.push(instance);
    const changed = write.commit.changes.flatMap(({ rows }) => [...(rows ?? [])]);
    const removed = write.removals
      .filter(({ key }) => target.has(key))
      .flatMap(({ key }) => [...key.fedRows]);
    keep(gathered.samples, ran.request, new Set([...changed, ...removed]));
  }
  return [...found].map(([route, gathered]) => ({
    route,
    ways: writerWays(gathered.instances, { target, isRead }),
    samples: gathered.samples,
  }));
}

function keep(samples: Sample[], request: HttpRequest | null, rows: ReadonlySet<RowId>): void {
  if (request === null || samples.length >= MAX_SAMPLES) return;
  samples.push({ request, rows });
}
