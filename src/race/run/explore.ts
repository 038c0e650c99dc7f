/** The use case `race`: explores every start, keeps the simplest counterexamples, writes their schedules. */
import { WhystaleError } from '../../errors.ts';
import type { Explorer, Progress, Strategy } from '../explore/contract.ts';
import { createDpor } from '../explore/dpor.ts';
import { createNone } from '../explore/none.ts';
import { createRandom } from '../explore/random.ts';
import { type FaultFigures, RACE_FORMAT, type RaceResult, type StartFigures } from '../result.ts';
import type { Start } from '../scenario/contract.ts';
import { boundOf, boundText } from './bound.ts';
import { causeOfRun, type NamedCause } from './cause.ts';
import { Collection, faultOf } from './collection.ts';
import type { RaceEvents, RaceRequest } from './contract.ts';
import { Execution, type Ran } from './execution.ts';
import { simplest } from './minimal.ts';
import { openStage } from './open-stage.ts';
import { writeCounterexample } from './schedules.ts';
import type { Stage } from './stage.ts';

/** Exit code of what the surroundings did. */
const EXIT_ENVIRONMENT = 4;

export async function explore(
  request: RaceRequest,
  events: RaceEvents,
  signal: AbortSignal,
): Promise<RaceResult> {
  const stage = await openStage(request, events, signal);
  try {
    await request.rehearse?.(stage.world);
    const search = new Search(request, events, signal, stage);
    await search.run();
    return await search.result();
  } finally {
    await stage.close();
  }
}

class Search {
  readonly #request: RaceRequest;
  readonly #events: RaceEvents;
  readonly #signal: AbortSignal;
  readonly #stage: Stage;
  readonly #begin = performance.now();
  readonly #collection = new Collection();
  readonly #starts: StartFigures[] = [];
  readonly #faults = new Map<string, FaultFigures>();
  readonly #gaps: string[] = [];
  readonly #polled = new Set<string>();
  readonly #waiters = new Set<string>();
  readonly #patient = new Set<string>();
  #ranMs = 0;
  #runs = 0;
  /** What of the surroundings broke and ended the search; null: nothing. */
  #broke: string | null = null;

  constructor(request: RaceRequest, events: RaceEvents, signal: AbortSignal, stage: Stage) {
    this.#request = request;
    this.#events = events;
    this.#signal = signal;
    this.#stage = stage;
  }

  async run(): Promise<void> {
    const { scenario } = this.#request;
    for (const start of scenario.start) await this.#explore(start);
    const explored = new Set(this.#starts.flatMap(({ start, complete }) => (complete ? [start] : [])));
    for (const found of this.#collection.all()) {
      const { start } = found.ran;
      if (this.#over() !== null) break;
      const better = await this.#unlessEnded(() =>
        simplest(found, (strategy) => this.#once(strategy, start), !explored.has(start)),
      );
      if (better !== null) this.#collection.replace(found, better.ran, better.cause);
    }
  }

  /** Why no further execution may be begun; null: one may. */
  #over(): string | null {
    if (this.#signal.aborted) return 'it was interrupted';
    if (this.#broke !== null) return this.#broke;
    const { seconds } = this.#request.scenario.limits;
    return performance.now() - this.#begin > seconds * 1_000 ? `the limit of ${seconds} s is reached` : null;
  }

  /** Null: the search was ended, or its surroundings broke. What was found before that stands. */
  async #unlessEnded<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (this.#runs === 0) throw error;
      if (error instanceof WhystaleError && error.facts.exitCode === EXIT_ENVIRONMENT)
        this.#broke = error.facts.what;
      else if (!this.#signal.aborted) throw error;
      return null;
    }
  }

  async #explore(start: Start): Promise<void> {
    let explorer = this.#explorer(this.#left());
    let learned = await this.#stage.learned();
    let stopped: string | null = null;
    for (;;) {
      stopped = this.#over();
      if (stopped !== null) break;
      const next = await this.#unlessEnded(() => this.#next(explorer, start));
      if (next === null) continue;
      const { ran, cause } = next;
      if (ran === null) break;
      this.#count(ran);
      if (cause !== null && this.#collection.add(ran, cause)) {
        this.#events.counterexample({ cause: cause.code, start, fault: faultOf(ran) });
      }
      this.#tell(explorer.progress(), start);
      const now = await this.#stage.learned();
      if (now !== learned) explorer = this.#explorer(this.#left());
      learned = now;
    }
    this.#finish(start, explorer.progress(), stopped);
  }

  #finish(start: Start, progress: Progress, stopped: string | null): void {
    const { executions, pruned, classes, stale, divergences } = progress;
    const complete = progress.complete && stopped === null;
    this.#starts.push({ start, executions, pruned, classes, stale, divergences, complete });
    const reasons =
      stopped === null
        ? progress.gaps
        : [stopped, ...progress.gaps.filter((gap) => !/ended early/.test(gap))];
    for (const reason of reasons) this.#gaps.push(`${start}: ${reason}`);
  }

