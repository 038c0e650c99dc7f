/**
 * The analysis: operations in, findings out. Operations are taken in order of return, each is looked at once, and state is
 * bounded by keys; conclusions are drawn when asked for, so that what is learned late (which template a key belongs to, which
 * writes normally invalidate) bears on what happened early.
 */
import { Requests } from './attribution.ts';
import { CacheBook } from './cachebook.ts';
import { followingRemovals, resolveClaims } from './claims.ts';
import { costFindings } from './cost-findings.ts';
import type { CostFact } from './costs/cost.ts';
import { neverRead } from './costs/never-read.ts';
import { overInvalidations } from './costs/over-invalidation.ts';
import { Stampedes } from './costs/stampede.ts';
import { Ttls } from './costs/ttl.ts';
import { type Draft, numberFindings } from './document.ts';
import { routeFigures, summaryOf, templateFigures } from './figures.ts';
import type { Analysis, Coverage } from './finding.ts';
import { type FindingContext, staleFindings } from './findings.ts';
import { FollowRates, judge, type Verdict } from './judge.ts';
import { keyParts } from './keys.ts';
import { Ledger } from './ledger.ts';
import { LearnedPlaces } from './lineage.ts';
import { Naming } from './naming.ts';
import type { CacheOperation, HttpRequest, LogLine, Operation } from './operation.ts';
import { Recent } from './recent.ts';
import { keyOf, type ReadFact } from './source.ts';
import { Usage } from './usage.ts';
import type { Version, Window } from './versions.ts';
import { Windows } from './windows.ts';
import type { Reveal } from './wording.ts';
import { type WriteRecord, Writes } from './writes.ts';

export interface AnalyseOptions {
  /** Text of a digest where it may be shown. */
  readonly reveal?: Reveal;
  /** Leave windows undecided whose commit is younger than this; ns. For use while watching; default 0. */
  readonly settle?: number;
}

/** Log lines kept for timelines; the oldest go first. */
const MAX_LOGS = 5_000;
/** Writes kept for cost findings. */
const MAX_WRITES = 20_000;

export class Analyser {
  readonly #requests = new Requests();
  readonly #recent = new Recent();
  readonly #places = new LearnedPlaces();
  readonly #stampedes = new Stampedes();
  readonly #ttls = new Ttls();
  readonly #usage = new Usage();
  readonly #writes = new Writes((table) => this.#ledger.primaryKey(table));
  readonly #ledger: Ledger;
  readonly #windows: Windows;
  readonly #book: CacheBook;
  #logs: LogLine[] = [];
  #records: WriteRecord[] = [];
  #sourceCalls = 0;
  #now = 0;

  constructor() {
    this.#ledger = new Ledger({
      onRead: (read) => {
        this.#recent.add(read);
        this.#noteValues(read);
        this.#stampedes.read(read);
        this.#windows.read(read);
      },
      onCommit: (commit) => {
        const write = this.#writes.commit(commit);
        this.#records.push(write);
        if (this.#records.length > MAX_WRITES) this.#records = this.#records.slice(MAX_WRITES / 2);
        this.#windows.commit(write);
      },
      onRollback: (txn, border) => this.#windows.rollback(txn, border),
    });
    this.#windows = new Windows((table) => this.#ledger.primaryKey(table));
    this.#book = new CacheBook(this.#recent, this.#windows, this.#writes, {
      onFill: (version) => this.#filled(version),
      onTtl: (key, op, before) => this.#ttls.change(key, op, before),
    });
  }

  /** Takes one operation. They must come in order of return; those without a return, at their invocation or later. */
  add(op: Operation): void {
    this.#now = Math.max(this.#now, op.return ?? op.invoke);
    switch (op.tier) {
      case 'cache':
        if (op.kind === 'read') this.#usage.mark(op, op.value === null ? 'miss' : 'hit');
        this.#book.add(op satisfies CacheOperation);
        return;
      case 'source':
        if (op.kind === 'read' || op.kind === 'write') {
          this.#sourceCalls++;
          this.#usage.mark(op, 'source');
        }
        this.#ledger.add(op);
        return;
      case 'http':
        this.#requests.add(op satisfies HttpRequest);
        return;
      case 'client':
        this.#logs.push(op);
        if (this.#logs.length > MAX_LOGS) this.#logs = this.#logs.slice(MAX_LOGS / 2);
        return;
      default:
        return;
    }
  }

  #noteValues(read: ReadFact): void {
    const wheres = read.op.kind === 'read' ? [read.op.where] : read.op.effects.map((effect) => effect.where);
    for (const where of wheres)
      for (const equality of where.equal) this.#requests.noteValues(equality.values);
  }

  #filled(version: Version): void {
    this.#stampedes.fill(version);
    for (const source of version.sources) {
      for (const row of source.rows)
        for (const column of row.columns) this.#places.note(source.read.op.shape, column);
    }
  }

  /** What is known now. May be called again and again. */
  result(options: AnalyseOptions = {}): Analysis {
    const usage = this.#usage.attribute(this.#requests);
    const naming = new Naming(this.#book.keys.values(), this.#requests);
    naming.attributeWrites(this.#records);
    resolveClaims(this.#writes.removals, this.#records, (key) => naming.templateOf(key));
    const verdicts = this.#verdicts(naming, options.settle ?? 0);
    const context: FindingContext = {
      templateOf: naming.templateOf,
      reveal: options.reveal ?? (() => undefined),
      logs: this.#logs,
      keysOf: naming.keysOf,
      writerOf: (by) => naming.actor(by),
      readerOf: (version, window) => naming.reader(version, window),
    };
    const drafts: Draft[] = [
      ...staleFindings(verdicts, context),
      ...costFindings(this.#costs(naming), context),
    ];
    return {
      summary: summaryOf(this.#requests, this.#book.keys.values(), this.#sourceCalls, verdicts),
      routes: routeFigures(this.#requests, usage.routes),
      templates: templateFigures(naming.cached(), naming.templateOf, verdicts),
      findings: numberFindings(drafts),
      coverage: this.#coverage(naming, usage.unattributed),
    };
  }

  #verdicts(naming: Naming, settle: number): Verdict[] {
    const templateOf = (version: Version) => naming.templateOf(version.key);
    const rates = new FollowRates(this.#windows.opened, templateOf);
    const following = followingRemovals(this.#writes.removals);
    const verdicts: Verdict[] = [];
    for (const window of this.#windows.opened) {
      const verdict = judge(window, {
        rates,
        requests: this.#requests,
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
  const literal = new Set(keyParts(template.replaceAll('{id}', '\u0001').replaceAll('{hash}', '\u0001')));
  return window.effects.every(
    (effect) =>
      effect.rowId !== null &&
      keyOf(effect.rowId).every((value) => {
        const text = key.texts.get(value);
        return text !== undefined && !literal.has(text);
      }),
  );
}
