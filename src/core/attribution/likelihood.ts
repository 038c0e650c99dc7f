/**
 * How likely it is that a command was made by the call of a span, where several fit: by the time that the client usually
 * takes before and after, and by whether the span's request names the command's values as other requests do. Both are
 * learned from the pairs without a choice.
 */
import type { CallContext } from './calls.ts';
import { type Commands, roughTemplate } from './commands.ts';
import type { StoreSpan } from './spans.ts';
import type { Store } from './statements.ts';
import { type Usual, unlikely, usual } from './usual.ts';

/** Pairs from which naming is learned, and the most that it counts for (as a logarithm). */
const ENOUGH = 5;
const MOST = 5;

/** Calls that naming is learned from, evenly spread. */
const LEARNED_CALLS = 10_000;

/** Of the commands that fit one call, those that chance is learned from. */
const LEARNED_FROM = 4;

interface Naming {
  named: number;
  unnamed: number;
  /** The same of pairs that may not be: what comes by chance. */
  otherNamed: number;
  otherUnnamed: number;
}

export class Likelihood {
  readonly #commands: Commands;
  readonly #calls: readonly StoreSpan[];
  readonly #context: CallContext;
  readonly #lead = new Map<Store, Usual>();
  readonly #lag = new Map<Store, Usual>();
  /** Both together: what remains where each is blurred by a clock that ticks in milliseconds. */
  readonly #both = new Map<Store, Usual>();
  readonly #naming = new Map<string, Naming>();
  readonly #namingOfMark = new Map<number, Naming>();

  constructor(
    commands: Commands,
    calls: readonly StoreSpan[],
    context: CallContext,
    fitting: readonly (readonly number[])[],
  ) {
    this.#commands = commands;
    this.#calls = calls;
    this.#context = context;
    for (const store of ['cache', 'source'] as const) {
      const alone = fitting.flatMap((targets, call) =>
        targets.length === 1 && calls[call]!.store === store ? [[call, targets[0]!] as const] : [],
      );
      const leads = alone.map(([call, command]) => this.#leadOf(call, command));
      const lags = alone.map(([call, command]) => this.#lagOf(call, command));
      this.#lead.set(store, usual(leads));
      this.#lag.set(store, usual(lags));
      this.#both.set(store, usual(leads.map((lead, i) => lead + lags[i]!)));
    }
    const step = Math.max(1, Math.ceil(fitting.length / LEARNED_CALLS));
    for (let call = 0; call < fitting.length; call += step) this.#learnNaming(call, fitting[call]!);
  }

  #leadOf(call: number, command: number): number {
    const { span } = this.#calls[call]!;
    return this.#commands.invoke(command) - (span.invoke - this.#context.clockOf(span.service).offset);
  }

  #lagOf(call: number, command: number): number {
    const { span } = this.#calls[call]!;
    return span.return! - this.#context.clockOf(span.service).offset - this.#commands.return(command);
  }

  #namingOf(command: number): Naming {
    const { marks, first } = this.#commands;
    const mark = first[command]!;
    const known = this.#namingOfMark.get(mark);
    if (known !== undefined) return known;
    const key = marks.key[mark] ?? null;
    const kind = `${marks.what[mark]} ${key === null ? '' : roughTemplate(key)}`;
    let naming = this.#naming.get(kind);
    if (naming === undefined) {
      naming = { named: 0, unnamed: 0, otherNamed: 0, otherUnnamed: 0 };
      this.#naming.set(kind, naming);
    }
    this.#namingOfMark.set(mark, naming);
    return naming;
  }

  #learnNaming(call: number, targets: readonly number[]): void {
    for (const command of targets.slice(0, LEARNED_FROM)) {
      const names = this.#context.names(call, command);
      if (names < 0) continue;
      const naming = this.#namingOf(command);
      if (targets.length === 1) {
        if (names === 1) naming.named++;
        else naming.unnamed++;
      } else if (names === 1) naming.otherNamed++;
      else naming.otherUnnamed++;
    }
  }

  /** How unlikely the pair is, as a negative logarithm up to a constant. */
  cost(call: number, command: number): number {
    const { store } = this.#calls[call]!;
    const lead = this.#leadOf(call, command);
    const lag = this.#lagOf(call, command);
    const time =
      unlikely(lead, this.#lead.get(store)!) +
      unlikely(lag, this.#lag.get(store)!) +
      unlikely(lead + lag, this.#both.get(store)!);
    return time - this.#evidence(call, command);
  }

  #evidence(call: number, command: number): number {
    const names = this.#context.names(call, command);
    if (names < 0) return 0;
    const { named, unnamed, otherNamed, otherUnnamed } = this.#namingOf(command);
    if (named + unnamed < ENOUGH) return 0;
    const own = (named + 0.5) / (named + unnamed + 1);
    const other = (otherNamed + 0.5) / (otherNamed + otherUnnamed + 1);
    const ratio = names === 1 ? own / other : (1 - own) / (1 - other);
    return Math.max(-MOST, Math.min(MOST, Math.log(ratio)));
  }
}
