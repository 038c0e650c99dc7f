/**
 * The analysis: operations in, findings out. Operations are taken in order of return, each is looked at once, and state is
 * bounded by keys; conclusions are drawn when asked for, so that what is learned late (which template a key belongs to, which
 * writes normally invalidate) bears on what happened early.
 */

import type { Attributed } from './attribution/attributed.ts';
import { digestNumber } from './attribution/marks.ts';
import { staleMarks } from './attribution/stale-hits.ts';
import { Attribution } from './attribution.ts';
import { CacheBook } from './cachebook.ts';
import { followingRemovals, resolveClaims } from './claims.ts';
import { costFindings } from './cost-findings.ts';
import type { CostFact } from './costs/cost.ts';
import { neverRead } from './costs/never-read.ts';
import { overInvalidations } from './costs/over-invalidation.ts';
import { Stampedes } from './costs/stampede.ts';
import { Ttls } from './costs/ttl.ts';
import { type Draft, numberFindings } from './document.ts';
import { Drivers } from './drivers/drivers.ts';
import { routeFigures, summaryOf, templateFigures, unattributedShare } from './figures.ts';
import type { Analysis, Coverage } from './finding.ts';
import { type FindingContext, staleFindings } from './findings.ts';
import { FollowRates, judge, type Verdict } from './judge.ts';
import { keyParts } from './keys.ts';
import { Ledger } from './ledger.ts';
import { LearnedPlaces } from './lineage.ts';
import { Naming } from './naming.ts';
import type { CacheOperation, ClientOperation, HttpRequest, LogLine, Operation } from './operation.ts';
import { Recent } from './recent.ts';
import { RemovalHabits } from './removal-habits.ts';
import { privateResponses } from './safety/private-response.ts';
import { Secrets } from './safety/secrets.ts';
import { type StoreProtection, storeFindings } from './safety/unprotected-store.ts';
import { Served } from './served/served.ts';
import { addToMarks, addToSummary, addToTemplates, uncounted, withoutForeign } from './served/tally.ts';
import type { PrimaryKeys } from './source.ts';
import { keyOf, type ReadFact } from './source.ts';
import { cutterOf } from './templates.ts';
import type { KeyState, Removal, Version, Window } from './versions.ts';
import { Windows } from './windows.ts';
import type { Reveal } from './wording.ts';
import { type WriteRecord, Writes } from './writes.ts';

export interface AnalyseOptions {
  /** Text of a digest where it may be shown. */
  readonly reveal?: Reveal;
  /** Leave windows undecided whose commit is younger than this; ns. For use while watching; default 0. */
  readonly settle?: number;
  /** How the watched stores are protected. */
  readonly stores?: readonly StoreProtection[];
}

/** Looks on while a history is analysed, and keeps what its own conclusions need; see map/. */
export interface Onlooker {
  /** A value was cached whose sources are known by now, if any are. */
  filled(version: Version): void;
  /** Rows were changed; again when the change stream tells more of the same commit. */
  committed(write: WriteRecord): void;
}

/** What conclusions are drawn from: names, and which removal belongs to which write. */
export interface Groundwork {
  readonly naming: Naming;
  readonly attributed: Attributed;
  /** By database and name: `0 item:1`. */
  readonly keys: ReadonlyMap<string, KeyState>;
  readonly places: LearnedPlaces;
  /** Writes and removals that are still remembered, in order of time. */
  readonly writes: readonly WriteRecord[];
  readonly removals: readonly Removal[];
  readonly verdicts: readonly Verdict[];
  readonly primaryKey: PrimaryKeys;
  /** Time of the last operation; ns. */
  readonly now: number;
}

/** Log lines kept for timelines; the oldest go first. */
const MAX_LOGS = 5_000;
/** Writes kept for cost findings. */
const MAX_WRITES = 20_000;

export class Analyser {
  readonly #attribution = new Attribution((key, db) => this.#valuesOf(key, db));
  readonly #values = new WeakMap<KeyState, readonly number[]>();
  readonly #recent = new Recent();
  readonly #places = new LearnedPlaces();
  readonly #stampedes = new Stampedes();
  readonly #ttls = new Ttls();
  readonly #secrets = new Secrets();
  readonly #drivers = new Drivers();
  readonly #served = new Served(this.#attribution.requests, (table) => this.#ledger.primaryKey(table));
  readonly #writes = new Writes((table) => this.#ledger.primaryKey(table));
  readonly #ledger: Ledger;
  readonly #windows: Windows;
  readonly #book: CacheBook;
  readonly #onlooker: Onlooker | null;
  #logs: LogLine[] = [];
  #records: WriteRecord[] = [];
  #sourceCalls = 0;
  #now = 0;

