/**
 * A whole case on the example shops, as a person works it: users see an old value, a finding says why, what is old is purged while the
 * shop is used, the case is written, measured, mended, rehearsed on staging, compared, judged, closed with a tag, and published.
 *
 * What is the same in every language (measured, a rollback that fails, compared, closed, published) is done once, and for both in a
 * thorough run.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runTraffic } from '../../examples/traffic.mjs';
import type { Comparison } from '../../src/compare/contract.ts';
import type { Finding } from '../../src/core/finding.ts';
import type { PurgeDocument } from '../../src/purge/contract.ts';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { withBrowser } from '../support/browser.ts';
import { type CliEnd, eventually, processesIn, withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';
import { complete, type Staging } from './case-whole-file.ts';
import { purgeUnderLoad } from './case-whole-purge.ts';
import { FIX, RELEASED, ROLLBACK } from './case-whole-scripts.ts';
import {
  answers,
  mend,
  release,
  type ShopName,
  type ShopRepository,
  type Story,
  shopRepository,
  storyOf,
} from './case-whole-shop.ts';

const SHOPS: readonly { readonly shop: ShopName; readonly whole: boolean }[] = [
  { shop: 'node-shop', whole: true },
  { shop: 'fastapi-shop', whole: THOROUGH },
];
const CASE = 'old-value';
const TAG = 'v1.2.3';
const STALE_ENOUGH = 5;
const LIMIT_MS = 300_000;

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();
const browser = withBrowser();

interface Place {
  readonly story: Story;
  readonly repository: ShopRepository;
  readonly folder: string;
  readonly ask: (...args: readonly string[]) => Promise<CliEnd>;
  readonly staging: Staging;
}

test.each(SHOPS)('a case of the $shop, from the old value to its page', { timeout: LIMIT_MS }, async ({
  shop,
  whole,
}) => {
  const story = storyOf(shop);
  const repository = shopRepository(story, whystale.folder(shop));
  const { root } = repository;
  const staging = await stagingOf(repository);
  const env = {
    ...repository.env,
    STAGING_DATABASE_URL: staging.postgres,
    STAGING_URL: staging.url,
    HEALTH_PORT: String(await freePort()),
  };
  const ask = (...args: readonly string[]) => whystale.start(args, { cwd: root, env }).end(LIMIT_MS);
  const place = { story, repository, folder: join(root, 'cases', CASE), ask, staging };

  const finding = await found(place);
  await purgedOnceFound(place, finding);
  await writtenDown(place, finding);
  if (whole) await measured(place);
  mend(story, repository);
  if (whole) await rollbackFailed(place);
  await rehearsed(place);
  if (whole) await compared(place);
  await run(place);
  if (whole) {
    await closed(place);
    await published(place);
  }
  process.kill(Number(readFileSync(join(root, '.staging/pid'), 'utf8')));
  await eventually('nothing runs any more', () => processesIn(root).length === 0);
});

function expectDone({ exitCode, stdout, stderr }: CliEnd): void {
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
}

/** Watches the shop until its users were shown old values. */
async function found({ story, repository }: Place): Promise<Finding> {
  const [outside, inside] = [await freePort(), await freePort()];
  const [program = '', ...args] = repository.command.split(' ');
  const run = whystale.start(
    [
      ...['watch', '--json', '--out', 'rec', '--redis', redis.url(), '--postgres', postgres.url()],
      ...['--http', `${outside}=http://127.0.0.1:${inside}`, '--env', `PORT=${inside}`],
      ...['--env', 'PYTHONDONTWRITEBYTECODE=1', '--', program, ...args],
    ],
    { cwd: repository.root },
  );
  await run.sees(/HTTP on /);
  await eventually('the shop answers', () => answers(`http://127.0.0.1:${inside}`));
  const url = `http://127.0.0.1:${outside}`;
  // Twice: what a script of the shop fills in is known once it is read.
  const pages = ['/items/1', '/items?page=1', '/categories/1/items'];
  for (const path of [...pages, ...pages]) await fetch(`${url}${path}`);
  const enough = new AbortController();
  await runTraffic({
    ...{ url, scenario: story.bug, seconds: 60, clients: 4, pauseMs: 10, signal: enough.signal },
    onProgress: ({ staleAnswers }) => {
      if (staleAnswers >= STALE_ENOUGH) enough.abort();
    },
  });
  const { stdout } = await run.interrupt();
  const { findings } = FindingsSchema.parse(JSON.parse(stdout));
  const finding = (findings as readonly Finding[]).find(({ code }) => code === story.code);
  expect(finding).toMatchObject({ template: story.template, confidence: 'proved' });
  return finding!;
}

