/** Which program serves Redis: redis-server or valkey-server where one is installed, else an emulation in JavaScript. */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WhystaleError } from '../errors.ts';
import { findProgram } from './programs.ts';

export interface RedisProgram {
  readonly product: 'redis' | 'valkey' | 'js-redis-server';
  readonly emulated: boolean;
  readonly program: string;
  /** Arguments before the engine's own. */
  readonly args: readonly string[];
}

/** The emulation; an optional dependency, because it asks for a newer Node than whystale. */
const EMULATOR = 'js-redis-server';

/**
 * Runs the emulation in a process of its own, so that it shares no event loop with the proxies. Port and module come as
 * arguments. It ends with the signal that would end a server.
 */
const EMULATOR_SCRIPT = `
const [module, port] = process.argv.slice(1);
const { createRedisMock } = await import(module);
await createRedisMock({ port: Number(port) });
`;

/** Where programs are looked for besides PATH, and the emulation's module; for tests. */
export interface RedisPlaces {
  readonly folders?: readonly string[];
  readonly emulator?: string | null;
}

/**
 * The program to start.
 *
 * @param emulate true: the emulation even where a server is installed; false: never the emulation
 * @throws WhystaleError WSE411 when there is none
 */
export function findRedis(env: NodeJS.ProcessEnv, emulate?: boolean, places: RedisPlaces = {}): RedisProgram {
  const server =
    emulate === true ? null : findProgram(['redis-server', 'valkey-server'], env, places.folders);
  if (server !== null) return { product: productOf(server), emulated: false, program: server, args: [] };
  const installed = places.emulator === undefined ? emulatorModule() : places.emulator;
  const emulator = emulate === false ? null : installed;
  if (emulator !== null) {
    const args = ['--input-type=module', '--eval', EMULATOR_SCRIPT, '--', emulator];
    return { product: EMULATOR, emulated: true, program: process.execPath, args };
  }
  throw new WhystaleError({
    code: 'WSE411',
    what: 'No redis-server or valkey-server was found on PATH or in the usual folders, and no emulation is installed.',
    expected: 'One of redis-server, valkey-server, or the npm package js-redis-server.',
    retry: 'after-fix',
    next: `${installCommand()}, or npm install ${EMULATOR} (emulated), or give --redis URL.`,
    exitCode: 4,
  });
}

/** The command that installs a Redis server here. */
export function installCommand(platform: NodeJS.Platform = process.platform): string {
  return platform === 'darwin' ? 'brew install redis' : 'apt-get install -y redis-server';
}

/** Distributions ship valkey with links named redis-server; the link's end tells. */
function productOf(program: string): 'redis' | 'valkey' {
  try {
    return basename(realpathSync(program)).startsWith('valkey') ? 'valkey' : 'redis';
  } catch {
    return 'redis';
  }
}

/** URL of the emulation's module, or null when it is not installed. */
function emulatorModule(): string | null {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(EMULATOR)).href;
  } catch {
    return null;
  }
}
