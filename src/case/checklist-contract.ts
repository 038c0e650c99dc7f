/** What is kept of the commands of a checklist: `checklist.json` beside the case, written whole after each. */
export const CHECKLIST_FILE = 'checklist.json';
export const CHECKLIST_FORMAT = 'whystale-checklist/1';

/** A command as it went. */
export interface CommandRun {
  /** As it is pasted into a shell; variables as they are written, credentials masked. */
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly ranMs: number;
  /** Null: it was not started, or a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why we ended it; null: it ended by itself. */
  readonly stopped: 'interrupted' | 'too late' | 'too much output' | null;
  /** Why it could not be started; null: it was. */
  readonly failure: string | null;
  /** Its last lines, masked. */
  readonly output: readonly string[];
}

/** The commit that a command ran on. */
export interface RunOn {
  readonly commit: string;
  /** Tracked files outside of the case's folder differ from the commit. */
  readonly dirty: boolean;
}

export interface StepRun extends CommandRun {
  readonly step: string;
  /** SHA-256 of the command as it is written: another command has not been run. */
  readonly digest: string;
  /** Null: in no repository. */
  readonly on: RunOn | null;
}

export interface ChecklistRecord {
  readonly format: typeof CHECKLIST_FORMAT;
  readonly case: string;
  /** The last run of each step. */
  readonly steps: readonly StepRun[];
}
