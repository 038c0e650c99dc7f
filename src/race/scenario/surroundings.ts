/** What the requests run in: the service, its set-up, and what is done before every execution. */
import { resolve } from 'node:path';
import { fileFailure } from '../../files/failure.ts';
import type { Path } from '../../yamlfile/index.ts';
import { type Command, commandOf, wordsOf } from './command.ts';
import type { RedisReset, Scenario, SetupSpec } from './contract.ts';
import { listOf, milliseconds, type Reading, textOf, textsOf } from './reading.ts';
import { readHeaders, target } from './requests.ts';
import type { CommandFile, ScenarioFile, StepFile } from './schema.ts';

const READY_WITHIN_MS = 30_000;

export function readService(
  { service }: Pick<ScenarioFile, 'service'>,
  reading: Reading,
): Scenario['service'] {
  const path = ['service'];
  const { command, cwd, env } = service;
  return {
    command: readCommand(command, [...path, 'command'], reading),
    cwd: resolve(reading.folder, cwd ?? '.'),
    env: textsOf(env, [...path, 'env'], reading),
    ready: readReady(service, [...path, 'ready'], reading),
  };
}

function readReady({ ready }: ScenarioFile['service'], path: Path, reading: Reading) {
  if (ready === undefined) return null;
  const { request, headers, within } =
    typeof ready === 'string' ? { request: ready, headers: undefined, within: undefined } : ready;
  return {
    request: {
      ...target(request, typeof ready === 'string' ? path : [...path, 'request'], reading),
      headers: readHeaders(headers, [...path, 'headers'], reading),
      body: null,
    },
    withinMs: milliseconds(within, READY_WITHIN_MS, [...path, 'within'], reading),
  };
}

export function readCommand(command: CommandFile, path: Path, reading: Reading): Command {
  if (typeof command !== 'string') {
    const [first = '', ...rest] = command;
    return [first, ...rest];
  }
  const read = commandOf(command);
  if (read === null)
    reading.wrong(
      path,
      `"${command}" is no command`,
      'A program and its arguments, with every quote closed.',
    );
  return read ?? [command];
}

const STORE_SCHEMES = {
  redis: /^(?:rediss?|valkeys?|unix|redis\+unix|redis\+socket):\/\//i,
  postgres: /^(?:postgres(?:ql)?)(?:\+\w+)?:\/\//i,
} as const;

export function readStores(
  { stores = {} }: Pick<ScenarioFile, 'stores'>,
  reading: Reading,
): Scenario['stores'] {
  const of = (kind: 'redis' | 'postgres') => {
    const url = stores[kind] ?? 'embedded';
    if (url !== 'embedded' && !STORE_SCHEMES[kind].test(url))
      reading.wrong(
        ['stores', kind],
        `"${kind}" is no store of this kind`,
        `embedded, or a URL that begins with ${kind === 'redis' ? 'redis' : 'postgresql'}://.`,
      );
    return url;
  };
  return { redis: of('redis'), postgres: of('postgres') };
}

export function readSetup({ setup }: Pick<ScenarioFile, 'setup'>, reading: Reading): readonly SetupSpec[] {
  return readSteps(setup, ['setup'], reading);
}

export function readReset({ reset }: ScenarioFile, reading: Reading): Scenario['reset'] {
  if (reset === undefined || typeof reset === 'string' || Array.isArray(reset))
    return { steps: readSteps(reset, ['reset'], reading), redis: { kind: 'flushdb' } };
  const { redis, ...step } = reset;
  const bare = step.sql === undefined && step.command === undefined;
  return {
    steps: bare ? [] : readStep(step, ['reset'], reading),
    redis: readRedisReset(redis, ['reset', 'redis'], reading),
  };
}

function readSteps(
  steps: StepFile | readonly StepFile[] | undefined,
  path: Path,
  reading: Reading,
): readonly SetupSpec[] {
  if (!Array.isArray(steps)) return steps === undefined ? [] : readStep(steps as StepFile, path, reading);
  return steps.flatMap((step: StepFile, i) => readStep(step, [...path, i], reading));
}

function readStep(step: StepFile, path: Path, reading: Reading): readonly SetupSpec[] {
  if (typeof step === 'string') return [sqlFile(step, path, reading)];
  const { sql, command } = step;
  if (sql === undefined && command === undefined)
    reading.wrong(path, 'nothing is done here', 'sql with a file, or command.');
  const files = Array.isArray(sql)
    ? sql.map((file, i) => sqlFile(file, [...path, 'sql', i], reading))
    : listOf(sql).map((file) => sqlFile(file as string, [...path, 'sql'], reading));
  if (command === undefined) return files;
  return [...files, { kind: 'command', command: readCommand(command, [...path, 'command'], reading) }];
}

function sqlFile(name: string, path: Path, reading: Reading): SetupSpec {
  const file = resolve(reading.folder, name);
  try {
    return { kind: 'sql', file, text: reading.readText(file) };
  } catch (cause) {
    const expected = 'The name of an SQL file, relative to this file; a program is started by command.';
    reading.wrong(path, `${name} could not be read: ${fileFailure(cause, 'reading')}`, expected);
    return { kind: 'sql', file, text: '' };
  }
}

type RedisResetFile = Extract<NonNullable<ScenarioFile['reset']>, { readonly redis?: unknown }>['redis'];

function readRedisReset(redis: RedisResetFile, path: Path, reading: Reading): RedisReset {
  if (redis === undefined || redis === 'flushdb') return { kind: 'flushdb' };
  if (!Array.isArray(redis)) return { kind: 'delete', patterns: listOf(redis.delete) as readonly string[] };
  const commands = redis.map((command, i) =>
    typeof command === 'string'
      ? words(command, [...path, i], reading)
      : command.map((word, j) => textOf(word, [...path, i, j], reading)),
  );
  return { kind: 'commands', commands };
}

/** A Redis command as redis-cli takes it: words, quoted where they hold spaces. */
function words(text: string, path: Path, reading: Reading): readonly string[] {
  const found = wordsOf(text) ?? [];
  if (found.length === 0)
    reading.wrong(path, `"${text}" is no command of Redis`, 'Words, or a list of words.');
  return found;
}
