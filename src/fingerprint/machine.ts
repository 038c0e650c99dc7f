/** The machine that the service runs on. */
import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, platform, release, totalmem, version } from 'node:os';
import type { Sheet } from './sheet.ts';

const MIB = 1024 * 1024;

/** Files of Linux that say what a process may use of the machine, or how fast it runs. */
const LIMITS: readonly (readonly [name: string, file: string])[] = [
  ['cpu limit', '/sys/fs/cgroup/cpu.max'],
  ['memory limit', '/sys/fs/cgroup/memory.max'],
  ['cpu governor', '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'],
];
const LONGEST_LIMIT = 60;

export async function noteMachine(sheet: Sheet): Promise<void> {
  const processors = cpus();
  sheet.shown('machine', 'cpu', processors[0]?.model.trim() || 'not named');
  sheet.shown('machine', 'cores', String(processors.length || availableParallelism()));
  sheet.shown('machine', 'memory', `${Math.round(totalmem() / MIB)} MiB`);
  sheet.shown('machine', 'platform', `${platform()} ${arch()}`);
  sheet.shown('machine', 'kernel', `${release()} ${version()}`.trim());
  for (const [name, file] of LIMITS) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) sheet.shown('machine', name, text.trim().slice(0, LONGEST_LIMIT));
  }
}
