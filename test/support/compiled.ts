/**
 * Modules for tests that need a second process of ours, for example to kill it: Node 20 does not run TypeScript, so the
 * sources are compiled into a folder inside the project, from where they find their dependencies.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** A folder with compiled sources. */
export interface CompiledSources {
  /** Path of the module that `source`, a path below `src`, was compiled to. */
  readonly module: (source: string) => string;
  readonly remove: () => void;
}

/** Compiles the sources that `entries` (paths below `src`) reach. */
export function compileSources(...entries: readonly string[]): CompiledSources {
  const parent = join(ROOT, 'node_modules', '.cache');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'whystale-test-'));
  const options = [
    ['--outDir', folder],
    ['--rootDir', join(ROOT, 'src')],
    ['--target', 'es2023'],
    ['--module', 'nodenext'],
    ['--types', 'node'],
    ['--rewriteRelativeImportExtensions'],
    ['--skipLibCheck'],
    ['--ignoreConfig'],
  ].flat();
  const sources = entries.map((entry) => join(ROOT, 'src', entry));
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), [...options, ...sources], { cwd: ROOT });
  return {
    module: (source) => join(folder, source.replace(/\.ts$/, '.js')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
