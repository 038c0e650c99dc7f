/** The exit codes of every command that reports, in one table; `--help` and docs/cli.md are drawn from it. */
import type { Finding } from '../core/finding.ts';
import { type FailOn, failing } from './fail-on.ts';

export const EXIT = {
  done: 0,
  findings: 1,
  usage: 2,
  incomplete: 3,
  environment: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, 'done, nothing to fail on'],
  [
    EXIT.findings,
    'findings that --fail-on names, an invalid history, a counterexample, or a case that lacks something',
  ],
  [EXIT.usage, 'usage or configuration'],
  [EXIT.incomplete, 'incomplete: could not decide, or too little was seen'],
  [EXIT.environment, 'environment: a store, the service or the command failed, and nothing else was found'],
];

/** What an exit code is decided from. */
export interface Outcome {
  readonly findings: readonly Finding[];
  readonly failOn: FailOn;
  /** Operations seen on the cache and on the source. */
  readonly seen: { readonly cache: number; readonly source: number };
  /** True when a store, the service or the watched command failed. */
  readonly environmentFailed: boolean;
}

/**
 * Exit code of watch, explain and demo. A finding decides before everything else; a failed environment before what was
 * not seen; and a store that nothing came through never passes as health.
 */
export function exitCodeFor({ findings, failOn, seen, environmentFailed }: Outcome): ExitCode {
  if (failing(findings, failOn).length > 0) return EXIT.findings;
  if (environmentFailed) return EXIT.environment;
  return seen.cache === 0 || seen.source === 0 ? EXIT.incomplete : EXIT.done;
}
