import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processExists } from '../../src/engines/processes.ts';
import { type CompiledSources, compileSources } from '../support/compiled.ts';

const LIMIT_MS = 60_000;
const GONE_LIMIT_MS = 10_000;

let sources: CompiledSources;
beforeAll(() => {
  sources = compileSources('engines/index.ts');
}, LIMIT_MS);
afterAll(() => sources.remove());

const SCRIPT = `
const { startPostgres, startRedis } = await import(process.argv[1]);
const engines = await Promise.all([startPostgres(), startRedis()]);
console.log(JSON.stringify(engines.map(({ pid, dataFolder }) => ({ pid, dataFolder }))));
process.stdin.on('data', () => { throw new Error('uncaught'); });
`;

interface Started {
  readonly pid: number;
  readonly dataFolder: string;
}

async function parentWithEngines(): Promise<{
  readonly parent: ChildProcess;
  readonly engines: readonly Started[];
}> {
  const url = pathToFileURL(sources.module('engines/index.ts')).href;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT, '--', url], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: parent.stdout });
  for await (const line of lines) return { parent, engines: JSON.parse(line) as readonly Started[] };
  throw new Error('the parent ended without a word');
}

async function untilGone(engines: readonly Started[]): Promise<boolean> {
  for (let waited = 0; waited < GONE_LIMIT_MS; waited += 50) {
    if (!engines.some(({ pid, dataFolder }) => processExists(pid) || existsSync(dataFolder))) return true;
    await delay(50);
  }
  return false;
}

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('engines end with a parent ended by %s', {
  timeout: LIMIT_MS,
}, async (signal) => {
  const { parent, engines } = await parentWithEngines();
  expect(engines.every(({ pid }) => processExists(pid))).toBe(true);
  parent.kill(signal);
  expect(await untilGone(engines)).toBe(true);
});

test('engines end with a parent that an error ends', { timeout: LIMIT_MS }, async () => {
  const { parent, engines } = await parentWithEngines();
  parent.stdin?.write('fail\n');
  expect(await untilGone(engines)).toBe(true);
});
