/**
 * Which user an engine runs as. PostgreSQL refuses to run as uid 0 (initdb and postgres both check), so root starts it
 * as `postgres` where that user exists, else as `nobody`. No user is ever created.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { WhystaleError } from '../errors.ts';

export interface RunUser {
  readonly name: string;
  /** Ids to switch to; null: as we are. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
}

/** The current user, whoever it is. */
export function currentUser(): RunUser {
  return { name: process.getuid === undefined ? 'current' : nameOf(process.getuid()), ids: null };
}

function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

/**
 * The user PostgreSQL runs as.
 *
 * @throws WhystaleError WSE401 when this is root and neither `postgres` nor `nobody` exists
 */
export function postgresUser(passwd: string = readPasswd()): RunUser {
  if (process.getuid?.() !== 0) return currentUser();
  for (const name of ['postgres', 'nobody']) {
    const ids = findUser(passwd, name);
    if (ids !== null) return { name, ids };
  }
  throw new WhystaleError({
    code: 'WSE401',
    what: 'PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.',
    expected: 'A user other than root.',
    retry: 'after-fix',
    next: 'Run whystale as another user, or: useradd --system postgres; or give --postgres URL.',
    exitCode: 4,
  });
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

/** Finds a user in the text of passwd(5); null for none, and for uid 0 under another name. */
export function findUser(passwd: string, name: string): { uid: number; gid: number } | null {
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    if (fields[0] !== name) continue;
    const uid = Number(fields[2]);
    const gid = Number(fields[3]);
    if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { uid, gid };
  }
  return null;
}

/** Whether the user may pass through a folder, by its permission bits (access lists are not looked at). */
export function canTraverse(
  stat: { readonly uid: number; readonly gid: number; readonly mode: number },
  user: RunUser,
): boolean {
  const uid = user.ids?.uid ?? process.getuid?.() ?? 0;
  if (uid === 0) return true;
  const groups = user.ids === null ? (process.getgroups?.() ?? []) : [user.ids.gid];
  if (stat.uid === uid) return (stat.mode & 0o100) !== 0;
  if (groups.includes(stat.gid)) return (stat.mode & 0o010) !== 0;
  return (stat.mode & 0o001) !== 0;
}
