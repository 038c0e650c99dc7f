/** Which two states of the repository are compared, and which were taken where nothing was said. */
import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Case } from '../case/contract.ts';
import { caseFolders, isByProduct } from '../fingerprint/by-products.ts';
import { findRepository } from '../fingerprint/git.ts';
import type { Side } from './contract.ts';
import { noRepository, noRevision } from './errors.ts';
import { git } from './git.ts';
import { isOfCase } from './relocate.ts';

/** One side's code. */
export interface Revision {
  /** Full id; the working tree is laid over it. */
  readonly commit: string;
  /** Changed, new and removed files of the working tree, relative to the root; null: the commit as it is. */
  readonly laidOver: readonly string[] | null;
  /** `HEAD~1 (1a2b3c4)`, for a person. */
  readonly shown: string;
  /** Fit for a file name. */
  readonly label: string;
}

export interface RepositorySides {
  /** Top of the working tree, links resolved. */
  readonly root: string;
  /** The service's folder within it; empty: the root. */
  readonly inner: string;
  readonly revisions: Readonly<Record<Side, Revision>>;
  /** What was taken where nothing was said. */
  readonly notices: readonly string[];
}

export interface WantedRevisions {
  readonly before: string | null;
  readonly after: string | null;
}

/** @throws WhystaleError WSE761 no repository, WSE762 no such commit */
export async function repositorySides(
  { service, change, folder }: Pick<Case, 'service' | 'change' | 'folder'>,
  given: WantedRevisions,
): Promise<RepositorySides> {
  const cwd = realFolder(service?.cwd ?? folder);
  const repository = await findRepository(cwd).catch((error: unknown) => {
    throw noRepository(cwd, (error as Error).message.replace(/\.$/, ''));
  });
  if (repository === null) throw noRepository(cwd, null);
  const { root, commit } = repository;
  if (commit === null) throw noRepository(cwd, 'there is no commit yet');
  const wanted = {
    before: given.before ?? change.before,
    after: given.after ?? change.after,
  };
  const isOfThisCase = (path: string) => isOfCase(join(root, path), realOf(folder), cwd);
  const changed =
    wanted.after === null ? (await changedFiles(root)).filter((path) => !isOfThisCase(path)) : [];
  const after =
    wanted.after === null ? workingTree(commit, changed) : await named(root, wanted.after, wanted.after);
  const [base, why] = baseOf(wanted, changed);
  const before = await named(root, base, base);
  const notices = [
    ...(wanted.after === null
      ? [`The side after is the ${after.shown}: neither --after nor change.after names a revision.`]
      : []),
    ...(why === null
      ? []
      : [
          `The side before is ${before.shown}: neither --before nor change.before names a revision, and ${why}.`,
        ]),
  ];
  return { root, inner: relative(root, cwd), revisions: { before, after }, notices };
}

/** What is before, and why where nothing was said. */
function baseOf(
  { before, after }: WantedRevisions,
  changed: readonly string[],
): readonly [string, string | null] {
  if (before !== null) return [before, null];
  if (after !== null) return [`${after}~1`, `this is the commit before ${after}`];
  return changed.length > 0
    ? ['HEAD', 'the working tree has uncommitted changes']
    : ['HEAD~1', 'the working tree has no uncommitted changes'];
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    throw noRepository(folder, 'the folder does not exist');
  }
}

function realOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

async function named(root: string, name: string, label: string): Promise<Revision> {
  const words = ['rev-parse', '--verify', '--end-of-options', `${name}^{commit}`];
  const commit = await git(root, words).then(
    (text) => text.trim(),
    (error: Error) => {
      throw noRevision(
        name,
        root,
        name.endsWith('~1') ? `${error.message}; there may be no commit before it` : error.message,
      );
    },
  );
  const short = commit.slice(0, 7);
  return { commit, laidOver: null, shown: commit.startsWith(name) ? short : `${name} (${short})`, label };
}

function workingTree(commit: string, changed: readonly string[]): Revision {
  const files = `${changed.length} changed ${changed.length === 1 ? 'file' : 'files'}`;
  const state = changed.length === 0 ? 'no uncommitted changes' : files;
  return {
    commit,
    laidOver: changed,
    shown: `working tree (${commit.slice(0, 7)}, ${state})`,
    label: 'working-tree',
  };
}

/** Files that differ from the commit; what running and measuring leave behind is none of the code. The case's own files are the
 * same on both sides, and left out by the caller. */
async function changedFiles(root: string): Promise<readonly string[]> {
  const status = await git(root, [
    '--no-optional-locks',
    'status',
    '--porcelain=v1',
    '-z',
    '--no-renames',
    '--untracked-files=all',
  ]);
  const entries = status.split('\0').filter((entry) => entry !== '');
  // A file that gave way to one of another kind has two entries.
  const paths = [...new Set(entries.map((entry) => entry.slice(3)))];
  const tracked = (await git(root, ['ls-files', '-z', '--', '*case.yaml'])).split('\0');
  const cases = caseFolders([...tracked, ...paths]);
  return paths.filter((path) => !isByProduct(path, cases));
}
