/**
 * Both sides as folders: worktrees of the repository, in one temporary folder that bears the id of the process it belongs to. They are
 * removed at the end; a run that was killed leaves them to the next.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { processExists, processStart } from '../engines/processes.ts';
import type { Side } from './contract.ts';
import { noWorktree } from './errors.ts';
import { git, gitEnvironment, gitWords } from './git.ts';
import type { RepositorySides, Revision } from './sides.ts';

export const WORKTREES_PREFIX = 'whystale-compare-';
const OWNER = 'owner';
/** Folders looked at in one sweep. */
const SWEEP_LIMIT = 200;

export interface Worktrees {
  readonly folders: Readonly<Record<Side, string>>;
  readonly notices: readonly string[];
  /** Removes both. Never throws. */
  remove(): void;
}

/** @throws WhystaleError WSE763; the signal's reason when it is interrupted */
export async function makeWorktrees(
  { root, revisions }: Pick<RepositorySides, 'root' | 'revisions'>,
  signal: AbortSignal,
): Promise<Worktrees> {
  await sweepWorktrees(root);
  const place = makePlace();
  const folders = { before: join(place, 'before'), after: join(place, 'after') };
  const remove = (): void => {
    process.off('exit', remove);
    removeWorktrees(root, place);
  };
  // A second Ctrl-C ends the process at once.
  process.on('exit', remove);
  try {
    const notices = [
      ...(await checkOut(root, folders.before, revisions.before, signal)),
      ...(await checkOut(root, folders.after, revisions.after, signal)),
    ];
    return { folders, notices: [...new Set(notices)], remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function makePlace(): string {
  try {
    const place = realpathSync(mkdtempSync(join(tmpdir(), WORKTREES_PREFIX)));
    writeFileSync(join(place, OWNER), `${process.pid} ${processStart(process.pid) ?? '-'}\n`);
    return place;
  } catch (cause) {
    throw noWorktree(
      `No folder for the two sides could be made in ${tmpdir()}`,
      (cause as Error).message,
      cause,
    );
  }
}

/** Gives what must be said of it. */
async function checkOut(
  root: string,
  folder: string,
  { commit, laidOver, shown }: Revision,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    await git(root, ['worktree', 'add', '--quiet', '--detach', folder, commit], signal);
    const left = laidOver === null ? [] : laidOver.filter((path) => !layOver(root, folder, path));
    const submodules = names(folder).includes('.gitmodules')
      ? ['The repository has submodules, which a second working tree does not have.']
      : [];
    const nested =
      left.length === 0
        ? []
        : [`Not taken over from the working tree: ${left.slice(0, 3).join(', ')}, which are no plain files.`];
    return [...submodules, ...nested];
  } catch (cause) {
    signal.throwIfAborted();
    throw noWorktree(`${shown} could not be checked out`, (cause as Error).message, cause);
  }
}

/** Takes one changed file over; false: it is none. */
function layOver(root: string, folder: string, path: string): boolean {
  const [from, to] = [join(root, path), join(folder, path)];
  const found = lstatSync(from, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile() && !found.isSymbolicLink()) return false;
  rmSync(to, { recursive: true, force: true });
  if (found === undefined) return true;
  mkdirSync(dirname(to), { recursive: true });
  if (found.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else copyFileSync(from, to);
  return true;
}

/** Takes away what is in a place of ours, and what git remembers of it. Synchronous: it may be the last thing that is done. */
function removeWorktrees(root: string, place: string): void {
  for (const side of ['before', 'after']) {
    try {
      execFileSync('git', [...gitWords(['worktree', 'remove', '--force', join(place, side)])], {
        cwd: root,
        env: gitEnvironment(),
        stdio: 'ignore',
      });
    } catch {
      // It was not there, or the next sweep takes it.
    }
  }
  try {
    rmSync(place, { recursive: true, force: true });
  } catch {
    // The next sweep tries again.
  }
}

/**
 * Removes what killed runs left: folders of ours whose process is gone, and worktrees in such folders that git remembers. Worktrees of
 * the user are never touched, also those that are missing: they may be on a disk that is not there now.
 */
export async function sweepWorktrees(root: string, parent: string = tmpdir()): Promise<void> {
  const listed = await git(root, ['worktree', 'list', '--porcelain']).catch(() => '');
  const remembered = [...listed.matchAll(/^worktree (.+)$/gm)].map(([, path = '']) => path);
  for (const path of remembered) {
    const place = dirname(path);
    if (!basename(place).startsWith(WORKTREES_PREFIX) || isOwned(place)) continue;
    await git(root, ['worktree', 'remove', '--force', path]).catch(() => undefined);
  }
  for (const name of names(parent)
    .filter((one) => one.startsWith(WORKTREES_PREFIX))
    .slice(0, SWEEP_LIMIT)) {
    const place = join(parent, name);
    if (!lstatSync(join(place, OWNER), { throwIfNoEntry: false })?.isFile() || isOwned(place)) continue;
    try {
      rmSync(place, { recursive: true, force: true });
    } catch {
      // Somebody else's.
    }
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether the process that made a place still runs. A place that is gone has none; one that cannot be judged counts as owned. */
function isOwned(place: string): boolean {
  const file = join(place, OWNER);
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return lstatSync(place, { throwIfNoEntry: false }) !== undefined;
  // In a shared place anybody can lay a folder of this name.
  if (!found.isFile() || found.uid !== process.getuid?.()) return true;
  const [pidText, start] = readFileSync(file, 'utf8').trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return true;
  if (!processExists(pid)) return false;
  const startNow = processStart(pid);
  return start === '-' || startNow === null || startNow === start;
}
