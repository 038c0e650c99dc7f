/**
 * Folders of the engines: a cache that outlives runs (prepared binaries, the initialised PostgreSQL template) and one
 * private folder per engine that does not.
 */
import { chownSync, lstatSync, mkdirSync, mkdtempSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { WhystaleError } from '../errors.ts';
import { processStart } from './processes.ts';
import { canTraverse, type RunUser } from './run-user.ts';

/** Start of the name of every private engine folder; the sweep looks for it. */
export const ENGINE_FOLDER_PREFIX = 'whystale-engine-';
/** File in a private folder that names the process it belongs to: `PID START`. */
export const OWNER_FILE = 'owner';

const SHARED_TEMP = '/tmp';

/**
 * Folder for what is prepared once and used again. First choice is the user's cache folder; for root a system-wide
 * one, because the PostgreSQL user must be able to read it.
 *
 * @throws WhystaleError WSE402 when no candidate can be written
 */
export function cacheFolder(user: RunUser, env: NodeJS.ProcessEnv): string {
  const own = process.getuid?.() ?? 0;
  const home = env.HOME ?? homedir();
  const candidates = [
    ...(env.XDG_CACHE_HOME ? [join(env.XDG_CACHE_HOME, 'whystale')] : []),
    ...(own === 0 ? ['/var/cache/whystale'] : []),
    ...(home ? [join(home, '.cache', 'whystale')] : []),
    join(tmpdir(), `whystale-cache-${own}`),
    join(SHARED_TEMP, `whystale-cache-${own}`),
  ];
  for (const folder of candidates) {
    if (usableCache(folder, own) && blockingFolder(folder, user) === null) return folder;
  }
  throw new WhystaleError({
    code: 'WSE402',
    what: `No cache folder can be used for the embedded engines; tried ${candidates.join(', ')}.`,
    expected: `A folder that this process can write and user ${user.name} can enter.`,
    retry: 'after-fix',
    next: 'Set XDG_CACHE_HOME to such a folder, or give --postgres URL and --redis URL.',
    exitCode: 4,
  });
}

/** A folder of ours, not one that somebody else laid in a shared place. */
function usableCache(folder: string, own: number): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || (stat.uid !== own && own !== 0) || (stat.mode & 0o022) !== 0) return false;
    if (own === 0 && stat.uid !== 0) return false;
    const probe = mkdtempSync(join(folder, 'probe-'));
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}

/** The first folder on the way down to `path` that `user` may not enter, or null. */
export function blockingFolder(path: string, user: RunUser): string | null {
  const way: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    way.unshift(at);
    if (at === dirname(at)) break;
  }
  for (const folder of way) {
    try {
      if (!canTraverse(statSync(folder), user)) return folder;
    } catch {
      return folder;
    }
  }
  return null;
}

/**
 * Makes the private folder of one engine, owned by the user the engine runs as, with the owner file for the sweep.
 *
 * @param parent the caller's choice; without one the temporary folder, or `/tmp` when that cannot be used
 * @throws WhystaleError WSE403 when the engine's user cannot enter the folder, or we cannot write it
 */
export function makeEngineFolder(parent: string | undefined, user: RunUser): string {
  const places = parent === undefined ? [tmpdir(), SHARED_TEMP] : [parent];
  const reasons: string[] = [];
  for (const place of places) {
    const blocker = blockingFolder(place, user);
    if (blocker !== null) {
      reasons.push(`user ${user.name}, which the engine must run as, cannot enter ${blocker}`);
      continue;
    }
    try {
      return layFolder(resolve(place), user);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new WhystaleError({
    code: 'WSE403',
    what: `No folder for the engine can be made: ${reasons.join('; ')}.`,
    expected: `A parent folder that we can write and user ${user.name} may enter (execute permission on every folder above it).`,
    retry: 'after-fix',
    next: 'Set TMPDIR to such a folder, for example /tmp, or mend the permissions (chmod o+x FOLDER).',
    exitCode: 4,
  });
}

function layFolder(place: string, user: RunUser): string {
  const folder = mkdtempSync(join(place, ENGINE_FOLDER_PREFIX));
  writeFileSync(join(folder, OWNER_FILE), `${process.pid} ${processStart(process.pid) ?? '-'}\n`);
  if (user.ids !== null) chownSync(folder, user.ids.uid, user.ids.gid);
  return folder;
}
