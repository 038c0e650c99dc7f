/** Cost findings: counted facts, not verdicts on staleness. */
import type { CauseCode } from '../codes.ts';
import type { Remedy } from '../finding.ts';
import type { Digest } from '../operation.ts';
import type { Interval } from '../source.ts';
import type { StepDraft } from '../timeline.ts';
import type { KeyState } from '../versions.ts';
import type { Reveal } from '../wording.ts';

/** What one detector has to say of one key or write. */
export interface CostFact {
  readonly code: CauseCode;
  readonly key: KeyState;
  /** Other keys that show the same. */
  readonly keys: number;
  /** Events counted. */
  readonly events: number;
  readonly confidence: 'proved' | 'likely';
  /** The write, read or fill that did it: where it happened and which values it spoke of. */
  readonly by: {
    readonly interval: Interval;
    readonly tokens: ReadonlySet<Digest>;
    readonly shape: string | null;
    /** Other executions of the same statement: the route that was in flight during all of them ran it. */
    readonly alike?: readonly Interval[];
  } | null;
  /** Whether `by` is the writer (true) or the reader. */
  readonly writes: boolean;
  readonly summary: string;
  readonly explanation: string;
  readonly remedy: Omit<Remedy, 'purge'>;
  /** What shows it. */
  readonly steps: (reveal: Reveal) => readonly StepDraft[];
}

export const NO_TOKENS: ReadonlySet<Digest> = new Set();
