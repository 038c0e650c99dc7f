/** How `race` ends: what its exit code says, and that nothing is left behind. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startRedis } from '../../../src/engines/redis.ts';
import type { RaceResult } from '../../../src/race/result.ts';
import { eventually } from '../../support/cli.ts';
import { shipped, shows, withRaces } from './races.ts';

const races = withRaces();
const { whystale } = races;

it('a scenario that says nothing useful is refused with its place', async () => {
  const { scenario } = shows('autocommit.mjs');
  const file = races.write({ scenario: { ...scenario, oracle: { request: 'GET' } } as never, env: {} });
  const end = await whystale.run(['race', file]);
  expect(end.exitCode).toBe(2);
  expect(end.stderr).toMatch(/scenario\.json:1:\d+/);
});

it('a service that does not start is told with its last lines', async () => {
  const { scenario } = shows('autocommit.mjs');
  const service = { ...scenario.service, command: [process.execPath, 'missing.mjs'] };
  const end = await whystale.run(['race', races.write({ scenario: { ...scenario, service }, env: {} })]);
  expect(end.exitCode).toBe(4);
  expect(end.stderr).toContain('WSE657');
  expect(end.stderr).toContain('Cannot find module');
});

it('a limit leaves it undecided', async () => {
  const raced = await races.race(shows('row_lock.mjs'), '--executions', '2');
  expect(raced).toMatchObject({ exitCode: 3, verdict: 'unknown', complete: false, executions: 2 });
  expect(raced.gaps.join()).toMatch(/budget/);
});

it('a Redis that is only emulated is refused', async () => {
  const emulated = await startRedis({ emulate: true });
  try {
    const file = races.write(shows('autocommit.mjs'), { redis: emulated.url });
    const end = await whystale.run(['race', file]);
    expect(end.exitCode).toBe(4);
    expect(end.stderr).toContain('emulated');
  } finally {
    await emulated.stop();
  }
});

it('Ctrl-C ends with what is known: nothing yet, and nothing is left behind', async () => {
  const temporary = join(whystale.folder('tmp'), 't');
  mkdirSync(temporary);
  const file = races.write(shipped('lease-2-1', 'Node'));
  const run = whystale.start(['race', file, '--json'], {
    env: { TMPDIR: temporary, SERVICE: `${process.execPath} service.mjs` },
  });
  await run.sees(/start: [2-9]\d* execution/);
  const family = descendantsOf(run.pid);
  expect(family.length).toBeGreaterThan(4);
  const end = await run.interrupt();
  const result = JSON.parse(end.stdout) as RaceResult;
  expect(end.exitCode).toBe(3);
  expect(result).toMatchObject({ verdict: 'unknown', complete: false, interrupted: true });
  await expectGone(family);
  expect(readdirSync(temporary)).toEqual([]);
});

it('Ctrl-C after a counterexample ends with it', async () => {
  const scene = shows('background.mjs', {
    actors: {
      first: 'GET /shows/1',
      second: 'GET /shows/1',
      writer: { request: 'PUT /shows/1', json: { seats: 90 } },
    },
  });
  const run = whystale.start(['race', races.write(scene), '--json', '--fault', 'crash']);
  await run.sees(/found WS104/);
  const family = descendantsOf(run.pid);
  const end = await run.interrupt();
  expect(end.exitCode).toBe(1);
  expect(JSON.parse(end.stdout)).toMatchObject({ verdict: 'invalid', complete: false, interrupted: true });
  await expectGone(family);
});

/** All processes below this one, by id. */
function descendantsOf(pid: number): readonly number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    rows.flatMap(([id, of]) => (of === parent && id !== undefined ? [id, ...below(id)] : []));
  return below(pid);
}

async function expectGone(pids: readonly number[]): Promise<void> {
  const alive = () =>
    pids.filter((pid) => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    });
  await eventually(`processes ${alive().join()} end (TMPDIR ${tmpdir()})`, () => alive().length === 0);
}
