/**
 * A hunt: from a recording, which requests of readers and writers may race, and what came of letting them. Plain data, the document
 * `whystale-hunt/1`; text is drawn from it (src/report/hunt-text.ts) and from nothing else.
 */
import type { CauseCode } from '../../core/codes.ts';
import type { Counterexample, RaceResult, RaceVerdict } from '../result.ts';

export const HUNT_FORMAT = 'whystale-hunt/1';

/** What else it takes for a prediction to come true: an `ordering` of the two requests, a `fault`, a `second-writer` that writes
 * something else; `nothing`: one after the other is enough. */
export type Need = 'nothing' | 'ordering' | 'fault' | 'second-writer';

/** What could go stale, predicted from footprints before anything ran. */
export interface Prediction {
  readonly code: CauseCode;
  readonly template: string;
  /** From 0 to 1: how much speaks for it. No probability; it ranks. */
  readonly score: number;
  readonly needs: Need;
  readonly why: string;
}

/** A template that a pair meets at. */
export interface SharedTemplate {
  readonly template: string;
  /** Redis database. */
  readonly db: number;
  /** Tables that feed it. */
  readonly sources: readonly string[];
  /** What of them the writer changes: `items.price`, `insert items`. */
  readonly changes: readonly string[];
  /** Whether the reader was seen to fill it, or only to read it. */
  readonly fills: number;
  /** Commits of the writer that change what feeds it. */
  readonly commits: number;
}

export interface HuntCounts {
  readonly executions: number;
  readonly stale: number;
  readonly complete: boolean;
  readonly elapsedMs: number;
}

/** What came of a pair. `idle`: asked one after the other, the two showed that nothing could be learned from them; `failed`: the
 * world could not be set up or broke; `skipped`: it was not run. */
export type PairOutcome =
  | ({
      readonly state: 'explored';
      readonly verdict: RaceVerdict;
      readonly bound: string;
      readonly gaps: readonly string[];
      readonly notices: readonly string[];
      readonly counterexamples: readonly Counterexample[];
      /** The actors, for drawing. */
      readonly actors: RaceResult['tried']['actors'];
    } & HuntCounts)
  | { readonly state: 'idle' | 'skipped'; readonly why: string }
  | { readonly state: 'failed'; readonly why: string; readonly code: string };

export interface HuntPair {
  /** Routes: `GET /items/{id}`. */
  readonly reader: string;
  readonly writer: string;
  /** The highest of its predictions. */
  readonly score: number;
  /** Best first. */
  readonly predictions: readonly Prediction[];
  readonly templates: readonly SharedTemplate[];
  /** The requests of the scenario: `GET /items/3`; null where none can be sent again. */
  readonly requests: { readonly reader: string; readonly writer: string } | null;
  /** Whether both are known to be about one row. */
  readonly sameRow: boolean;
  /** Absolute path; null: not promising enough for one. */
  readonly scenario: string | null;
  /** What the scenario still needs to be run. */
  readonly missing: readonly string[];
  readonly outcome: PairOutcome;
}

export interface HuntResult {
  readonly format: typeof HUNT_FORMAT;
  /** `valid` only when every pair was explored completely without a counterexample; `unknown` also when none was run. */
  readonly verdict: RaceVerdict;
  /** Absolute path. */
  readonly recording: string;
  /** Scenario that sections were taken from; absolute path. */
  readonly base: string | null;
  /** Folder of the scenarios, absolute. */
  readonly out: string;
  /** Whether pairs were to be run. */
  readonly ran: boolean;
  /** Those with counterexamples first, then by score. */
  readonly pairs: readonly HuntPair[];
  /** What all scenarios need and no recording knows. */
  readonly missing: readonly string[];
  readonly notices: readonly string[];
  readonly interrupted: boolean;
  readonly elapsedMs: number;
}
