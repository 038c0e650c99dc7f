/** Which engines of our own can be started here. */

import { findPostgres } from '../engines/postgres-binaries.ts';
import { engineEnvironment, runToEnd } from '../engines/processes.ts';
import { findRedis, installCommand } from '../engines/redis-programs.ts';
import { currentUser, postgresUser, type RunUser } from '../engines/run-user.ts';
import { WhystaleError } from '../errors.ts';
import type { Check } from './check.ts';

const VERSION_LIMIT_MS = 10_000;
const USE = 'demo, race and tests without a server of your own';

/**
 * Looks at both engines without starting them.
 *
 * @param needed which kinds have no server given, so that an engine is required
 */
export async function engineChecks(
  env: NodeJS.ProcessEnv,
  needed: { readonly redis: boolean; readonly postgres: boolean },
): Promise<readonly Check[]> {
  return [await postgresEngine(env, needed.postgres), await redisEngine(env, needed.redis)];
}

async function postgresEngine(env: NodeJS.ProcessEnv, required: boolean): Promise<Check> {
  const base = { id: 'engines.postgres', title: 'Embedded PostgreSQL', required, use: USE };
  try {
    const user = postgresUser();
    const { postgres, origin } = findPostgres(user, env);
    const version = await versionOf(postgres, ['--version'], /(\d+(?:\.\d+)?\S*)\s*$/m, user, env);
    const as = user.ids === null ? '' : `, runs as user ${user.name}`;
    return { ...base, state: 'ok', evidence: `${version} (${origin})${as}` };
  } catch (error) {
    return lackOf(base, error);
  }
}

async function redisEngine(env: NodeJS.ProcessEnv, required: boolean): Promise<Check> {
  const base = { id: 'engines.redis', title: 'Embedded Redis', required, use: USE };
  try {
    const found = findRedis(env);
    if (found.emulated) {
      return {
        ...base,
        state: 'lack',
        required: false,
        evidence: `only the emulation ${found.product}; race gives no verdict on it`,
        mend: installCommand(),
      };
    }
    const version = await versionOf(found.program, ['--version'], /v=(\S+)/, currentUser(), env);
    return { ...base, state: 'ok', evidence: `${found.product} ${version} (${found.program})` };
  } catch (error) {
    return { ...lackOf(base, error), mend: installCommand() };
  }
}

async function versionOf(
  program: string,
  args: readonly string[],
  pattern: RegExp,
  user: RunUser,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const result = await runToEnd({
    program,
    args,
    env: engineEnvironment(env),
    user,
    cwd: '/',
    timeoutMs: VERSION_LIMIT_MS,
  });
  const version = pattern.exec(result.output)?.[1];
  if (result.code !== 0 || version === undefined)
    throw new Error(`${program} cannot be run: ${result.output}`);
  return version;
}

function lackOf(base: Omit<Check, 'state' | 'evidence'>, error: unknown): Check {
  if (error instanceof WhystaleError) {
    return { ...base, state: 'lack', evidence: error.facts.what, mend: error.facts.next };
  }
  return { ...base, state: 'unknown', evidence: error instanceof Error ? error.message : String(error) };
}
