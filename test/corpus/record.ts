/**
 * Records cases again: runs the service of a case behind `whystale watch` and puts the recording beside its case.yaml.
 *
 *     npx tsx test/corpus/record.ts NAME…     (or --all; the build must be fresh: npm run build)
 *
 * Real engines, real races: look at what the runner says of the new recording before it replaces the old one.
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../src/engines/ports.ts';
import { plainEnvironment } from '../support/cli.ts';
import { pythonWith } from '../support/engines.ts';
import { type CorpusCase, casesIn, RECORDING_FOLDER, type Recipe, readCase } from './case.ts';
import { explainedFindings, explainedScore } from './explained.ts';
import { faults } from './table.ts';
import { topologyOf } from './topology.ts';

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');
const CASES = join(import.meta.dirname, 'cases');
const SERVICES = join(import.meta.dirname, 'services');
const LIMIT_MS = 90_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { all: { type: 'boolean', default: false } },
  });
  const all = values.all ? casesIn(CASES) : positionals.map((name) => readCase(join(CASES, name)));
  if (all.length === 0) throw new Error('Name the cases to record, or say --all.');
  for (const one of all) {
    if (one.record !== undefined) await record(one, one.record);
  }
}

async function record(one: CorpusCase, recipe: Recipe): Promise<void> {
  const folder = join(one.folder, RECORDING_FOLDER);
  rmSync(folder, { recursive: true, force: true });
  const stores = await topologyOf(recipe.topology);
  try {
    const http = recipe.http ? await httpFlags() : [];
    const args = ['watch', '--json', '--out', folder, ...stores.flags, ...http, ...recipe.watch, '--'];
    const end = await run([PROGRAM, ...args, ...recipe.command], {
      cwd: join(SERVICES, recipe.service),
      env: { ...environmentOf(recipe), ...stores.env },
    });
    if (!existsSync(folder)) throw new Error(`${one.name}: nothing was recorded.\n${end.stderr}`);
    tell(one, folder, end);
  } finally {
    await stores.stop();
  }
}

/** The proxy listens on $FRONT, the service on $PORT. */
async function httpFlags(): Promise<readonly string[]> {
  const front = await freePort();
  const port = await freePort();
  return [
    ...['--http', `${front}=http://127.0.0.1:${port}`],
    ...['--env', `FRONT=http://127.0.0.1:${front}`, '--env', `PORT=${port}`],
  ];
}

/** The interpreter that has the modules comes first on PATH, so that commands need not name this machine's folders. */
function environmentOf({ command, env }: Recipe): Record<string, string> {
  const plain = plainEnvironment({ PYTHONDONTWRITEBYTECODE: '1', ...env });
  if (!command[0].startsWith('python') && command[0] !== 'sh') return plain;
  const python = dirname(pythonWith('redis', 'psycopg'));
  return { ...plain, PATH: [python, dirname(process.execPath), plain.PATH ?? ''].join(delimiter) };
}

interface End {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], options: SpawnOptions): Promise<End> {
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const limit = setTimeout(() => child.kill('SIGINT'), LIMIT_MS);
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (exitCode) => {
      clearTimeout(limit);
      done({ exitCode, ...output });
    });
  });
}

function tell(one: CorpusCase, folder: string, { exitCode, stderr }: End): void {
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const { operations, child } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const findings = explainedFindings(one).map(
    ({ code, template, confidence, hits, writer }) => `${code} ${template} ${confidence} ${hits} [${writer}]`,
  );
  const wrong = faults(explainedScore(one));
  const lines = [
    `${wrong.length === 0 ? 'good ' : 'WRONG'} ${one.name}: ${operations} operations, ${Math.ceil(bytes / 1024)} KB, watch ${exitCode}, service ${child?.exitCode}`,
    ...findings.map((finding) => `    ${finding}`),
    ...wrong.map((fault) => `  ! ${fault}`),
    ...(child?.exitCode === 0 ? [] : [stderr.slice(-2_000)]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

await main();