  constructor(onlooker: Onlooker | null = null) {
    this.#onlooker = onlooker;
    this.#ledger = new Ledger({
      onRead: (read) => {
        this.#recent.add(read);
        this.#noteValues(read);
        this.#stampedes.read(read);
        this.#windows.read(read);
        this.#served.read(read);
      },
      onCommit: (commit) => {
        const write = this.#writes.commit(commit);
        this.#records.push(write);
        if (this.#records.length > MAX_WRITES) this.#records = this.#records.slice(MAX_WRITES / 2);
        this.#windows.commit(write);
        this.#served.commit(write, commit.changes);
        this.#onlooker?.committed(write);
      },
      onAmend: (commit, added) => {
        const write = this.#writes.amend(commit);
        if (write === undefined) return;
        this.#windows.amend(write, added);
        this.#served.commit(write, added);
        this.#onlooker?.committed(write);
      },
      onRetract: (commit) => {
        const write = this.#writes.retract(commit);
        this.#records = this.#records.filter((record) => record !== write);
      },
      onRollback: (txn, border) => this.#windows.rollback(txn, border),
    });
    this.#windows = new Windows((table) => this.#ledger.primaryKey(table));
    this.#book = new CacheBook(this.#recent, this.#windows, this.#writes, {
      onFill: (version) => this.#filled(version),
      onHit: (version, read) => this.#served.hit(version, read),
      onDiscard: (version, read, refill, written) => {
        this.#windows.discard(version, read);
        if (!written) this.#served.discard(version, read, refill);
      },
      onTtl: (key, op, before) => this.#ttls.change(key, op, before),
    });
  }

  primaryKey(table: string): readonly string[] | undefined {
    return this.#ledger.primaryKey(table);
  }

  /** Takes one operation. They must come in order of return; those without a return, at their invocation or later. */
  add(op: Operation): void {
    this.#now = Math.max(this.#now, op.return ?? op.invoke);
    this.#ledger.settle(this.#now);
    this.#served.operation(op);
    switch (op.tier) {
      case 'cache':
        this.#attribution.cache(op satisfies CacheOperation);
        this.#secrets.add(op);
        this.#book.add(op);
        return;
      case 'source':
        if (op.kind === 'read' || op.kind === 'write') {
          this.#sourceCalls++;
          this.#drivers.statement(op.session, op.shape);
        }
        this.#attribution.source(op);
        this.#ledger.add(op);
        return;
      case 'http':
        this.#request(op);
        return;
      case 'client':
        this.#client(op);
        return;
      default:
        return;
    }
  }

  #client(op: ClientOperation): void {
    if (op.kind === 'session') this.#drivers.add(op);
    else if (op.kind === 'span') this.#attribution.span(op);
    else {
      this.#logs.push(op);
      if (this.#logs.length > MAX_LOGS) this.#logs = this.#logs.slice(MAX_LOGS / 2);
    }
  }

  /** What only one room needs is not kept with each request. */
  #request(op: HttpRequest): void {
    const { payload: _payload, asked: _asked, ...bare } = op;
    this.#attribution.request(bare, this.#now);
    this.#served.request(op, bare);
  }

  #noteValues(read: ReadFact): void {
    const wheres = read.op.kind === 'read' ? [read.op.where] : read.op.effects.map((effect) => effect.where);
    for (const where of wheres)
      for (const equality of where.equal) this.#attribution.requests.noteValues(equality.values);
  }

  #filled(version: Version): void {
    this.#stampedes.fill(version);
    this.#onlooker?.filled(version);
    this.#served.fill(version);
    for (const source of version.sources) {
      for (const row of source.rows)
        for (const column of row.columns) this.#places.note(source.read.op.shape, column);
    }
  }

  /** Route of a request, by the values that are known now. */
  routeOf(request: HttpRequest): string {
    return this.#attribution.requests.routeOf(request);
  }

  /** What is known now. May be called again and again. */
  result(options: AnalyseOptions = {}): Analysis {
    if ((options.settle ?? 0) === 0) this.#ledger.settle(Number.POSITIVE_INFINITY);
    const { naming, attributed } = this.#named((options.settle ?? 0) > 0);
    const judged = this.#verdicts(naming, options.settle ?? 0);
    const context: FindingContext = {
      templateOf: naming.templateOf,
      reveal: options.reveal ?? (() => undefined),
      logs: this.#logs,
      keysOf: naming.keysOf,
      writerOf: (by) => naming.actor(by),
      readerOf: (version, window) => naming.reader(version, window),
      habits: new RemovalHabits(this.#records, naming.templateOf),
      drivers: this.#drivers,
    };
    const served = this.#served.conclude({
      ...context,
      requests: attributed.requests,
      keys: () => naming.cached(),
      ownerOf: (op) => attributed.of(op),
    });
    const verdicts = withoutForeign(judged, served.foreign);
    const others = uncounted([served.foreign, served.unread], verdicts);
    const drafts: Draft[] = [
      ...staleFindings(verdicts, context),
      ...served.drafts,
      ...costFindings(this.#secrets.facts(this.#book.keys, naming.templateOf), context),
      ...storeFindings(options.stores ?? []),
      ...privateResponses(attributed.requests.all, (request) => this.routeOf(request)),
      ...costFindings(this.#costs(naming), context),
    ];
    const { marks, requests } = attributed;
    const stale = marks === null ? new Set<number>() : staleMarks(verdicts, marks);
    const usage = attributed.usage(addToMarks(stale, others, marks));
    const summary = summaryOf(requests, this.#book.keys.values(), this.#sourceCalls, verdicts);
    return {
      summary: addToSummary(summary, others),
      routes: routeFigures(requests, usage),
      templates: addToTemplates(
        templateFigures(naming.cached(), naming.templateOf, verdicts),
        others,
        naming.templateOf,
      ),
      findings: numberFindings(drafts),
      coverage: this.#coverage(naming, requests.count === 0 ? null : unattributedShare(usage)),
    };
  }

  /** What is known at the end, for conclusions other than findings. */
  groundwork(): Groundwork {
    this.#ledger.settle(Number.POSITIVE_INFINITY);
    const { naming, attributed } = this.#named();
    return {
      naming,
      attributed,
      keys: this.#book.keys,
      places: this.#places,
      writes: this.#records,
      removals: this.#writes.removals,
      verdicts: this.#verdicts(naming, 0),
      primaryKey: (table) => this.#ledger.primaryKey(table),
      now: this.#now,
    };
  }

  /** Names for all that was seen, by which claims are decided. */
  #named(hasty = false): { readonly naming: Naming; readonly attributed: Attributed } {
    this.#attribution.prepare(hasty);
    const naming = new Naming(this.#book.keys.values(), this.#attribution.requests);
    const attributed = this.#attribution.attribute({
      templateOf: naming.templateOfName,
      valuesOf: (key, db) => this.#valuesOf(key, db),
    });
    naming.attributeWrites(this.#records, attributed);
    resolveClaims(this.#writes.removals, this.#records, (key) => naming.templateOf(key));
    return { naming, attributed };
  }

  /** Values in a key's name, as numbers. */
  #valuesOf(name: string, db: number): readonly number[] {
    const key = this.#book.keys.get(`${db} ${name}`);
    if (key === undefined) return [];
    let values = this.#values.get(key);
    if (values === undefined) {
      values = [...key.parts].map(digestNumber);
      this.#values.set(key, values);
    }
    return values;
  }

  #verdicts(naming: Naming, settle: number): Verdict[] {
    const templateOf = (version: Version) => naming.templateOf(version.key);
    const rates = new FollowRates(this.#windows.opened, templateOf);
    const following = followingRemovals(this.#writes.removals);
    const verdicts: Verdict[] = [];
    for (const window of this.#windows.opened) {
      const verdict = judge(window, {
        rates,
        requests: this.#attribution.requests,
        places: this.#places,
        learned: (unseen) => this.#learned(unseen, naming),
        named: (unseen) => namesItsRow(unseen, naming.templateOf(unseen.version.key)),
        removalsOf: (key) => following.get(key) ?? [],
        now: this.#now,
        settle,
      });
      if (verdict !== null) verdicts.push(verdict);
    }
    return verdicts;
  }

  /** Whether other keys of the template are fed by the table whose change is held against an unseen value. */
  #learned(window: Window, naming: Naming): boolean {
    const template = naming.templateOf(window.version.key);
    const tables = window.effects.map((effect) => effect.change.table);
    return naming.keysOf(template).some((key) => tables.every((table) => key.fedTables.has(table)));
  }

  #costs(naming: Naming): CostFact[] {
    return [
      ...overInvalidations(this.#records),
      ...this.#stampedes.facts(naming.templateOf),
      ...this.#ttls.facts(naming.templateOf),
      ...neverRead(this.#book.keys.values(), naming.templateOf),
    ];
  }

  #coverage(naming: Naming, unattributed: number | null): Coverage {
    const templates = new Map<string, boolean>();
    let hits = 0;
    let known = 0;
    for (const key of naming.cached()) {
      hits += key.stats.hits;
      known += key.stats.hitsKnown;
      const template = naming.templateOf(key);
      templates.set(template, (templates.get(template) ?? false) || key.fedTables.size > 0);
    }
    return {
      templates: templates.size,
      templatesWithLineage: [...templates.values()].filter(Boolean).length,
      hits,
      hitsWithKnownFill: known,
      unattributed,
      stream: this.#ledger.streaming,
    };
  }
}

/** Analyses a whole history at once. Operations must be in order of return. */
export function analyse(operations: Iterable<Operation>, options: AnalyseOptions = {}): Analysis {
  const analyser = new Analyser();
  for (const op of operations) analyser.add(op);
  return analyser.result(options);
}

/** Whether the parts of the key that vary within its template name the changed row: `7` in `{tenant7}:item:4` does not. */
function namesItsRow(window: Window, template: string): boolean {
  const { key } = window.version;
  const varying = new Set(cutterOf(template)(key.name)?.flatMap(keyParts));
  return window.effects.every(
    (effect) =>
      effect.rowId !== null &&
      keyOf(effect.rowId).every((value) => {
        const text = key.texts.get(value);
        return text !== undefined && varying.has(text);
      }),
  );
}