  #executions(): number {
    return this.#starts.reduce((sum, { executions }) => sum + executions, 0);
  }

  #left(): number {
    return Math.max(1, this.#request.scenario.limits.executions - this.#executions());
  }

  #explorer(executions: number): Explorer {
    const { scenario, strategy, seed } = this.#request;
    const faults = scenario.faults.length === 0 ? 0 : scenario.faultBudget;
    switch (strategy) {
      case 'none':
        return createNone({ executions, faults });
      case 'random':
        return createRandom({ executions, faults, seed });
      default:
        return createDpor({ executions, faults });
    }
  }

  async #next(
    explorer: Explorer,
    start: Start,
  ): Promise<{ readonly ran: Ran | null; readonly cause: NamedCause | null }> {
    const plan = explorer.next();
    if (plan === null) return { ran: null, cause: null };
    return this.#execute(explorer, start, plan);
  }

  async #once(
    strategy: Strategy,
    start: Start,
  ): Promise<{ readonly ran: Ran; readonly cause: NamedCause | null }> {
    const plan = strategy.next();
    if (plan === null) throw new RangeError('the strategy wants no execution');
    return this.#execute(strategy, start, plan);
  }

  async #execute(
    strategy: Strategy,
    start: Start,
    plan: NonNullable<ReturnType<Strategy['next']>>,
  ): Promise<{ readonly ran: Ran; readonly cause: NamedCause | null }> {
    const { world, answers, witness, database, clock } = this.#stage;
    const begin = performance.now();
    witness.begin();
    const kept = { waiters: this.#waiters, patient: this.#patient };
    const execution = new Execution(world, answers, { start, database, clock, ...kept });
    const ran = await execution.run(strategy, plan);
    this.#ranMs += performance.now() - begin;
    this.#runs++;
    for (const actor of ran.polled) this.#polled.add(actor);
    const cause = causeOfRun(ran, world.scenario, witness);
    return { ran, cause };
  }

  #count(ran: Ran): void {
    if (ran.judgement === null) return;
    const fault = faultOf(ran);
    const known = this.#faults.get(fault ?? '') ?? { fault, executions: 0, stale: 0 };
    const { executions, stale } = known;
    this.#faults.set(fault ?? '', {
      fault,
      executions: executions + 1,
      stale: stale + (ran.judgement.stale ? 1 : 0),
    });
  }

  #tell(progress: Progress, start: Start): void {
    const sum = (field: 'executions' | 'pruned' | 'classes' | 'stale' | 'divergences') =>
      progress[field] + this.#starts.reduce((total, figures) => total + figures[field], 0);
    this.#events.progress({
      ...progress,
      executions: sum('executions'),
      pruned: sum('pruned'),
      classes: sum('classes'),
      stale: sum('stale'),
      divergences: sum('divergences'),
      start,
      elapsedMs: performance.now() - this.#begin,
    });
  }

  async result(): Promise<RaceResult> {
    const { scenario, strategy, seed } = this.#request;
    const gaps = [...this.#gaps, ...this.#stage.gaps, ...this.#unstarted()];
    const complete = gaps.length === 0 && this.#starts.every((one) => one.complete);
    const total = (field: 'executions' | 'pruned' | 'classes' | 'stale' | 'divergences') =>
      this.#starts.reduce((sum, figures) => sum + figures[field], 0);
    const tried = boundOf(scenario, strategy, { polled: this.#polled, patient: this.#patient });
    const counterexamples = await Promise.all(
      this.#collection.all().map((found) => writeCounterexample(found, this.#request)),
    );
    const { redis, postgres, startedMs } = this.#stage.world.facts;
    const executions = total('executions');
    return {
      format: RACE_FORMAT,
      verdict: counterexamples.length > 0 ? 'invalid' : complete ? 'valid' : 'unknown',
      complete,
      executions,
      pruned: total('pruned'),
      stale: total('stale'),
      classes: total('classes'),
      divergences: total('divergences'),
      bound: boundText(tried, executions, complete),
      counterexamples,
      scenario: scenario.file,
      tried,
      seed,
      engine: { redis, postgres },
      starts: this.#starts,
      faults: [...this.#faults.values()],
      gaps,
      notices: this.#stage.notices,
      interrupted: this.#signal.aborted,
      elapsed: {
        totalMs: performance.now() - this.#begin + startedMs,
        startMs: startedMs,
        executionMs: this.#runs === 0 ? 0 : this.#ranMs / this.#runs,
      },
    };
  }

  #unstarted(): readonly string[] {
    const known = new Set(this.#starts.map(({ start }) => start));
    return this.#request.scenario.start.flatMap((start) => (known.has(start) ? [] : [`${start}: not begun`]));
  }
}
