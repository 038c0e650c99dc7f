import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { coarseMetronome, type Metronome, openMetronome } from '../../src/load/metronome.ts';

/** Time that passed when the call came, ms. */
function waking(metronome: Metronome, ms: number): Promise<number> {
  const start = performance.now();
  return new Promise((resolve) => metronome.wakeIn(ms, () => resolve(performance.now() - start)));
}

describe.each([
  ['of a thread', openMetronome],
  ['of timers', async () => coarseMetronome()],
])('a metronome %s', (_, open) => {
  it('calls about when asked, and a little early rather than late', async () => {
    const metronome = await open();
    for (const ms of [0, 0.1, 0.7, 3.4, 40]) {
      const passed = await waking(metronome, ms);
      expect(passed).toBeGreaterThan(ms - 2);
      expect(passed).toBeLessThan(ms + 2000);
    }
    await metronome.close();
  });

  it('calls once, and not when cancelled', async () => {
    const metronome = await open();
    const called: string[] = [];
    metronome.wakeIn(5, () => called.push('replaced'));
    metronome.wakeIn(5, () => called.push('last'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(called).toEqual(['last']);
    for (const ms of [0, 5]) {
      metronome.wakeIn(ms, () => called.push('cancelled'));
      metronome.cancel();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(called).toEqual(['last']);
    await metronome.close();
  });

  it('closes at once, asleep or not, and calls no more', async () => {
    for (const ms of [0, 60_000]) {
      const metronome = await open();
      metronome.wakeIn(ms, () => expect.unreachable());
      await metronome.close();
      await metronome.close();
    }
  });
});
