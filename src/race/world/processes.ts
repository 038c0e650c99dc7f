/** The processes of this system, as Linux tells of them under /proc. */
import { openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** `/proc/loadavg` is one short line. */
const buffer = Buffer.alloc(256);
const DIGIT_9 = 0x39;

/** The newest process or thread id of this system (of our namespace), by which new ones are noticed; proc_loadavg(5). */
export function newestId(): string {
  loadavg ??= openSync('/proc/loadavg', 'r');
  const text = buffer.toString('latin1', 0, readSync(loadavg, buffer, 0, buffer.length, 0));
  return text.slice(text.lastIndexOf(' ') + 1).trim();
}

/** Open for as long as we run: it is read several times before every choice. */
let loadavg: number | null = null;

let listed: { readonly newest: string; readonly present: ReadonlySet<string> } | null = null;

/** Ids of all processes, listed once for as long as there is none newer. */
export function processesAt(newest: string): ReadonlySet<string> {
  if (listed?.newest !== newest) {
    const names = entries('/proc').filter((name) => name.charCodeAt(0) <= DIGIT_9);
    listed = { newest, present: new Set(names) };
  }
  return listed.present;
}

/** Whether this system tells what is needed: it is Linux, and its scheduler counts. */
export function tasksAreTold(pid: number): boolean {
  try {
    newestId();
    const [, , runs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').trim().split(' ');
    return Number(runs) > 0;
  } catch {
    return false;
  }
}

/** Whether a process runs: one that has ended and was not waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch (error) {
    // Without /proc the signal's answer stands.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}

/** Names in a folder; none where it cannot be read. */
export function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