/** The command that the finding prints plans what it says; then everything of its template is purged while the shop is used. */
async function purgedOnceFound({ story, repository }: Place, finding: Finding): Promise<void> {
  const { root } = repository;
  const [, ...printed] = (finding.remedy.purge ?? '').split(' ');
  const end = await whystale.run([...printed, '--json'], { cwd: root, env: { REDIS_URL: redis.url() } });
  expectDone(end);
  expect(JSON.parse(end.stdout) as PurgeDocument).toMatchObject({
    state: 'planned',
    plan: { db: redis.db(), selection: { templates: [], keys: [finding.key], rows: [] } },
  });
  const stores = { redis: redis.url(), postgres: postgres.url() };
  const production = await release(repository, await freePort(), stores);
  await purgeUnderLoad({
    ...{ whystale, story, repository, postgres, url: production.url, redis: redis.url() },
    ...{ scratch: databaseOf(redis.db() + 4), recording: join(root, 'rec') },
  });
  await production.end();
}

function databaseOf(db: number): string {
  return redis.url().replace(/\/\d+$/, `/${db % 16}`);
}

/** A staging with stores of its own, on which nothing runs yet. */
async function stagingOf(repository: ShopRepository): Promise<Staging> {
  const port = await freePort();
  const name = `${postgres.database()}_staging`;
  await postgres.sql(`CREATE DATABASE ${name}`);
  const database = new URL(postgres.url());
  database.pathname = `/${name}`;
  const variables = (of: Readonly<Record<string, string>>) =>
    Object.entries({ SHOP_CACHE: 'on', ...of })
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');
  repository.write({
    '.env.staging': variables({
      PORT: String(port),
      REDIS_URL: databaseOf(redis.db() + 8),
      DATABASE_URL: database.href,
    }),
    '.env.production': variables({ PORT: '80', REDIS_URL: redis.url(), DATABASE_URL: postgres.url() }),
  });
  return { url: `http://127.0.0.1:${port}`, postgres: database.href };
}

/** The case as the finding begins it, and what a person adds. */
async function writtenDown(
  { story, repository, ask, folder, staging }: Place,
  finding: Finding,
): Promise<void> {
  expectDone(
    await ask(
      ...['case', 'new', CASE, '--yes', '--from', finding.id, '--recording', 'rec', '--owner', 'ana'],
      ...[
        '--checklist',
        story.checklist,
        '--kind',
        'code',
        '--change',
        'the key is removed after the commit',
      ],
      ...['--before', RELEASED, '--after', FIX, '--rollback', './rollback.sh', '--expected', '200'],
    ),
  );
  const file = join(folder, 'case.yaml');
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/^route: GET \//m);
  const id = Number(finding.key.slice(finding.key.indexOf(':') + 1));
  expect(text).toContain(`\ninput: GET ${story.path(id)}\n`);
  complete(file, { story, repository, staging });
}

/** A rollback that says it was done, and was not: the case cannot be closed. */
async function rollbackFailed({ repository, ask, staging }: Place): Promise<void> {
  await released('./deploy.sh', [RELEASED], repository, staging);
  const failed = await ask('rehearse', CASE);
  expect(failed.exitCode, failed.stdout + failed.stderr).toBe(1);
  expect(failed.stdout).toContain('Rollback NOT confirmed: the command ended with 0');
  const refused = await ask('case', 'close', CASE, '--tag', TAG);
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toContain('the rollback is not confirmed');
  for (const next of ['compare', 'rehearse', 'case run'])
    expect(refused.stdout).toContain(`${next} cases/${CASE}`);
  expect(repository.git('tag')).toBe(RELEASED);
}

