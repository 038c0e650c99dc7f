/**
 * Files that say which dependencies there are. To add one: its name in the table. A manifest that says more than that (package.json)
 * has its own reading in `manifest-parts.ts`.
 */

/** What is written by package managers, or by people for them, and nothing else stands in it. */
const NAMES: ReadonlySet<string> = new Set([
  // JavaScript
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'bun.lock',
  'bun.lockb',
  'deno.lock',
  // Python
  'pyproject.toml',
  'poetry.lock',
  'Pipfile',
  'Pipfile.lock',
  'uv.lock',
  'pdm.lock',
  'pylock.toml',
  'environment.yml',
  'environment.yaml',
  'conda-lock.yml',
  // Ruby, PHP, Go, Rust, Elixir
  'Gemfile',
  'Gemfile.lock',
  'gems.rb',
  'gems.locked',
  'composer.json',
  'composer.lock',
  'go.mod',
  'go.sum',
  'go.work',
  'go.work.sum',
  'Cargo.toml',
  'Cargo.lock',
  'mix.lock',
  'rebar.lock',
  // Java, .NET, Swift, Dart
  'pom.xml',
  'gradle.lockfile',
  'buildscript-gradle.lockfile',
  'packages.lock.json',
  'Directory.Packages.props',
  'Package.resolved',
  'pubspec.lock',
]);

/** `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`, `constraints.txt`, `requirements.in`. */
const REQUIREMENTS = /^(?:[\w.-]+[-_.])?(?:requirements|constraints)(?:[-_.][\w.-]+)?\.(?:txt|in)$/;

/** Folders that hold dependency files beside the service, and which of their files. */
export const DEPENDENCY_FOLDERS: readonly (readonly [folder: string, files: RegExp])[] = [
  ['requirements', /\.(?:txt|in)$/],
  ['gradle', /^(?:libs\.versions\.toml|verification-metadata\.xml)$/],
];

/** Whether a file of this name says which dependencies there are. */
export function isDependencyFile(name: string): boolean {
  return NAMES.has(name) || REQUIREMENTS.test(name);
}
