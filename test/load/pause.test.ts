/**
 * A server with a known pause: what an open loop shows of it, and a closed one does not. Shares and ratios with wide margins: the
 * machine may be busy with other tests.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { generatorLag, latencyFigures, runLoad, type Shot } from '../../src/load/index.ts';
import { Random } from '../support/simulation/random.ts';
import { THOROUGH } from '../support/thorough.ts';
import { correctedMs, get, pausingServer, plan, tools, uncorrectedMs } from './support.ts';

const PAUSE_MS = 500;

function shareAbove(shots: readonly Shot[], time: (shot: Shot) => number, ms: number): number {
  return shots.filter((shot) => time(shot) > ms).length / shots.length;
}

describe('a server that pauses for half a second every two', () => {
  const pauses = { serviceMs: 2, pauseMs: PAUSE_MS, periodMs: 2000 };

  it.each(
    THOROUGH ? (['constant', 'poisson'] as const) : (['poisson'] as const),
  )('%s arrivals: waits are uniform over the pause', async (arrivals) => {
    const { port, counts } = await pausingServer(pauses);
    const random = new Random(11);
    const wanted = plan(port, { rate: 150, count: 600, inFlight: 300, arrivals });
    await runLoad({ ...wanted, count: 10, requests: [get('/first')] }, tools());
    const shots = await runLoad(wanted, tools({ random: () => random.next() }));
    expect(shots.every(({ error }) => error === null)).toBe(true);

    // The server saw requests come on through its pauses, a quarter of the time.
    const { asked, waits } = await counts('/');
    expect(asked).toBe(600);
    expect(waits.length / asked).toBeGreaterThan(0.12);
    expect(waits.length / asked).toBeLessThan(0.4);

    // They were due at all moments of a pause alike, so that long waits are as frequent as short ones.
    const times = shots.map(correctedMs).filter((ms) => ms > 125 && ms <= PAUSE_MS);
    for (const low of [125, 250, 375]) {
      const part = times.filter((ms) => ms > low && ms <= low + 125).length / times.length;
      expect(part).toBeGreaterThan(0.15);
      expect(part).toBeLessThan(0.55);
    }

    // Each wait is in the times that count from when a request was due: least with least, and so on.
    const longest = shots.map(correctedMs).sort((a, b) => b - a);
    for (const [index, wait] of [...waits].sort((a, b) => b - a).entries()) {
      expect(longest[index]).toBeGreaterThan(wait);
    }
    const { p50, p99 } = latencyFigures(longest)!;
    expect(p50).toBeLessThan(PAUSE_MS / 3);
    expect(p99).toBeGreaterThan(PAUSE_MS * 0.85);
    expect(p99).toBeLessThan(PAUSE_MS * 3);
  });

  it('hides behind a limit of requests in flight when times count from the sending', async () => {
    const { port, counts } = await pausingServer(pauses);
    const wanted = plan(port, { rate: 100, count: 400, inFlight: 1, requests: [get('/one')] });
    const shots = await runLoad(wanted, tools());
    const { asked, waits } = await counts('/one');
    expect(asked).toBe(400);
    // One in each pause, of two or three.
    expect(waits.length).toBeLessThan(12);
    expect(latencyFigures(shots.map(uncorrectedMs))!.p95).toBeLessThan(PAUSE_MS / 3);
    expect(shareAbove(shots, uncorrectedMs, 100)).toBeLessThan(0.06);

    expect(shareAbove(shots, correctedMs, 100)).toBeGreaterThan(0.12);
    expect(latencyFigures(shots.map(correctedMs))!.p95).toBeGreaterThan(PAUSE_MS / 2);
    const lag = generatorLag(shots, wanted);
    expect(lag.waitedShare).toBeGreaterThan(0.12);
    expect(lag.verdict).not.toBe('overrun');
  });
});

describe('beside wrk, a closed loop', () => {
  it('agrees on throughput and median, and on the tail that it corrects: it asks less where the pause is', async () => {
    const pauses = { serviceMs: 20, pauseMs: PAUSE_MS, periodMs: 4000 };
    const { port, counts } = await pausingServer(pauses);
    const seconds = 8;
    const rate = 60;
    const wanted = plan(port, { rate, count: rate * seconds, inFlight: 100, requests: [get('/open')] });
    const [shots, closed] = await Promise.all([
      runLoad(wanted, tools()),
      wrk({ url: `http://127.0.0.1:${port}/closed`, connections: 2, seconds }),
    ]);
    const open = latencyFigures(shots.map(correctedMs))!;

    expectAlike(closed.p50, open.p50, 2);
    // A closed loop sends as its connections become free, outside the pauses: connections / service time.
    const active = 1 - pauses.pauseMs / pauses.periodMs;
    expectAlike(closed.perSecond, (closed.connections * active) / (open.p50 / 1000), 2);

    // What was really sent: a connection meets each pause once, then stops asking. An eighth of the time is pause.
    const ours = await counts('/open');
    const theirs = await counts('/closed');
    expect(ours.waits.length / ours.asked).toBeGreaterThan(0.08);
    expect(theirs.waits.length).toBeLessThanOrEqual(closed.connections * 4);
    expect(theirs.waits.length / theirs.asked).toBeLessThan(0.03);

    // wrk 4 adds, for each long time, the requests that it did not send meanwhile: computed there, measured here.
    expectAlike(closed.p99, open.p99, 1.8);
    expect(open.p99).toBeGreaterThan(PAUSE_MS * 0.75);
  });
});

function expectAlike(one: number, other: number, factor: number): void {
  expect(Math.max(one / other, other / one)).toBeLessThan(factor);
}

interface Closed {
  readonly connections: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

async function wrk(of: { url: string; connections: number; seconds: number }): Promise<Closed> {
  const args = ['-t1', `-c${of.connections}`, `-d${of.seconds}s`, '--timeout', '20s', '--latency', of.url];
  let text: string;
  try {
    text = (await promisify(execFile)('wrk', args)).stdout;
  } catch (error) {
    throw new Error(`wrk is needed for this test (apt-get install -y wrk): ${(error as Error).message}`);
  }
  const percentile = (of: number): number => {
    const [, value, unit] = new RegExp(`^ +${of}% +([\\d.]+)(us|ms|s)$`, 'm').exec(text) ?? [];
    return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as 'ms']!;
  };
  const perSecond = Number(/^Requests\/sec: +([\d.]+)$/m.exec(text)?.[1]);
  const figures = { connections: of.connections, perSecond, p50: percentile(50), p99: percentile(99) };
  if (Object.values(figures).some(Number.isNaN)) throw new Error(`wrk said something else:\n${text}`);
  return figures;
}
