/** One thing that was looked at, as data. */
export interface Check {
  /** Stable name, e.g. `postgres.wal-level`; of a named store `postgres[replica].wal-level`. */
  readonly id: string;
  /** What was looked at, a few words. */
  readonly title: string;
  /** `ok`: as needed; `lack`: something is missing, see `mend`; `unknown`: could not be told, see `evidence`. */
  readonly state: 'ok' | 'lack' | 'unknown';
  /** What was seen; never a credential. */
  readonly evidence: string;
  /** What whystale needs it for. */
  readonly use?: string;
  /** True when nothing works without it: the command then ends with exit code 4. */
  readonly required: boolean;
  /** The exact command that mends a lack. */
  readonly mend?: string;
}

/** What `whystale doctor --json` prints. */
export interface DoctorReport {
  readonly format: 'whystale-doctor/1';
  /** False when a required check lacks something. */
  readonly healthy: boolean;
  readonly checks: readonly Check[];
}

/** Exit code for a report: 0, or 4 when a required check lacks something. */
export function exitCodeOf(report: DoctorReport): 0 | 4 {
  return report.healthy ? 0 : 4;
}

/** A check that may fail in ways nobody thought of: then it is `unknown`, and says why. */
export async function guarded(
  check: Pick<Check, 'id' | 'title' | 'required'>,
  look: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [{ ...check, state: 'unknown', evidence: reason, required: false }];
  }
}
