/** What an answer may show, from what was written and when that was answered. */
export interface Truth {
  /** Runs `work` while nobody else writes this thing. */
  readonly alone: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** The value written last, or undefined when nothing was written yet. */
  readonly last: (name: string) => string | undefined;
  /** Call it before a write is sent; call the result once the write was answered. */
  readonly write: (name: string, value: unknown) => () => void;
  /** Call it before a request is sent; the result tells whether an answered value is stale. */
  readonly expect: (name: string) => (value: unknown) => boolean;
}

export function createTruth(): Truth;
