/** Errors of rehearsals, WSE810 to WSE814. */
import { WhystaleError } from '../errors.ts';

export function nothingToRehearse(file: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE810',
    what: `${file} does not say how it is rehearsed.`,
    expected: 'A section rehearse with deploy, ready, before, and a rollback there or in the case.',
    retry: 'after-fix',
    next: 'Write rehearse; its form is described in docs/rehearse.md.',
    exitCode: 2,
  });
}

export function cannotWriteRehearsal(folder: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE811',
    what: `The rehearsal cannot be written to ${folder}: ${why}. Nothing was deployed.`,
    expected: 'A folder that is empty or not there yet, in a place that this user may write to.',
    retry: 'after-fix',
    next: 'Mend the permissions, or name another folder with --out.',
    exitCode: 4,
  });
}

export function noConfiguration(file: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE812',
    what: `${file} names no configuration to compare.`,
    expected: 'rehearse: {config: {staging: .env.staging, production: .env.production}}.',
    retry: 'after-fix',
    next: 'Write rehearse.config, or leave --config-only out.',
    exitCode: 2,
  });
}
