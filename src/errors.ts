/**
 * Coded errors. Every error a user meets says what failed, what was expected, whether a retry is safe, and the next
 * command to run. `exitCode` follows the contract: 2 usage or configuration, 3 incomplete, 4 environment.
 */
export interface ErrorFacts {
  /** Stable code, `WSE` and three digits; listed in docs/errors.md. */
  readonly code: string;
  /** What failed, one sentence, no secret in it. */
  readonly what: string;
  /** What was expected instead. */
  readonly expected: string;
  /** Where several things are wrong at once: a sentence or two for each, the one in `what` included. */
  readonly problems?: readonly string[];
  /** `safe`: run the same again; `after-fix`: only once the cause is mended; `unsafe`: look at the state first. */
  readonly retry: 'safe' | 'after-fix' | 'unsafe';
  /** The next command to run or thing to do. */
  readonly next: string;
  readonly exitCode: 2 | 3 | 4;
  readonly cause?: unknown;
}

export class WhystaleError extends Error {
  readonly facts: ErrorFacts;
  constructor(facts: ErrorFacts) {
    super(facts.what, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'WhystaleError';
    this.facts = facts;
  }
}
