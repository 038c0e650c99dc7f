/**
 * The run of a plan. Each request goes out when it is due, however slow the answers before it are, until as many are in flight as
 * the plan allows; those that are due then wait, and their time counts from when they were due.
 */
import { dueOffsets } from './arrivals.ts';
import type { LoadPlan, LoadTools, RunLoad, Shot } from './contract.ts';
import { Exchange, type Outcome } from './exchange.ts';
import { type Lines, openLines } from './lines.ts';
import { coarseMetronome, type Metronome, openMetronome } from './metronome.ts';
import { type PreparedRequest, prepare } from './prepare.ts';
import { bounded, GIVEN_UP, NEVER_SENT, reasonOf } from './reasons.ts';

/** Requests sent without a look at the sockets at most, so that a burst does not keep answers from being stamped. */
const BURST = 64;
const NS_PER_MS = 1e6;

/**
 * Runs a plan; see {@link RunLoad}. `plan.timeoutMs` counts from when a request was sent. After `tools.signal`, what is in flight is
 * given up and what was due but waited is listed as never sent; both are errors. `tools.ended` is called for every shot. Rejects
 * with WSE720 or WSE721 for a plan that cannot be run, and with what `sending` or `ended` throws; what happens to a request never
 * rejects.
 */
export const runLoad: RunLoad = async (plan, tools) => {
  const requests = prepare(plan);
  if (tools.signal.aborted || plan.count === 0) return [];
  // One request is due at once, or at a time that was drawn anyway.
  const metronome = plan.count > 1 ? await openMetronome() : coarseMetronome();
  const lines = openLines(plan);
  try {
    return await new Run(plan, tools, { requests, metronome, lines }).shots();
  } finally {
    lines.close();
    await metronome.close();
  }
};

interface Means {
  readonly requests: readonly PreparedRequest[];
  readonly metronome: Metronome;
  readonly lines: Lines;
}

class Run {
  readonly #plan: LoadPlan;
  readonly #tools: LoadTools;
  readonly #means: Means;
  readonly #offsets: Iterator<number>;
  readonly #start: number;
  readonly #shots: Shot[] = [];
  readonly #inFlight = new Set<Exchange>();
  #next = 0;
  #due: number | null;
  #pumping = false;
  #stopped = false;
  #failed = false;
  #resolve: (shots: readonly Shot[]) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(plan: LoadPlan, tools: LoadTools, means: Means) {
    this.#plan = plan;
    this.#tools = tools;
    this.#means = means;
    this.#offsets = dueOffsets(plan, tools.random);
    this.#start = tools.clock();
    this.#due = this.#nextDue();
  }

  async shots(): Promise<readonly Shot[]> {
    const { signal } = this.#tools;
    const stop = (): void => this.#guarded(() => this.#stop());
    const done = new Promise<readonly Shot[]>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) stop();
      else this.#pump();
      return await done;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #nextDue(): number | null {
    const { done, value } = this.#offsets.next();
    return done ? null : this.#start + value;
  }

  readonly #pump = (): void => this.#guarded(() => this.#send());

  /** A failing hook of the caller ends the run; nothing is thrown into an event. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (this.#failed) return;
      this.#failed = true;
      this.#stopped = true;
      this.#means.metronome.cancel();
      this.#reject(error);
      for (const exchange of [...this.#inFlight]) exchange.giveUp(GIVEN_UP);
    }
  }

  /** Sends all that is due and may be sent. */
  #send(): void {
    // An exchange may end while it is sent, and would come here again.
    if (this.#pumping || this.#stopped) return;
    this.#pumping = true;
    try {
      this.#means.metronome.cancel();
      for (let sent = 0; this.#due !== null && this.#inFlight.size < this.#plan.inFlight; sent++) {
        const wait = this.#due - this.#tools.clock();
        if (wait > 0 || sent === BURST) {
          this.#means.metronome.wakeIn(Math.max(0, wait) / NS_PER_MS, this.#pump);
          break;
        }
        this.#shoot(this.#due);
      }
    } finally {
      this.#pumping = false;
    }
    this.#finishIfDone();
  }

  #shoot(due: number): void {
    const index = this.#next++;
    this.#due = this.#nextDue();
    const request = index % this.#means.requests.length;
    const prepared = this.#means.requests[request]!;
    this.#tools.sending?.(index);
    const sent = this.#tools.clock();
    const exchange: Exchange = new Exchange(prepared, this.#means.lines, (outcome) => {
      const ended = this.#tools.clock();
      this.#inFlight.delete(exchange);
      this.#guarded(() => {
        this.#keep({ index, request, due, sent, ended, ...this.#result(outcome) });
        this.#send();
      });
    });
    this.#inFlight.add(exchange);
    exchange.begin(this.#plan.timeoutMs);
  }

  #result({ answer, failure }: Outcome): Pick<Shot, 'status' | 'error' | 'bytes' | 'cacheHeader'> {
    if (answer === null) return { status: null, error: failure, bytes: 0, cacheHeader: null };
    const { status, bytes, cacheHeader } = answer;
    return { status, error: failure ?? this.#judge(status, answer.text), bytes, cacheHeader };
  }

  #judge(status: number, text: () => string): string | null {
    try {
      const problem = this.#plan.judge(status, text());
      return problem === null ? null : bounded(problem);
    } catch (error) {
      return bounded(`the answer could not be judged: ${reasonOf(error)}`);
    }
  }

  #keep(shot: Shot): void {
    if (this.#failed) return;
    this.#shots.push(shot);
    this.#tools.ended?.(shot);
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#means.metronome.cancel();
    for (const exchange of [...this.#inFlight]) exchange.giveUp(GIVEN_UP);
    const now = this.#tools.clock();
    const none = { sent: now, ended: now, status: null, error: NEVER_SENT, bytes: 0, cacheHeader: null };
    while (this.#due !== null && this.#due <= now) {
      const index = this.#next++;
      const request = index % this.#means.requests.length;
      this.#keep({ index, request, due: this.#due, ...none });
      this.#due = this.#nextDue();
    }
    this.#finish();
  }

  #finishIfDone(): void {
    if (this.#due === null && this.#inFlight.size === 0) this.#finish();
  }

  #finish(): void {
    this.#stopped = true;
    this.#resolve(this.#shots.sort((a, b) => a.index - b.index));
  }
}
