/**
 * What an exploration found, as plain data: the document `whystale-race/1`, printed by `race --json`. Text and Markdown are
 * drawn from it (src/report/race-text.ts) and from nothing else.
 */
import type { CauseCode } from '../core/codes.ts';
import type { Remedy } from '../core/finding.ts';
import type { FaultKind } from './explore/contract.ts';
import type { OracleSpec, Start } from './scenario/contract.ts';

export const RACE_FORMAT = 'whystale-race/1';

/** `invalid`: a counterexample stands. `valid`: everything within the bound was explored and none was found. `unknown`: none
 * was found, and not everything was explored. */
export type RaceVerdict = 'valid' | 'invalid' | 'unknown';

/** How executions are chosen: with reduction, without, or at random. */
export type StrategyName = 'dpor' | 'none' | 'random';

/** How the label of a step begins that delivers the reply to a message; the message's own label follows. */
export const REPLY_TO = 'reply to ';

export interface RaceStep {
  /** Name of the actor; of a fault of the surroundings, what it strikes. */
  readonly actor: string;
  /** Counts the actor's messages from 1. */
  readonly ordinal: number;
  /** What a person reads: `GET item:1`, `COMMIT`. */
  readonly label: string;
  /** What came back: `miss`, `price 10`; null where nothing did. */
  readonly result: string | null;
  /** The fault that strikes here. */
  readonly fault?: FaultKind;
  /** The one step that decides. */
  readonly decisive?: true;
  /** Why the step matters: `the source changes here`. */
  readonly note?: string;
  /** What the keys of the schedule hold after this step; null: absent. */
  readonly cached?: readonly CachedValue[];
  /** What the oracle's SQL gives after this step, as JSON text. */
  readonly database?: string;
}

export interface CachedValue {
  readonly key: string;
  readonly value: string | null;
}

export interface Counterexample {
  /** Absolute path of the schedule file. */
  readonly schedule: string;
  /** Null where no cause could be named. */
  readonly cause: CauseCode | null;
  readonly start: Start;
  /** Null: it needs no fault. */
  readonly fault: FaultKind | null;
  readonly steps: readonly RaceStep[];
  /** The key that holds the stale value, where it is known. */
  readonly key: string | null;
  /** What the oracle was answered, and what is true, as JSON texts. */
  readonly served: string;
  readonly truth: string;
  /** The actor whose instance gave the stale answer. */
  readonly instance: string;
  /** Why, in one or two sentences. */
  readonly explanation: string;
  readonly remedy: Remedy | null;
  /** Stale executions of the same start, fault and cause; this one is the simplest. */
  readonly executions: number;
}

/** Figures of one start. */
export interface StartFigures {
  readonly start: Start;
  readonly executions: number;
  readonly pruned: number;
  readonly classes: number;
  readonly stale: number;
  readonly divergences: number;
  readonly complete: boolean;
}

/** Figures of the executions that one kind of fault struck; null: of those without a fault. */
export interface FaultFigures {
  readonly fault: FaultKind | null;
  readonly executions: number;
  readonly stale: number;
}

/** What the verdict speaks about, and what it does not. */
export interface Bound {
  readonly actors: readonly {
    readonly name: string;
    readonly role: 'reader' | 'writer';
    /** `GET /items/1`, in their order. */
    readonly requests: readonly string[];
  }[];
  /** What the data is made by: file names and commands of set-up and reset. */
  readonly data: readonly string[];
  readonly starts: readonly Start[];
  readonly faults: readonly FaultKind[];
  /** Faults per execution at most. */
  readonly faultBudget: number;
  readonly oracle: { readonly model: OracleSpec['model']; readonly deltaMs: number | null };
  /** Time that timers are given, ms; 0: none are waited for. */
  readonly settleMs: number;
  readonly strategy: StrategyName;
  /** What was cut short on purpose: polling loops that were held, requests that were sent one at a time. */
  readonly held: readonly string[];
}

export interface RaceResult {
  readonly format: typeof RACE_FORMAT;
  readonly verdict: RaceVerdict;
  /** All orderings within the bound were explored and judged. */
  readonly complete: boolean;
  /** Executions that were run to their end. */
  readonly executions: number;
  /** Executions that were broken off because the rest is seen elsewhere. */
  readonly pruned: number;
  readonly stale: number;
  /** Orderings that differ in more than steps without conflict. */
  readonly classes: number;
  readonly divergences: number;
  /** The bound in words. */
  readonly bound: string;
  readonly counterexamples: readonly Counterexample[];
  /** Absolute path. */
  readonly scenario: string;
  readonly tried: Bound;
  readonly seed: number;
  readonly engine: {
    readonly redis: { readonly version: string; readonly embedded: boolean };
    readonly postgres: { readonly version: string; readonly embedded: boolean };
  };
  readonly starts: readonly StartFigures[];
  readonly faults: readonly FaultFigures[];
  /** Why `complete` is false; empty otherwise. */
  readonly gaps: readonly string[];
  /** What must be said besides: what was not as exact as it can be. */
  readonly notices: readonly string[];
  /** Whether it was ended from outside before its time. */
  readonly interrupted: boolean;
  readonly elapsed: {
    readonly totalMs: number;
    /** Until the first execution: engines, instances, set-up. */
    readonly startMs: number;
    /** Mean of an execution. */
    readonly executionMs: number;
  };
}

export const REPLAY_FORMAT = 'whystale-replay/1';

/** `diverged`: the service did not do what the schedule says. `failed`: the world broke. */
export type ReplayOutcome = 'reproduced' | 'not-reproduced' | 'diverged' | 'failed';

export interface ReplayRun {
  readonly outcome: ReplayOutcome;
  /** What differed, or what broke; null otherwise. */
  readonly why: string | null;
  /** What the oracle was answered, and what is true, as JSON texts; null where it was not asked. */
  readonly served: string | null;
  readonly truth: string | null;
  readonly elapsedMs: number;
}

export interface ReplayResult {
  readonly format: typeof REPLAY_FORMAT;
  /** Absolute paths. */
  readonly schedule: string;
  readonly scenario: string;
  readonly cause: CauseCode | null;
  readonly start: Start;
  readonly fault: FaultKind | null;
  /** How often it was asked for; `runs` are fewer when it was interrupted. */
  readonly times: number;
  readonly reproduced: number;
  readonly diverged: number;
  readonly runs: readonly ReplayRun[];
  /** As they went in the last run. */
  readonly steps: readonly RaceStep[];
  readonly notices: readonly string[];
  readonly interrupted: boolean;
  readonly elapsedMs: number;
}
