/** Rehearsals on real repositories with services that shell scripts deploy. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BEFORE, CHECK, GOOD, rehearsed, stepsOf, TOKEN, withStaging } from './staging.ts';

const staging = withStaging();

describe('a rehearsal', () => {
  test('deploys, looks, takes back, and looks again; every state of it is on disk', async () => {
    const place = await staging('process');
    place.write(
      GOOD.replace(
        CHECK,
        `check:
  - { request: GET /version, expect: { path: $.version, value: v2 } }
  - { write: { request: PUT /items/1, body: '{"price": {unique}}' }, read: GET /items/1, path: $.price, value: "{unique}", within: 1s }
figures: { rate: 20/s, seconds: 1, p99: 5s, timesBaseline: 1000 }`,
      ),
    );
    const { rehearsal, written } = await rehearsed(place, { baselineP50Ms: 5 });
    expect(stepsOf(rehearsal)).toEqual(
      ['before', 'deploy', 'ready', 'check', 'figures', 'rollback', 'ready-again', 'restored'].map(
        (name) => `${name} held`,
      ),
    );
    expect(rehearsal).toMatchObject({
      ...{ verdict: 'held', complete: true, deployed: true, rollbackConfirmed: true, tellsApart: true },
      on: { dirty: false },
    });
    expect(rehearsal.steps.find(({ step }) => step === 'figures')?.figures).toMatchObject({
      requests: 20,
      errors: 0,
      baselineP50Ms: 5,
    });
    expect(rehearsal.steps.find(({ step }) => step === 'check')?.checks[1]?.freshAfterMs).toBeTypeOf(
      'number',
    );
    // The service writes to what the deployment left it, and lives on.
    expect(await place.version()).toBe('v1');
    const running = written.find(
      ({ steps }) => steps.at(-1)?.outcome === 'running' && steps.at(-1)?.step === 'deploy',
    );
    expect(running).toMatchObject({
      complete: false,
      deployed: true,
      rollbackConfirmed: false,
      verdict: 'incomplete',
    });
    const text = JSON.stringify(written);
    expect(text).toContain('deploying v2 with ***');
    expect(text).not.toContain(TOKEN);
  });

  test('whose rollback fails proves nothing, and says so', async () => {
    const place = await staging();
    place.write(`${GOOD}\nrollback: "echo cannot; exit 3"`);
    const { rehearsal } = await rehearsed(place);
    expect(stepsOf(rehearsal).slice(3)).toEqual([
      'check held',
      'rollback failed',
      'ready-again held',
      'restored failed',
    ]);
    expect(rehearsal).toMatchObject({ verdict: 'failed', rollbackConfirmed: false, complete: true });
    expect(rehearsal.because).toBe(
      'the rollback did not hold: exit code 3; likewise the old behaviour after the rollback',
    );
    expect(await place.version()).toBe('v2');
  });

  test('whose rollback ends with 0 and brings nothing back is not confirmed', async () => {
    const place = await staging();
    place.write(`${GOOD}\nrollback: "true"`);
    const { rehearsal } = await rehearsed(place);
    expect(stepsOf(rehearsal).slice(4)).toEqual(['rollback held', 'ready-again held', 'restored failed']);
    expect(rehearsal.rollbackConfirmed).toBe(false);
  });

  test('rolls back after a deployment that failed half way', async () => {
    const place = await staging();
    place.write(
      GOOD.replace('deploy: ./deploy.sh v2', 'deploy: "./deploy.sh v2; echo broken at $API_TOKEN; exit 7"'),
    );
    const { rehearsal } = await rehearsed(place);
    expect(stepsOf(rehearsal)).toEqual([
      'before held',
      'deploy failed',
      'rollback held',
      'ready-again held',
      'restored held',
    ]);
    expect(rehearsal).toMatchObject({
      verdict: 'failed',
      rollbackConfirmed: true,
      because: 'the deployment did not hold: exit code 7',
    });
    expect(rehearsal.steps[1]?.commands[0]).toMatchObject({
      exitCode: 7,
      output: ['deploying v2 with ***', 'broken at ***'],
    });
    expect(await place.version()).toBe('v1');
  });

  test('rolls back a service that never becomes ready', async () => {
    const place = await staging();
    place.write(GOOD.replace('./deploy.sh v2', './deploy.sh deaf').replace('within: 10s', 'within: 700ms'));
    const { rehearsal } = await rehearsed(place);
    expect(stepsOf(rehearsal)).toEqual([
      'before held',
      'deploy held',
      'ready failed',
      'rollback held',
      'ready-again held',
      'restored held',
    ]);
    expect(rehearsal.because).toMatch(
      /^readiness after the deployment did not hold: GET \/healthz was not answered/,
    );
    expect(await place.version()).toBe('v1');
  });

  test('stops a deployment that takes too long', async () => {
    const place = await staging();
    place.write(GOOD.replace('deploy: ./deploy.sh v2', 'deploy: { command: sleep 60, within: 200ms }'));
    const { rehearsal } = await rehearsed(place);
    expect(rehearsal.because).toBe('the deployment did not hold: it had not ended after 0.2 s');
    expect(rehearsal.rollbackConfirmed).toBe(true);
  });

  test('does not deploy where the old behaviour is not there', async () => {
    const place = await staging();
    place.write(GOOD.replace('value: v1', 'value: v0'));
    const first = await rehearsed(place);
    expect(stepsOf(first.rehearsal)).toEqual(['before failed']);
    expect(first.rehearsal).toMatchObject({ verdict: 'failed', deployed: false, rollbackConfirmed: false });
    expect(await place.version()).toBe('v1');
  });

  test('has not begun where the command cannot be started', async () => {
    const place = await staging();
    place.write(GOOD.replace('./deploy.sh v2', './nowhere.sh'));
    const { rehearsal } = await rehearsed(place);
    expect(stepsOf(rehearsal)).toEqual(['before held', 'deploy environment']);
    expect(rehearsal).toMatchObject({ verdict: 'environment', deployed: false, rollbackConfirmed: false });
  });

  test('notes checks that cannot tell old from new, and freshness that proves nothing', async () => {
    const place = await staging();
    place.write(
      GOOD.replace(BEFORE, 'before: GET /version').replace(
        CHECK,
        'check: { write: { request: PUT /items/1, json: { price: 10 } }, read: GET /items/1, path: $.price, value: 10 }',
      ),
    );
    const { rehearsal } = await rehearsed(place);
    expect(rehearsal).toMatchObject({ verdict: 'incomplete', tellsApart: false, rollbackConfirmed: true });
    expect(rehearsal.because).toContain('the value stood there before it was written');
    expect(rehearsal.notices[0]).toContain('cannot tell the two apart');
  });

  test('sees a value that stays old', async () => {
    const place = await staging();
    place.write(
      GOOD.replace('./deploy.sh v2', './deploy.sh v3').replace(
        CHECK,
        `check: { write: { request: PUT /items/1, body: '{"price": {unique}}' }, read: GET /items/1, path: $.price, value: "{unique}", within: 150ms }`,
      ),
    );
    const { rehearsal } = await rehearsed(place);
    expect(rehearsal.because).toMatch(
      /the new value was not seen \d+ ms after the write: \$\.price is another value/,
    );
  });
});

describe('Ctrl-C', () => {
  test('goes no further, and rolls back', async () => {
    const place = await staging();
    place.write(GOOD.replace('deploy: ./deploy.sh v2', 'deploy: "./deploy.sh v2; sleep 60"'));
    const first = new AbortController();
    const once = await rehearsed(place, {
      interrupt: first.signal,
      told: ({ step, outcome }) => {
        if (step === 'deploy' && outcome === 'running') setTimeout(() => first.abort(), 300);
      },
    });
    expect(stepsOf(once.rehearsal)).toEqual([
      'before held',
      'deploy undecided',
      'rollback held',
      'ready-again held',
      'restored held',
    ]);
    expect(once.rehearsal).toMatchObject({
      verdict: 'incomplete',
      complete: false,
      ended: 'it was interrupted',
      rollbackConfirmed: true,
    });
    expect(await place.version()).toBe('v1');
  });

  test('twice leaves what is deployed, and says so', async () => {
    const place = await staging();
    place.write(`${GOOD}\nrollback: sleep 60`);
    const [interrupt, stop] = [new AbortController(), new AbortController()];
    const { rehearsal } = await rehearsed(place, {
      interrupt: interrupt.signal,
      stop: stop.signal,
      told: ({ step, outcome }) => {
        if (step === 'check' && outcome === 'held') interrupt.abort();
        if (step === 'rollback' && outcome === 'running') setTimeout(() => stop.abort(), 100);
      },
    });
    expect(stepsOf(rehearsal).slice(-2)).toEqual(['check held', 'rollback undecided']);
    expect(rehearsal).toMatchObject({
      verdict: 'incomplete',
      rollbackConfirmed: false,
      ended: 'it was stopped before the rollback was confirmed',
    });
    expect(await place.version()).toBe('v2');
  });
});

describe('the configuration', () => {
  const SECRET = 'p4ss-w0rd-9f8e7d6c';

  test('that drifted stops it before anything is deployed; no secret is told', async () => {
    const place = await staging();
    writeFileSync(join(place.folder, 'staging.env'), `NODE_ENV=staging\nDB_PASSWORD=${SECRET}\nTIMEOUT=5\n`);
    writeFileSync(
      join(place.folder, 'production.env'),
      'NODE_ENV=production\nDB_PASSWORD=another-one-1\nPOOL=4\nTIMEOUT=5\n',
    );
    place.write(`config: { staging: staging.env, production: production.env, allow: NODE_* }\n${GOOD}`);
    const { rehearsal, written } = await rehearsed(place);
    expect(stepsOf(rehearsal)).toEqual(['configuration failed']);
    expect(rehearsal.because).toBe(
      'the configuration did not hold: DB_PASSWORD, POOL differ, which the case does not allow',
    );
    expect(rehearsal.steps[0]?.configuration).toEqual({
      same: 1,
      differences: [
        {
          name: 'DB_PASSWORD',
          staging: { value: expect.stringMatching(/^h:[0-9a-f]{16}$/) },
          production: { value: expect.stringMatching(/^h:/) },
          allowed: false,
        },
        {
          name: 'NODE_ENV',
          staging: { value: 'staging' },
          production: { value: 'production' },
          allowed: true,
        },
        { name: 'POOL', staging: null, production: { value: '4' }, allowed: false },
      ],
    });
    expect(JSON.stringify(written)).not.toMatch(new RegExp(`${SECRET}|another-one-1`));
    expect(await place.version()).toBe('v1');
  });

  test('comes from commands; what they know stays out of all that is kept', async () => {
    const place = await staging();
    place.write(
      `config: { staging: { command: 'echo DB_PASSWORD=${SECRET}; echo hint ${SECRET} >&2' }, production: { command: 'echo DB_PASSWORD=${SECRET}' } }\n${GOOD}`.replace(
        'deploy: ./deploy.sh v2',
        `deploy: 'echo using ${SECRET}; ./deploy.sh v2'`,
      ),
    );
    const { rehearsal } = await rehearsed(place);
    expect(rehearsal.verdict).toBe('held');
    const steps = JSON.stringify(rehearsal.steps.filter(({ step }) => step !== 'configuration'));
    expect(steps).toContain('using ***');
    expect(steps).not.toContain(SECRET);
    expect(rehearsal.steps[0]?.commands[0]?.output).toEqual(['hint ***']);
    expect(readFileSync(join(place.folder, 'rehearsals/one/rehearsal.json'), 'utf8')).toContain(
      'whystale-rehearsal/1',
    );
  });

  test('that cannot be read is the failure of the environment', async () => {
    const place = await staging();
    place.write(`config: { staging: none.env, production: { command: 'exit 2' } }\n${GOOD}`);
    const { rehearsal } = await rehearsed(place);
    expect(rehearsal).toMatchObject({ verdict: 'environment', deployed: false });
    expect(rehearsal.because).toContain('none.env could not be read: it does not exist');
  });
});
