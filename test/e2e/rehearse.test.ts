/** A whole case on a real service: checklist, rehearsal, tag; and Ctrl-C in the midst of a deployment. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placeComparison, placeRun } from '../case/sample.ts';
import { whystale as commandLine } from '../cli/frame.ts';
import { GOOD, TOKEN, withStaging } from '../rehearse/staging.ts';
import { eventually, withWhystale } from '../support/cli.ts';

const whystale = withWhystale();
const staging = withStaging();

const CHECKLIST = `checklist:
  - { step: verify the configuration of staging, command: test -n "$PORT" }
  - check permissions
`;

test('from checklist and rehearsal to a tag', async () => {
  const place = await staging('process');
  place.git('config', 'user.name', 'Ada');
  place.git('config', 'user.email', 'ada@example.org');
  const env = { PORT: String(place.port), API_TOKEN: TOKEN };
  // In this process: what the built program adds is seen below.
  const run = (...args: string[]) => commandLine(args, place.root, { ...place.env, ...env });
  place.write(GOOD, CHECKLIST);
  placeRun(place.folder, '1');
  placeComparison(place.folder, '1');
  place.git('add', '.');
  place.git('commit', '-q', '-m', 'measured');

  const early = await run('case', 'close', 'price', '--tag', 'v1.2.3');
  expect(early.exitCode).toBe(1);
  expect(early.out).toContain('its rollback is not confirmed');
  expect(early.out).toContain('whystale rehearse cases/price');
  expect(place.git('tag')).toBe('');

  const rehearsal = await run('rehearse', 'price');
  expect([rehearsal.exitCode, rehearsal.err]).toEqual([0, expect.stringContaining('Deploy: held')]);
  expect(rehearsal.out).toContain('Rollback confirmed');
  expect(await place.version()).toBe('v1');

  expect((await run('case', 'run', 'price')).exitCode).toBe(0);
  expect((await run('case', 'sign', 'price', 'permissions', '--by', 'ada')).exitCode).toBe(0);
  const closed = await run('case', 'close', 'price', '--tag', 'v1.2.3');
  expect([closed.exitCode, closed.err]).toEqual([0, '']);
  const message = place.git('tag', '-l', '--format=%(contents)', 'v1.2.3');
  for (const part of [
    'Verdict: better',
    'Rollback: confirmed',
    'Signed: check permissions (ada',
    'rehearsal.json',
  ])
    expect(message).toContain(part);
  const kept = readdirSync(join(place.folder, 'rehearsals')).map((name) =>
    readFileSync(join(place.folder, 'rehearsals', name, 'rehearsal.json'), 'utf8'),
  );
  expect(kept).toHaveLength(1);
  for (const text of [...kept, rehearsal.out, rehearsal.err, message]) expect(text).not.toContain(TOKEN);
});

test('Ctrl-C while it is deployed takes it back; a kill leaves what happened', async () => {
  const place = await staging();
  const env = { PORT: String(place.port), API_TOKEN: TOKEN };
  place.write(GOOD.replace('deploy: ./deploy.sh v2', 'deploy: "./deploy.sh v2; touch deployed; sleep 60"'));
  const record = (name: string) =>
    JSON.parse(readFileSync(join(place.root, name, 'rehearsal.json'), 'utf8')) as Record<string, unknown>;
  const start = (name: string) =>
    whystale.start(['rehearse', 'price', '--out', name, '--json'], { cwd: place.root, env });

  const interrupted = start('one');
  await eventually('it is deployed', () => existsSync(join(place.root, 'deployed')));
  const end = await interrupted.interrupt();
  expect(end.exitCode).toBe(3);
  expect(JSON.parse(end.stdout)).toMatchObject({ complete: false, deployed: true, rollbackConfirmed: true });
  expect(record('one')).toMatchObject({ ended: 'it was interrupted', rollbackConfirmed: true });
  expect(await place.version()).toBe('v1');

  place.write(GOOD.replace('deploy: ./deploy.sh v2', 'deploy: "touch again; sleep 2"'));
  const killed = start('two');
  await eventually('it is deployed again', () => existsSync(join(place.root, 'again')));
  killed.kill('SIGKILL');
  await killed.end();
  expect(record('two')).toMatchObject({
    complete: false,
    deployed: true,
    rollbackConfirmed: false,
    verdict: 'incomplete',
  });
});

test('what drifted, and what is not said', async () => {
  const place = await staging();
  const env = { PORT: String(place.port) };
  writeFileSync(join(place.folder, 's.env'), 'POOL=1\n');
  writeFileSync(join(place.folder, 'p.env'), 'POOL=2\n');
  place.write(`config: { staging: s.env, production: p.env }\n${GOOD}`);
  const drift = await commandLine(['rehearse', 'price', '--config-only'], place.root, {
    ...place.env,
    ...env,
  });
  expect([drift.exitCode, drift.err]).toEqual([1, expect.stringContaining('FAILED')]);
  expect(drift.out).toContain('NOT ALLOWED');
  expect(existsSync(join(place.folder, 'rehearsals'))).toBe(false);
});
