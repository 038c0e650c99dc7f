/** What of a file bears on dependencies, and what of it is code. Pure. */

/** The two parts of a file as texts; `code` null: nothing in it is code. */
export interface ManifestParts {
  readonly dependencies: string;
  readonly code: string | null;
}

/** Sections of package.json and composer.json that package managers resolve. */
const SECTION = new RegExp(
  `^(?:${[
    'dependencies|devDependencies|peerDependencies|peerDependenciesMeta|optionalDependencies|bundledDependencies',
    'bundleDependencies|overrides|resolutions|packageManager|engines|workspaces|pnpm|catalog|catalogs|trustedDependencies',
    'require|require-dev|repositories|replace|provide|conflict|minimum-stability|prefer-stable',
  ].join('|')})$`,
);
/** The package's own version changes with each release and resolves nothing. */
const OWN_VERSION = 'version';

/** Divides a file's text; a text that cannot be read as its name promises counts as dependencies whole. */
export function manifestParts(name: string, text: string): ManifestParts {
  if (name === 'package.json' || name === 'composer.json') return dividedJson(text);
  if (name === 'package-lock.json' || name === 'npm-shrinkwrap.json') {
    return { dependencies: lockWithoutOwnVersion(text), code: null };
  }
  if (/^(?:pyproject|Cargo)\.toml$/.test(name))
    return { dependencies: tomlWithoutOwnVersion(text), code: null };
  return { dependencies: text, code: null };
}

function dividedJson(text: string): ManifestParts {
  const document = recordOf(text);
  if (document === null) return { dependencies: text, code: null };
  const entries = Object.entries(document);
  const resolved = entries.filter(([name]) => SECTION.test(name));
  const rest = entries.filter(([name]) => !SECTION.test(name) && name !== OWN_VERSION);
  return { dependencies: canonical(resolved), code: canonical(rest) };
}

/** Order of sections means nothing to a package manager; order within some (`scripts`, `exports`) may. */
function canonical(entries: readonly (readonly [string, unknown])[]): string {
  return JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** npm repeats the package's own version at the top and under `packages[""]`. */
function lockWithoutOwnVersion(text: string): string {
  const document = recordOf(text);
  if (document === null) return text;
  const { version: _, packages, ...rest } = document;
  if (!isRecord(packages) || !isRecord(packages[''])) return JSON.stringify({ ...rest, packages });
  const { version: __, ...own } = packages[''];
  return JSON.stringify({ ...rest, packages: { ...packages, '': own } });
}

/** Tables of TOML in which `version` is the package's own. */
const OWN_TABLE = /^\[\s*(?:project|package|tool\.poetry|workspace\.package)\s*\]/;

function tomlWithoutOwnVersion(text: string): string {
  let own = false;
  const kept = text.split(/\r?\n/).filter((line) => {
    if (line.startsWith('[')) own = OWN_TABLE.test(line);
    return !(own && /^version\s*=\s*["']/.test(line));
  });
  return kept.join('\n');
}

function recordOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const document: unknown = JSON.parse(text);
    return isRecord(document) ? document : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
