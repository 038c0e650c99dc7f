/** A recipe, or its naive twin, as a process of its own behind gates, driven line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { plainEnvironment } from '../support/cli.ts';
import { pythonWith } from '../support/engines.ts';
import { type Gate, openGate } from './gate.ts';

export type Language = 'node' | 'python';

const RECIPES = resolve(import.meta.dirname, '../../examples/recipes');
const NAIVE = resolve(import.meta.dirname, 'naive');
const STOP_LIMIT_MS = 10_000;

export interface Stores {
  readonly redis: string;
  readonly postgres: string;
}

export interface RecipeProcess {
  readonly redis: Gate;
  readonly postgres: Gate;
  /** The price that a reader is given. */
  readonly read: (id: number) => Promise<number>;
  readonly write: (id: number, price: number) => Promise<void>;
  /** At once, as a machine that loses its power. */
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** File of a recipe, named as its page is. */
export function recipeFile(language: Language, name: string): string {
  return join(RECIPES, fileName(language, name));
}

/** File of a twin that lacks what the recipe is about. */
export function naiveFile(language: Language, name: string): string {
  return join(NAIVE, fileName(language, name));
}

function fileName(language: Language, name: string): string {
  return language === 'node' ? `${name}.mjs` : `${name.replaceAll('-', '_')}.py`;
}

/** The command that serves a recipe. */
export function commandOf(language: Language, file: string): readonly string[] {
  return language === 'node'
    ? [process.execPath, join(RECIPES, 'run.mjs'), file]
    : [pythonWith('redis', 'psycopg'), join(RECIPES, 'run.py'), file];
}

/** Starts a recipe on its line protocol, or what else `call` says. */
export async function startRecipe(
  language: Language,
  file: string,
  stores: Stores,
  ...call: readonly string[]
): Promise<RecipeProcess> {
  const [redis, postgres] = await Promise.all([openGate(stores.redis), openGate(stores.postgres)]);
  const [command, ...args] = commandOf(language, file);
  const child = spawn(command ?? '', [...args, ...call], {
    env: plainEnvironment({
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      PYTHONDONTWRITEBYTECODE: '1',
    }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ask = askerOf(child);
  const closed = once(child, 'close');
  const end = async (): Promise<void> => {
    await closed;
    await Promise.all([redis.close(), postgres.close()]);
  };
  return {
    redis,
    postgres,
    read: async (id) => Number(await ask(`read ${id}`)),
    write: async (id, price) => void (await ask(`write ${id} ${price}`)),
    kill: async () => {
      child.kill('SIGKILL');
      await end();
    },
    stop: async () => {
      child.stdin.end();
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await end();
      clearTimeout(limit);
    },
  };
}

/** Sends calls and gives their answers; rejects when the answer is an error or the process ends first. */
function askerOf(child: ChildProcess): (call: string) => Promise<string> {
  const waiting = new Map<
    string,
    { readonly done: (answer: string) => void; readonly failed: (error: Error) => void }
  >();
  let tags = 0;
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  child.on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  child.on('close', () => {
    for (const { failed } of waiting.values()) failed(new Error(`The recipe ended. ${errors}`));
  });
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, tag = '', answer = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      const call = waiting.get(tag);
      waiting.delete(tag);
      if (answer.startsWith('error ')) call?.failed(new Error(`${answer}\n${errors}`));
      else call?.done(answer);
    });
  }
  return (call) => {
    tags += 1;
    const tag = `c${tags}`;
    const answer = new Promise<string>((done, failed) => waiting.set(tag, { done, failed }));
    // A test that kills the process does not ask any more.
    answer.catch(() => undefined);
    child.stdin?.write(`${tag} ${call}\n`);
    return answer;
  };
}
