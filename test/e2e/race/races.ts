/**
 * `race` and `replay` of the built command line, on engines that a whole file shares.
 *
 *     const races = withRaces();
 *     test('…', async () => { const ended = await races.race(shipped('lease')); });
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { RaceResult, ReplayResult } from '../../../src/race/result.ts';
import type { ScenarioFile } from '../../../src/race/scenario/schema.ts';
import { type CliOptions, type Whystale, withWhystale } from '../../support/cli.ts';
import { pythonWith, withPostgres, withRedis } from '../../support/engines.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples/race');
const SERVICES = join(import.meta.dirname, 'services');
/** One exploration may take so long on a machine that does other things besides, ms. */
const LIMIT_MS = 110_000;

export type Language = 'FastAPI' | 'Node';

/** A scenario, with variables that its texts name. */
export interface Scene {
  readonly scenario: ScenarioFile;
  readonly env: Readonly<Record<string, string>>;
}

export interface Raced extends RaceResult {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly scene: Scene;
}

export interface Races {
  readonly whystale: Whystale;
  /** Explores on this file's engines. */
  readonly race: (scene: Scene, ...args: readonly string[]) => Promise<Raced>;
  /** Replays a schedule of an exploration before. */
  readonly replay: (raced: Raced, schedule: string, times: number) => Promise<ReplayResult>;
  /** Writes the scenario to a file; embedded engines unless told otherwise. */
  readonly write: (scene: Scene, stores?: ScenarioFile['stores']) => string;
}

/** Call it at the top level. */
export function withRaces(): Races {
  const whystale = withWhystale();
  const redis = withRedis();
  const postgres = withPostgres();
  const write: Races['write'] = ({ scenario }, stores = {}) => {
    const file = join(whystale.folder('race'), 'scenario.json');
    writeFileSync(file, JSON.stringify({ ...scenario, stores }));
    return file;
  };
  const run = async (args: readonly string[], options: CliOptions) => {
    const end = await whystale.start([...args, '--json'], options).end(LIMIT_MS);
    if (end.stdout.trim() === '') throw new Error(`${args.join(' ')} printed nothing:\n${end.stderr}`);
    return end;
  };
  return {
    whystale,
    write,
    race: async (scene, ...args) => {
      const file = write(scene, { redis: redis.url(), postgres: postgres.url() });
      const end = await run(['race', file, ...args], { env: scene.env });
      const { exitCode, stderr } = end;
      return { ...(JSON.parse(end.stdout) as RaceResult), exitCode, stderr, scene };
    },
    replay: async ({ scene }, schedule, times) => {
      const end = await run(['replay', schedule, '--times', String(times)], { env: scene.env });
      return JSON.parse(end.stdout) as ReplayResult;
    },
  };
}

/** A scenario of examples/race, as it is shipped. */
export function shipped(name: string, language: Language, changes: Partial<ScenarioFile> = {}): Scene {
  const scenario = parse(readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8')) as ScenarioFile;
  const placed = (file: unknown): string => {
    const path = join(EXAMPLES, String(file));
    if (!existsSync(path)) throw new Error(`${name}.yaml names ${path}, which is not there`);
    return path;
  };
  const python = () => `${pythonWith('fastapi', 'uvicorn', 'redis', 'psycopg')} service.py`;
  return {
    scenario: {
      ...scenario,
      service: { ...scenario.service, cwd: EXAMPLES },
      setup: placed(scenario.setup),
      reset: placed(scenario.reset),
      ...changes,
    },
    env: { SERVICE: language === 'Node' ? `${process.execPath} service.mjs` : python() },
  };
}

/** What the services beside this file have in common: shows with seats. */
export interface ShowsOptions extends Partial<ScenarioFile> {
  readonly environment?: Readonly<Record<string, string>>;
}

const MODULES: Readonly<Record<string, readonly string[]>> = {
  'single_thread.py': ['redis', 'psycopg2'],
  'optimistic.py': ['fastapi', 'uvicorn', 'redis', 'psycopg'],
  'asynchronous.py': ['fastapi', 'uvicorn', 'redis', 'asyncpg'],
  'orm.py': ['fastapi', 'uvicorn', 'redis', 'psycopg2', 'sqlalchemy'],
  'isolation.py': ['fastapi', 'uvicorn', 'redis', 'psycopg'],
};

/** A reader and a writer of one show, unless told otherwise. */
export function shows(service: string, { environment = {}, ...changes }: ShowsOptions = {}): Scene {
  const modules = MODULES[service];
  const program = modules === undefined ? process.execPath : pythonWith(...modules);
  const env = { PORT: '{port}', REDIS_URL: '{redis}', DATABASE_URL: '{postgres}', ...environment };
  return {
    scenario: {
      service: { command: [program, service], cwd: SERVICES, env, ready: 'GET /health' },
      setup: join(SERVICES, 'schema.sql'),
      reset: join(SERVICES, 'reset.sql'),
      warmup: 'GET /shows/2',
      actors: { reader: 'GET /shows/1', writer: { request: 'PUT /shows/1', json: { seats: 90 } } },
      oracle: { request: 'GET /shows/1', path: '$.seats', sql: 'SELECT seats FROM shows WHERE id = 1' },
      ...changes,
    },
    env: {},
  };
}

/** What of the counterexamples must be the same whatever way they were found. */
export function causesOf({ counterexamples }: RaceResult): readonly string[] {
  return counterexamples
    .map(({ start, fault, cause }) => `${start}, ${fault ?? 'no fault'}: ${cause}`)
    .sort();
}
