/**
 * A whole case on the example shops: users see an old price, a finding says why, the case is written from it, measured, mended by a
 * commit, compared with both sides' race verdicts, and closed.
 */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { runTraffic } from '../../examples/traffic.mjs';
import type { Comparison } from '../../src/compare/contract.ts';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { repositoryIn, type TestRepository } from '../compare/repository.ts';
import { type CliEnd, withWhystale } from '../support/cli.ts';
import { freePort, pythonWith } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const MODULES = resolve(import.meta.dirname, '../../node_modules');
const BUG = 'stale-fill-race';
const SHOPS = THOROUGH ? (['node-shop', 'fastapi-shop'] as const) : (['node-shop'] as const);
type Shop = (typeof SHOPS)[number] | 'fastapi-shop';

const RACE = (command: string) => `service:
  command: ${command}
  cwd: ../..
  env: { PORT: "{port}", REDIS_URL: "{redis}", DATABASE_URL: "{postgres}" }
  ready: GET /healthz
setup: [../../schema.sql, ../../seed.sql]
reset: ../../race/shop-reset.sql
warmup: [GET /items/2, GET /users/2, GET /stock/2]
actors:
  reader: GET /items/1
  writer: { request: PUT /items/1, json: { price: 12.5 }, headers: { authorization: Bearer demo-token-2 } }
oracle: { request: GET /items/1, path: $.price, sql: "select price::float8 from items where id = 1" }
`;

const whystale = withWhystale();

/** The command that starts a shop, and the file that says which bug it has. */
function started(
  shop: Shop,
  bug: string,
): { readonly command: string; readonly files: Record<string, string> } {
  if (shop === 'node-shop')
    return {
      command: `${process.execPath} start.mjs`,
      files: { 'start.mjs': `process.env.SHOP_BUG = '${bug}';\nawait import('./node-shop/server.mjs');\n` },
    };
  const python = pythonWith('fastapi', 'uvicorn', 'redis', 'psycopg');
  const text = `import os, runpy, sys
os.environ["SHOP_BUG"] = "${bug}"
sys.path.insert(0, "fastapi-shop")
runpy.run_path("fastapi-shop/app.py", run_name="__main__")
`;
  return { command: `${python} -B start.py`, files: { 'start.py': text } };
}

function repositoryWith(shop: Shop): TestRepository {
  const repository = repositoryIn(whystale.folder(shop));
  const { root } = repository;
  cpSync(join(EXAMPLES, shop), join(root, shop), { recursive: true });
  cpSync(join(EXAMPLES, 'race/shop-reset.sql'), join(root, 'race/shop-reset.sql'));
  for (const file of ['schema.sql', 'seed.sql']) cpSync(join(EXAMPLES, file), join(root, file));
  symlinkSync(MODULES, join(root, 'node_modules'));
  repository.commit({
    '.gitignore': 'node_modules\n__pycache__\nrec\n.whystale\n',
    ...started(shop, BUG).files,
  });
  return repository;
}

/** Watches the shop until its users were shown old prices. */
async function watched({ root }: TestRepository, shop: Shop): Promise<CliEnd> {
  const [listen, target] = [await freePort(), await freePort()];
  const [program = '', ...args] = started(shop, BUG).command.split(' ');
  const run = whystale.start(
    [
      ...['watch', '--json', '--out', 'rec', '--http', `${listen}=http://127.0.0.1:${target}`],
      ...['--env', `PORT=${target}`, '--', program, ...args],
    ],
    { cwd: root },
  );
  await run.sees(/HTTP on /);
  const enough = new AbortController();
  await runTraffic({
    ...{ url: `http://127.0.0.1:${listen}`, scenario: BUG, seconds: 30, clients: 12, signal: enough.signal },
    onProgress: ({ staleAnswers }) => {
      if (staleAnswers >= 5) setTimeout(() => enough.abort(), 500);
    },
  });
  return run.interrupt();
}

/** What a person adds to the file that was written for them. */
function completed(file: string, command: string): void {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const add = (name: string, value: unknown) => document.set(name, document.createNode(value));
  const env = { PORT: '{port}', REDIS_URL: '{redis}', DATABASE_URL: '{postgres}' };
  add('service', { command, cwd: '../..', env, ready: 'GET /healthz' });
  add('setup', ['../../schema.sql', '../../seed.sql']);
  add('input', 'GET /items/1');
  add('race', 'race.yaml');
  add('load', { rate: '20/s', seconds: 2, cold: 12, warmup: 2 });
  writeFileSync(file, document.toString());
}

test.each(SHOPS)('an old price in the %s: found, written down, measured, mended, compared, closed', {
  timeout: 240_000,
}, async (shop) => {
  const repository = repositoryWith(shop);
  const { root } = repository;
  const { command } = started(shop, BUG);
  const ask = (...args: readonly string[]) => whystale.start(args, { cwd: root }).end(150_000);

  const { findings } = FindingsSchema.parse(JSON.parse((await watched(repository, shop)).stdout));
  const finding = findings.find(({ code }) => code === 'WS104');
  expect(finding?.template).toBe('item:{id}');

  const flags = ['--kind', 'code', '--change', 'the fill asks for the generation', '--owner', 'ana'];
  const made = await ask(
    ...['case', 'new', 'old-price', '--yes', '--from', finding!.id, '--recording', 'rec'],
    ...[
      ...flags,
      '--rollback',
      'git revert --no-edit HEAD',
      '--symptom',
      'the item page',
      '--expected',
      '200',
    ],
  );
  expect(made.exitCode, made.stderr).toBe(0);
  const file = join(root, 'cases/old-price/case.yaml');
  expect(readFileSync(file, 'utf8')).toMatch(/route: GET \/items\/\{id\}[\s\S]*code: WS104/);
  completed(file, command);
  writeFileSync(join(root, 'cases/old-price/race.yaml'), RACE(command));

  const baseline = await ask('measure', 'old-price');
  expect(baseline.exitCode, baseline.stderr).toBe(0);
  expect(baseline.stdout).toMatch(/^cold .* 0 % {4}0 %/m);

  repository.commit(started(shop, '').files);
  const compared = await ask('compare', 'old-price', '--rounds', '4', '--json');
  const comparison = JSON.parse(compared.stdout) as Comparison;
  expect([comparison.verdict, compared.exitCode], comparison.because).toEqual(['better', 0]);
  expect(comparison.race).toMatchObject({
    before: { verdict: 'invalid', complete: true, causes: ['WS104'] },
    after: { verdict: 'valid', complete: true, causes: [] },
  });

  const check = await ask('case', 'check', 'old-price');
  expect(check.exitCode, check.stdout).toBe(0);
  const closed = await ask('case', 'close', 'old-price', '--outcome', 'no old price any more');
  expect(closed.exitCode, closed.stdout + closed.stderr).toBe(0);
  expect((await ask('case', 'list')).stdout).toMatch(/old-price +closed/);
});
