/** Files in a repository that are no part of the code: what whystale writes there, and what running leaves behind. Pure. */
import { posix } from 'node:path';
import { CASE_FILE, COMPARISONS_FOLDER, RUNS_FOLDER } from '../case/contract.ts';

/** Folders that tools fill; each is told of elsewhere (lock files), or means nothing. */
export const TOOL_FOLDERS: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.whystale',
  'node_modules',
  '.venv',
  'venv',
  '__pycache__',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.gradle',
  '.idea',
  '.vscode',
]);

const LEAVINGS = /\.(?:log|pid|pyc|pyo|swp|tmp)$|~$|^\.DS_Store$/;

/**
 * @param path relative to the repository, with `/`
 * @param cases folders that hold a case file, relative to the repository; `.` for the root
 */
export function isByProduct(path: string, cases: ReadonlySet<string>): boolean {
  const segments = path.split('/');
  const file = segments.at(-1) ?? '';
  if (segments.some((segment) => TOOL_FOLDERS.has(segment)) || LEAVINGS.test(file)) return true;
  if (cases.has(posix.dirname(path)) && file === CASE_FILE) return true;
  return segments.some(
    (segment, depth) =>
      (segment === RUNS_FOLDER || segment === COMPARISONS_FOLDER) &&
      cases.has(segments.slice(0, depth).join('/') || '.'),
  );
}

/** Folders of cases among paths. */
export function caseFolders(paths: readonly string[]): ReadonlySet<string> {
  return new Set(
    paths.filter((path) => posix.basename(path) === CASE_FILE).map((path) => posix.dirname(path)),
  );
}
