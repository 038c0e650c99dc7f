/** What the table is about: the scenarios of examples/race, the languages of their services, and the faults. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FaultKind } from '../../src/race/explore/contract.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
export const SCENARIOS = join(ROOT, 'examples/race');

/** Columns of the table; `none` is an exploration without faults. */
export const FAULTS = [
  'none',
  'crash',
  'reset',
  'reply-lost',
  'error',
  'expire',
] as const satisfies readonly (FaultKind | 'none')[];
export type Fault = (typeof FAULTS)[number];

export const LANGUAGES = ['python', 'node'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Scenarios that are recipes, in the order of the table: name of the page → file. */
export const RECIPES: ReadonlyMap<string, string> = new Map([
  ['generation-fence', 'generation-fence'],
  ['lease', 'lease'],
  ['versioned-key', 'versioned-key'],
  ['tombstone', 'tombstone'],
  ['transactional-outbox', 'transactional-outbox'],
  ['single-flight', 'single-flight'],
  ['ttl-with-jitter', 'ttl-with-jitter'],
  // The shops name every key by one function.
  ['key-function', 'shop-item'],
  ['invalidate-after-commit', 'invalidate-after-commit'],
]);

/** Every scenario in the folder, recipes first. */
export function scenarioNames(): readonly string[] {
  const all = readdirSync(SCENARIOS)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
  const recipes = [...RECIPES.values()];
  return [...recipes, ...all.filter((name) => !recipes.includes(name))];
}

/** Variables that choose the language of the services. */
export function variablesOf(language: Language): Readonly<Record<string, string>> {
  const [command, service, shop] =
    language === 'node'
      ? ['node', 'service.mjs', '../node-shop/server.mjs']
      : [python(), 'service.py', '../fastapi-shop/app.py'];
  return { SERVICE: `${command} ${service}`, SHOP: `${command} ${shop}` };
}

/** An interpreter that has what the services import; looked for once. */
let interpreter: string | null = null;

function python(): string {
  const wanted = 'fastapi, uvicorn, psycopg, redis';
  interpreter ??=
    ['python3', '/usr/bin/python3', '/usr/local/bin/python3'].find((name) => {
      try {
        execFileSync(name, ['-c', `import ${wanted}`], { stdio: 'ignore' });
        return true;
      } catch {
        return false;
      }
    }) ?? null;
  if (interpreter === null) throw new Error(`No python3 can import ${wanted}.`);
  return interpreter;
}
