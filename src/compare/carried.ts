/**
 * What a service needs and git does not carry: installed dependencies and `.env` files. A worktree that lacks them is given those of
 * the repository's folder by a link, where the lock files are the same, or they are installed by a command.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { isDependencyFile } from '../fingerprint/dependency-files.ts';
import { manifestParts } from '../fingerprint/manifest-parts.ts';
import { lastLines } from '../race/world/steps.ts';
import { runChild } from '../watch/child-run.ts';
import type { Side } from './contract.ts';
import { installFailed } from './errors.ts';
import { git } from './git.ts';

/** Longest time of an install command. */
const INSTALL_LIMIT_MS = 15 * 60_000;

interface Carried {
  readonly name: RegExp;
  /** Files that say what is in it; null: nothing does, it is a file of settings. */
  readonly locks: RegExp | null;
}

const PYTHON =
  /requirements|constraints|^(?:pyproject\.toml|poetry\.lock|Pipfile|Pipfile\.lock|uv\.lock|pdm\.lock|pylock\.toml)$/;

/** To add a package manager: the folder it fills, and the files that say with what. */
const CARRIED: readonly Carried[] = [
  {
    name: /^node_modules$/,
    locks:
      /^(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-.*\.yaml|bun\.lockb?|deno\.lock)$/,
  },
  { name: /^\.?venv$/, locks: PYTHON },
  { name: /^(?:vendor|\.bundle)$/, locks: /^(?:composer\..*|Gemfile.*|gems\..*|go\.(?:mod|sum))$/ },
  { name: /^\.env(?:\..+)?$/, locks: null },
];

export interface Layout {
  /** Top of the repository's working tree. */
  readonly root: string;
  /** The service's folder within it. */
  readonly inner: string;
  /** Top of the side's worktree. */
  readonly tree: string;
  readonly side: Side;
}

export interface Missing {
  /** What may be linked, relative to the root. */
  readonly links: readonly string[];
  /** Why what is installed cannot be used; null: it can, or nothing is. */
  readonly unfit: string | null;
}

/** What the worktree lacks of what lies in the service's folder and above it. */
export async function missingIn({ root, inner, tree }: Layout): Promise<Missing> {
  const links: string[] = [];
  let unfit: string | null = null;
  for (const folder of foldersUp(inner)) {
    for (const name of names(join(root, folder))) {
      const carried = CARRIED.find((one) => one.name.test(name));
      const path = join(folder, name);
      if (carried === undefined || lstatSync(join(tree, path), { throwIfNoEntry: false }) !== undefined)
        continue;
      if ((await git(root, ['ls-files', '-z', '--', path])) !== '') continue;
      const why = carried.locks === null ? null : whyUnfit(root, tree, path, carried.locks);
      if (why === null) links.push(path);
      else unfit ??= why;
    }
  }
  return { links, unfit };
}

/** The service's folder, then those above it, the root last. */
function foldersUp(inner: string): readonly string[] {
  const parts = inner.split(sep).filter((part) => part !== '');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join(sep)).concat('');
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function whyUnfit(root: string, tree: string, path: string, locks: RegExp): string | null {
  const folder = dirname(path);
  const files = new Set([...names(join(root, folder)), ...names(join(tree, folder))]);
  const other = [...files]
    .filter((name) => isDependencyFile(name) && locks.test(name))
    .find((name) => dependenciesIn(join(root, folder, name)) !== dependenciesIn(join(tree, folder, name)));
  if (other !== undefined) return `${join(folder, other)} is not the same there as beside ${path}`;
  const own = codeBehind(join(root, path), root);
  return own === null
    ? null
    : `${path} leads back to code in the repository's folder (${own}), which is of neither side`;
}

/** A file that names none, such as a package.json with scripts alone, says as much as one that is not there: null. */
function dependenciesIn(file: string): string | null {
  try {
    const { dependencies } = manifestParts(file.split(sep).at(-1) ?? '', readFileSync(file, 'utf8'));
    return dependencies === '[]' ? null : dependencies;
  } catch {
    return null;
  }
}

/** Packages of the repository itself that are installed as links: workspaces of npm, editable installs of Python. */
function codeBehind(folder: string, root: string): string | null {
  const inside = (path: string) => path.startsWith(root + sep) && !path.startsWith(realOf(folder) + sep);
  const packages = names(folder).flatMap((name) =>
    name.startsWith('@')
      ? names(join(folder, name)).map((inner) => join(folder, name, inner))
      : [join(folder, name)],
  );
  const linked = packages.find((path) => lstatSync(path).isSymbolicLink() && inside(realOf(path)));
  if (linked !== undefined) return relative(root, realOf(linked));
  for (const site of names(join(folder, 'lib')).map((name) => join(folder, 'lib', name, 'site-packages'))) {
    for (const name of names(site).filter((file) => /\.(?:pth|egg-link)$/.test(file))) {
      const text = readFileSync(join(site, name), 'utf8');
      const line = text.split('\n').find((one) => one.startsWith(root) && inside(`${one.trim()}${sep}`));
      if (line !== undefined) return name;
    }
  }
  return null;
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Links what is missing, and gives what was linked. */
export function linkMissing({ root, tree }: Layout, links: readonly string[]): readonly string[] {
  return links.filter((path) => {
    if (!existsSync(dirname(join(tree, path)))) return false;
    symlinkSync(join(root, path), join(tree, path));
    return true;
  });
}

/**
 * Runs the install command in the service's folder of a side.
 *
 * @throws WhystaleError WSE765
 */
export async function install(
  command: readonly [string, ...string[]],
  { tree, inner, side }: Layout,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const end = await runChild(
    {
      command,
      env: Object.fromEntries(
        Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
      cwd: join(tree, inner),
      clock: () => performance.now(),
    },
    INSTALL_LIMIT_MS,
    signal,
  );
  if (end.exitCode === 0 && !end.stopped) return;
  const how = end.stopped
    ? `did not end within ${INSTALL_LIMIT_MS / 60_000} min.`
    : `ended with ${end.signal === null ? `exit code ${end.exitCode}` : `signal ${end.signal}`}.`;
  throw installFailed(side, command.join(' '), `${how} ${lastLines(end.tail)}`);
}