/** Puts the released version on staging. */
async function released(
  script: string,
  args: readonly string[],
  { root }: ShopRepository,
  { url }: Staging,
): Promise<void> {
  execFileSync(script, args, { cwd: root, stdio: 'ignore' });
  await eventually('staging answers', () => answers(url));
}

/** The rollback is mended, run by hand, and rehearsed. */
async function rehearsed({ repository, ask, staging }: Place): Promise<void> {
  repository.commit({ 'rollback.sh': ROLLBACK });
  await released('./rollback.sh', [], repository, staging);
  const end = await ask('rehearse', CASE);
  expect(end.exitCode, end.stdout + end.stderr).toBe(0);
  expect(end.stdout).toContain('Rollback confirmed');
}

async function measured({ ask }: Place): Promise<void> {
  const baseline = await ask('measure', CASE);
  expectDone(baseline);
  expect(baseline.stdout).toMatch(/^cold .* 0 % {4}0 %/m);
}

async function compared({ story, ask }: Place): Promise<void> {
  const end = await ask('compare', CASE, '--rounds', '4', '--json');
  const comparison = JSON.parse(end.stdout) as Comparison;
  expect([comparison.verdict, end.exitCode], comparison.because).toEqual(['better', 0]);
  expect(comparison.race).toMatchObject({
    before: { verdict: 'invalid', complete: true, causes: [story.code] },
    after: { verdict: 'valid', complete: true, causes: [] },
  });
}

/** The commands of the checklist. */
async function run({ ask }: Place): Promise<void> {
  const end = await ask('case', 'run', CASE);
  expectDone(end);
  expect(end.stdout).toContain('4 commands passed');
}

/** Refused until every judgement is signed; then with a tag that carries what was found. */
async function closed({ ask, repository }: Place): Promise<void> {
  for (const step of ['check permissions', 'retry-safe', 'expected response'])
    expectDone(await ask('case', 'sign', CASE, step, '--by', 'ana'));
  const refused = await ask('case', 'close', CASE, '--tag', TAG);
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toContain(`whystale case sign cases/${CASE} 8 --by NAME`);
  expect(repository.git('tag')).toBe(RELEASED);
  const note = 'with no cache each page costs one statement more';
  expectDone(await ask('case', 'sign', CASE, 'failure mode', '--by', 'ana', '--note', note));
  expectDone(await ask('case', 'check', CASE));
  expectDone(await ask('case', 'close', CASE, '--tag', TAG, '--outcome', 'no old value any more'));
  expect(repository.git('cat-file', '-t', TAG)).toBe('tag');
  const message = repository.git('tag', '-l', '--format=%(contents)', TAG);
  for (const part of [
    'Verdict: better',
    'Outcome: no old value',
    'p50 cold: ',
    'Rollback: confirmed',
    'Signed: review the failure mode',
  ])
    expect(message).toContain(part);
  expect((await ask('case', 'list')).stdout).toMatch(new RegExp(`${CASE} +closed`));
}

/** Loads the pictures that lie further down, and gives the width of each; 0: it cannot be shown. */
const PICTURES = `Promise.all([...document.images].map(async (image) => {
  image.loading = 'eager';
  await image.decode().catch(() => undefined);
  return image.naturalWidth;
}))`;

/** The page of the case, as a browser shows it. */
async function published({ ask, repository, story }: Place): Promise<void> {
  expectDone(await ask('notes', 'build', 'cases'));
  const pages = join(repository.root, 'site/notes');
  const [page = ''] = readdirSync(pages).filter((name) => name.endsWith('.html'));
  const { page: shown, said } = await browser.open(pathToFileURL(join(pages, page)).href);
  const text = await shown.innerText('body');
  expect(await shown.innerText('h1')).toContain(`${story.code} `);
  for (const part of [
    `whystale compare cases/${CASE}`,
    './rollback.sh',
    'the key is removed after the commit',
  ])
    expect(text).toContain(part);
  expect(text).toContain('The race scenario ended stale before the change');
  expect(text).toContain('the old behaviour was seen again');
  const widths = await shown.evaluate<number[]>(PICTURES);
  expect(widths.length).toBeGreaterThanOrEqual(3);
  expect(Math.min(...widths)).toBeGreaterThan(0);
  expect(said).toEqual([]);
}
