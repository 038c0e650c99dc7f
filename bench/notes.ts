/**
 * Builds a site of many notes, half of them cases with runs, comparisons and drawings: `NOTES=10000` of them where nothing is said. The
 * goal is under a minute and memory that does not grow with what the notes say; where others use the machine, in processor time. A
 * rebuild with nothing changed is the peer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNotes } from '../src/notes/index.ts';
import { placeGenerated } from '../test/notes/generated.ts';

const COUNT = Number(process.env.NOTES ?? 10_000);
const GOAL_MS = 60_000;
const SAMPLED_EVERY = 200;

const root = mkdtempSync(join(tmpdir(), 'whystale-bench-notes-'));
try {
  placeGenerated(join(root, 'notes'), COUNT);
  const [load = 0] = os.loadavg();
  console.log(`${COUNT} notes; load ${load.toFixed(1)} on ${os.cpus().length} processors`);
  const first = await built('first build');
  const second = await built('built again');
  console.log(`  again to first ${(second.ms / first.ms).toFixed(2)} to 1`);
  if (Math.min(first.ms, first.cpuMs) > (GOAL_MS * COUNT) / 10_000) {
    console.error('The goal is 10,000 notes in under a minute.');
    process.exitCode = 1;
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function built(title: string): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  let mostBytes = 0;
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const result = await buildNotes(
    { folder: join(root, 'notes'), out: join(root, 'site'), base: null, cwd: root, today: '2026-03-01' },
    {
      progress: (_, done) => {
        if (done % SAMPLED_EVERY === 0) mostBytes = Math.max(mostBytes, process.memoryUsage().rss);
      },
    },
  );
  const ms = performance.now() - begin;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000;
  console.log(
    `  ${title.padEnd(12)} ${(ms / 1000).toFixed(1)} s, ${(ms / COUNT).toFixed(2)} ms a note; ${(cpuMs / 1000).toFixed(1)} s of processor time; at most ${Math.round(mostBytes / 2 ** 20)} MiB; ${result.written} files written, ${result.unchanged} unchanged, ${result.problems.length} problems, ${result.notices.length} notices`,
  );
  return { ms, cpuMs };
}
