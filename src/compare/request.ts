/** What a front end asks of a comparison, and what it is told meanwhile. */
import type { Case, LoadSpec } from '../case/contract.ts';
import type { Phase, Sample } from '../measure/contract.ts';
import type { ChildLine } from '../watch/child.ts';
import type { Comparison, Side } from './contract.ts';
import type { WantedRevisions } from './sides.ts';
import type { GivenStores } from './stores.ts';

export type Command = readonly [string, ...string[]];

export interface CompareRequest {
  readonly measured: Case;
  /** Digest of what bears on the measuring, where the caller has it. */
  readonly digest?: string;
  /** Revisions are compared unless commands or URLs are given. */
  readonly revisions: WantedRevisions;
  readonly commands: Readonly<Record<Side, Command>> | null;
  readonly urls: Readonly<Record<Side, string>> | null;
  /** Stores for each side in place of the case's. */
  readonly stores: GivenStores;
  /** Run in each worktree, in the service's folder; null: what is installed is linked. */
  readonly install: Command | null;
  /** Of each side in all. */
  readonly load: Pick<LoadSpec, 'rate' | 'seconds' | 'cold'>;
  /** Pairs of turns. */
  readonly rounds: number;
  /** Kinds or names that may differ besides the case's; `same`: nothing need differ. */
  readonly allow: readonly string[];
  /** Whether the case's race scenario is explored. */
  readonly race: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Keyed hashes of both fingerprints are made with it. */
  readonly salt: Buffer;
  /** In [0, 1). */
  readonly random: () => number;
  /** Version of whystale. */
  readonly version: string;
}

export interface CompareProgress {
  readonly doing:
    | 'checking-out'
    | 'installing'
    | 'starting'
    | 'learning'
    | 'measuring'
    | 'racing'
    | 'finishing';
  readonly side: Side | null;
  /** While measuring: the phase, the turn from 0, and what is left, ms. */
  readonly turn: {
    readonly phase: Phase;
    readonly index: number;
    readonly of: number;
    readonly leftMs: number;
  } | null;
  /** While racing: what the exploration says of itself. */
  readonly text: string | null;
}

export interface CompareEvents {
  readonly notice: (text: string) => void;
  readonly line: (side: Side, line: ChildLine) => void;
  readonly progress: (progress: CompareProgress) => void;
}

/** Gives the drawings of a comparison: file names and texts. */
export type DrawComparison = (
  comparison: Comparison,
  samples: Readonly<Record<Side, readonly Sample[]>>,
) => readonly (readonly [file: string, text: string])[];
