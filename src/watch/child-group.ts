/** Signals to a process group. */
import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to every process of the group; nothing happens when it is gone. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // The group ended by itself.
  }
}

/** Whether a process of the group still runs. Ended ones that nobody has waited for (zombies) do not count. */
export function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return hasLiveMember(group);
}

/** Without /proc the answer of kill(2) stands. State and group are the fields after the name in proc(5)'s stat. */
function hasLiveMember(group: number): boolean {
  let names: readonly string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return true;
  }
  if (names.length === 0) return true;
  return names.some((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, , memberOf] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(memberOf) === group && state !== 'Z' && state !== 'X';
    } catch {
      return false;
    }
  });
}
