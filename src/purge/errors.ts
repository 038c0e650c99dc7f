/** Errors of purge and undo, WSE780 to WSE799. */
import { count, counted } from '../core/numbers.ts';
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';
import { PURGE_LIMITS } from './contract.ts';

/** A selection that says nothing, or that cannot be read. */
export function badSelection(what: string, expected: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE780',
    what,
    expected,
    retry: 'after-fix',
    next: 'Name what to purge: --template item:{id}, --key item:1, or --row items/1.',
    exitCode: 2,
  });
}

export function noStore(): WhystaleError {
  return new WhystaleError({
    code: 'WSE781',
    what: 'No Redis was named.',
    expected: '--redis URL, or $REDIS_URL: plans and snapshots hold no credentials.',
    retry: 'after-fix',
    next: 'Add --redis redis://HOST:PORT.',
    exitCode: 2,
  });
}

export function production(store: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE782',
    what: `${store} counts as production: ${why}. Nothing was touched.`,
    expected: '--production, said on purpose.',
    retry: 'after-fix',
    next: 'Read the plan once more, then add --production.',
    exitCode: 2,
  });
}

export function refusedServer(store: string, why: string, next: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE783',
    what: `${store} ${why}. Nothing was touched.`,
    expected: 'A standalone Redis that is a primary and has loaded its data.',
    retry: 'after-fix',
    next,
    exitCode: 2,
  });
}

export function planGrown(shown: number, now: number, folder: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE784',
    what: `The plan has grown since it was shown: ${counted(shown, 'key')} then, ${count(now)} now. Nothing was touched.`,
    expected: 'No more keys than were shown.',
    retry: 'after-fix',
    next: `The new plan is in ${folder}. Look at it, then run the same again with --apply ${folder}`,
    exitCode: 2,
  });
}

export function tooManyKeys(): WhystaleError {
  return new WhystaleError({
    code: 'WSE785',
    what: `More than ${PURGE_LIMITS.keys.toLocaleString('en')} keys match. Nothing was touched.`,
    expected: 'A selection that one plan can hold.',
    retry: 'after-fix',
    next: 'Name a narrower template.',
    exitCode: 2,
  });
}

export function noPlan(place: string, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE786',
    what: `${place}: ${problem}.`,
    expected: 'A folder that whystale purge made, with plan.json and keys.jsonl as it wrote them.',
    retry: 'after-fix',
    next: 'Make a plan: whystale purge --template item:{id}',
    exitCode: 2,
  });
}

export function otherStore(planned: string, given: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE787',
    what: `The plan is about ${planned}, and ${given} was named. Nothing was touched.`,
    expected: 'The store that the plan was made for.',
    retry: 'after-fix',
    next: 'Name that store with --redis and --db; where it only goes by another address now: whystale undo --other-store',
    exitCode: 2,
  });
}

/** A plan in a state in which this cannot be done: applied already, undone already. */
export function wrongState(folder: string, problem: string, next: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE788',
    what: `${folder}: ${problem}.`,
    expected: 'A plan that waits for this.',
    retry: 'after-fix',
    next,
    exitCode: 2,
  });
}

export function inUse(folder: string, pid: number): WhystaleError {
  return new WhystaleError({
    code: 'WSE789',
    what: `Process ${pid} is working in ${folder}.`,
    expected: 'One purge or undo of a plan at a time.',
    retry: 'safe',
    next: `Wait until it has ended. If that process is none of whystale's, remove ${folder}/running.`,
    exitCode: 2,
  });
}

export function snapshotUnusable(path: string, cause: unknown, doing: 'reading' | 'writing'): WhystaleError {
  return new WhystaleError({
    code: 'WSE790',
    what: `${path} cannot be ${doing === 'reading' ? 'opened' : 'written'}: ${fileFailure(cause, doing)}.`,
    expected: 'A disk that keeps what is removed; without a snapshot nothing is removed.',
    retry: 'after-fix',
    next: 'Free space or mend the permissions, then go on with whystale purge --resume DIR.',
    exitCode: 4,
    cause,
  });
}

export function damagedSnapshot(path: string, at: number, cause?: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE791',
    what: `${path} is damaged at byte ${at}, or belongs to another plan.`,
    expected: 'The snapshot as whystale wrote it.',
    retry: 'unsafe',
    next: 'Keep the file. whystale undo DIR restores whatever in it has the right checksum.',
    exitCode: 2,
    cause,
  });
}

/** Whether the server refused a command or went away; anything else is a defect of ours. */
export function isOfServer(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (['ReplyError', 'AbortError', 'MaxRetriesPerRequestError'].includes(error.name) || 'code' in error)
    return true;
  return /^(?:Connection is closed|Command timed out|Stream isn't writeable)/.test(error.message);
}

/** `touched`: keys may have been removed or restored by then. */
export function connectionLost(
  store: string,
  cause: unknown,
  { next, touched }: { readonly next: string; readonly touched: boolean },
): WhystaleError {
  const reason = cause instanceof Error ? cause.message.replace(/\.+$/, '') : String(cause);
  return new WhystaleError({
    code: 'WSE792',
    what: `${store} did not answer as it should: ${reason}. ${touched ? 'What was removed until then is in the snapshot.' : 'Nothing was touched.'}`,
    expected:
      'A server that answers, and a user who may SCAN, EXISTS, WATCH, MULTI, DUMP, PTTL, TIME, UNLINK and RESTORE.',
    retry: 'safe',
    next,
    exitCode: 4,
    cause,
  });
}

export function interrupted(): WhystaleError {
  return new WhystaleError({
    code: 'WSE793',
    what: 'It was interrupted before the plan was made. Nothing was touched.',
    expected: 'Time to look at every key.',
    retry: 'safe',
    next: 'Run the same again.',
    exitCode: 3,
  });
}

export function cannotWritePlan(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE794',
    what: `The plan cannot be written to ${path}: ${fileFailure(cause, 'writing')}. Nothing was touched.`,
    expected: 'A folder that this user may write to.',
    retry: 'after-fix',
    next: 'Free space or mend the permissions.',
    exitCode: 4,
    cause,
  });
}

export function badSettings(path: string, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE795',
    what: `${path} cannot be understood: ${problem}. Whether the store is production is not known, so nothing was touched.`,
    expected: '`production: true` or `production: false`.',
    retry: 'after-fix',
    next: 'Correct the file.',
    exitCode: 2,
  });
}
