/** Where cases are: by folder, by file, or by name. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { CASE_FILE } from './contract.ts';
import { cannotListCases, noSuchCase } from './errors.ts';

/** Where cases are kept when nothing is said. */
export const CASES_FOLDER = 'cases';

/** Absolute path of the `case.yaml` that is meant: a folder, the file itself, or a name in `cases/`. Throws WSE704. */
export function locateCase(given: string, cwd: string): string {
  const direct = resolve(cwd, given);
  if (isFile(direct)) return direct;
  const named = join(cwd, CASES_FOLDER, given);
  for (const folder of /[/\\]/.test(given) ? [direct] : [direct, named]) {
    const file = join(folder, CASE_FILE);
    if (isFile(file)) return file;
  }
  const looked = (basename(direct) === CASE_FILE ? [direct] : [join(direct, CASE_FILE)]).concat(
    /[/\\]/.test(given) ? [] : [join(named, CASE_FILE)],
  );
  throw noSuchCase(
    given,
    looked.map((file) => shownPath(file, cwd)),
  );
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The `case.yaml` files of the folders in a folder, by name; none where the folder does not exist and need not. Throws WSE711. */
export function casesIn(folder: string, { mayBeMissing = false } = {}): readonly string[] {
  if (mayBeMissing && !existsSync(folder)) return [];
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name, CASE_FILE))
      .filter(isFile);
  } catch (cause) {
    throw cannotListCases(folder, cause);
  }
}

/** A path as it is shown and typed: from the current folder. */
export function shownPath(path: string, cwd: string): string {
  const from = relative(cwd, path);
  if (from === '') return '.';
  return from.startsWith('-') ? `.${sep}${from}` : from;
}
