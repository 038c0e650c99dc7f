/**
 * Removes what earlier runs left behind: private engine folders whose owner is gone because it was killed together with
 * its guard (a container that was stopped, a machine that went down).
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENGINE_FOLDER_PREFIX, OWNER_FILE } from './folders.ts';
import { processExists, processStart } from './processes.ts';

/** Folders looked at in one sweep. */
const SWEEP_LIMIT = 200;

/**
 * Ends leftover engines and removes their folders. Never fails: what it may not touch, it leaves.
 *
 * @param parents folders in which engines' folders may lie
 * @returns the folders that were removed
 */
export function sweepLeftovers(parents: readonly string[] = [tmpdir(), '/tmp']): readonly string[] {
  const removed: string[] = [];
  for (const parent of new Set(parents)) {
    for (const name of names(parent).slice(0, SWEEP_LIMIT)) {
      const folder = join(parent, name);
      if (isOwned(folder)) continue;
      endEnginesIn(folder);
      try {
        rmSync(folder, { recursive: true, force: true });
        removed.push(folder);
      } catch {
        // Somebody else's leftover: theirs to remove.
      }
    }
  }
  return removed;
}

function names(parent: string): readonly string[] {
  try {
    return readdirSync(parent).filter((name) => name.startsWith(ENGINE_FOLDER_PREFIX));
  } catch {
    return [];
  }
}

/** Whether the process that made the folder still runs. A folder that cannot be judged counts as owned. */
function isOwned(folder: string): boolean {
  let text: string;
  try {
    const file = join(folder, OWNER_FILE);
    const stat = lstatSync(file);
    // In a shared place anybody can lay a folder of this name: only what we wrote ourselves is judged.
    if (!stat.isFile() || stat.uid !== process.getuid?.()) return true;
    text = readFileSync(file, 'utf8');
  } catch {
    return true;
  }
  const [pidText, start] = text.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return true;
  if (!processExists(pid)) return false;
  const startNow = processStart(pid);
  return start === '-' || startNow === null || startNow === start;
}

/** Kills the processes that work in the folder: an engine's working folder is its own, so a re-used id is not hit. */
function endEnginesIn(folder: string): void {
  let pids: readonly string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return;
  }
  for (const pid of pids) {
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      if (cwd === folder || cwd.startsWith(`${folder}/`)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Gone, or not ours to look at.
    }
  }
}
