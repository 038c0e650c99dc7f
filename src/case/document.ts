/** What the commands of a case report, as plain data. Text is drawn from these documents (src/report/case-text.ts) and from
 * nothing else. Paths in them are as they are typed from the current folder. */
import type { StepRun } from './checklist-contract.ts';
import type { Case, CaseStatus, Signature } from './contract.ts';
import type { ComparisonSeen, RunSeen } from './evidence.ts';

export const CASE_FORMAT = 'whystale-case/1';
export const CASE_CHECK_FORMAT = 'whystale-case-check/1';
export const CASE_LIST_FORMAT = 'whystale-case-list/1';
export const CASE_NEW_FORMAT = 'whystale-case-new/1';
export const CASE_CLOSE_FORMAT = 'whystale-case-close/1';
export const CASE_RUN_FORMAT = 'whystale-case-run/1';
export const CASE_SIGN_FORMAT = 'whystale-case-sign/1';

/** What a gap stands in the way of. */
export type Stage = 'measure' | 'compare' | 'close';

/** Something that is missing or does not fit. */
export interface Gap {
  /** Field of the file, `change.kind`, or `runs`. */
  readonly field: string;
  /** One sentence without its full stop. */
  readonly problem: string;
  /** What to write or run. */
  readonly todo: string;
  /** False: worth a look, and in nobody's way. */
  readonly required: boolean;
  readonly stage: Stage;
}

/** What comes next. */
export interface NextStep {
  readonly step: 'write' | 'sign' | 'rehearse' | Stage | 'done';
  /** A command, or which fields to write. */
  readonly todo: string;
}

/** The case as it is shown: with variables as they are written. */
export interface ShownCase
  extends Pick<
    Case,
    | 'name'
    | 'title'
    | 'status'
    | 'owner'
    | 'route'
    | 'symptom'
    | 'requests'
    | 'expected'
    | 'slow'
    | 'change'
    | 'rollback'
    | 'assumptions'
    | 'links'
    | 'finding'
    | 'race'
    | 'url'
    | 'load'
    | 'checklist'
    | 'allow'
  > {
  readonly file: string;
  readonly closed: string | null;
  readonly outcome: string | null;
}

export interface RunbookCommand {
  /** One line, quoted for a shell. */
  readonly command: string;
  /** What has to be known to run it. */
  readonly note: string | null;
}

export interface RunbookStep {
  readonly step:
    | 'reproduce'
    | 'baseline'
    | 'race'
    | 'change'
    | 'compare'
    | 'rollback'
    | 'rehearse'
    | 'checklist'
    | 'close';
  readonly title: string;
  readonly commands: readonly RunbookCommand[];
  readonly notes: readonly string[];
}

export interface CaseDocument {
  readonly format: typeof CASE_FORMAT;
  readonly case: ShownCase;
  readonly steps: readonly RunbookStep[];
  readonly runs: readonly RunSeen[];
  readonly comparisons: readonly ComparisonSeen[];
  readonly next: NextStep;
  readonly notices: readonly string[];
}

export interface CheckDocument {
  readonly format: typeof CASE_CHECK_FORMAT;
  readonly case: { readonly name: string; readonly file: string; readonly status: CaseStatus };
  /** Nothing that is required is missing. */
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
  readonly next: NextStep;
  readonly notices: readonly string[];
}

export interface ListedCase {
  readonly name: string;
  readonly file: string;
  /** Null: the file cannot be read. */
  readonly status: CaseStatus | null;
  readonly title: string | null;
  readonly owner: string | null;
  readonly route: string | null;
  readonly lastRun: Pick<RunSeen, 'label' | 'startedAt' | 'complete' | 'coldP50Ms' | 'warmP50Ms'> | null;
  readonly lastVerdict: string | null;
  readonly next: NextStep | null;
  /** Why the file cannot be read; null: it can. */
  readonly problem: string | null;
}

export interface ListDocument {
  readonly format: typeof CASE_LIST_FORMAT;
  readonly folder: string;
  readonly cases: readonly ListedCase[];
}

export interface NewDocument {
  readonly format: typeof CASE_NEW_FORMAT;
  readonly name: string;
  readonly file: string;
  /** Fields that are filled in. */
  readonly known: readonly string[];
  readonly next: NextStep;
  readonly notices: readonly string[];
}

export interface CloseDocument {
  readonly format: typeof CASE_CLOSE_FORMAT;
  readonly case: { readonly name: string; readonly file: string };
  readonly closed: boolean;
  /** False: it was closed before. */
  readonly changed: boolean;
  readonly at: string | null;
  readonly outcome: string | null;
  /** What stands in the way. */
  readonly gaps: readonly Gap[];
  /** The tag that was made; null: none was asked for, or something stands in the way. */
  readonly tag: MadeTag | null;
}

export interface MadeTag {
  readonly name: string;
  readonly commit: string;
  readonly message: string;
}

/** A step of the checklist as it stands. */
export interface StepState {
  /** From 1 up, as in the file. */
  readonly number: number;
  readonly step: string;
  readonly kind: 'command' | 'judgement';
}

export interface RunDocument {
  readonly format: typeof CASE_RUN_FORMAT;
  readonly case: { readonly name: string; readonly file: string };
  /** Every step that was run ended with 0. */
  readonly passed: boolean;
  /** Not all were run: it was interrupted. */
  readonly interrupted: boolean;
  readonly steps: readonly (StepState & { readonly run: StepRun })[];
  /** Judgements that nobody has signed yet. */
  readonly unsigned: readonly StepState[];
  readonly notices: readonly string[];
}

export interface SignDocument {
  readonly format: typeof CASE_SIGN_FORMAT;
  readonly case: { readonly name: string; readonly file: string };
  readonly step: StepState;
  readonly signed: Signature;
  /** Those that are still unsigned. */
  readonly unsigned: readonly StepState[];
}
