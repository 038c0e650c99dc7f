/**
 * Are the processes that we look at the ones that talk to the stores? A command may hand the work to somebody else: to a
 * container, to a daemon that was there before. Then their sleep says nothing.
 *
 * @see proc_pid_net(5): /proc/net/tcp names the inode of every socket, /proc/PID/fd the inodes that a process holds
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const ESTABLISHED = '01';

/** Whether one of the processes holds the client's end of a connection to one of the ports; null: that is not told. */
export function talksTo(ports: ReadonlySet<number>, pids: Iterable<number>): boolean | null {
  const inodes = clientSockets(ports);
  if (inodes === null) return null;
  let refused = false;
  for (const pid of pids) {
    const held = socketsOf(pid);
    if (held === null) refused = true;
    else if (held.some((inode) => inodes.has(inode))) return true;
  }
  return refused ? null : false;
}

/** Inodes of sockets that are connected to one of the ports. */
function clientSockets(ports: ReadonlySet<number>): ReadonlySet<string> | null {
  const inodes = new Set<string>();
  let read = false;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of linesOf(file)) {
      read = true;
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[2]?.split(':')[1] ?? '', 16);
      if (fields[3] === ESTABLISHED && ports.has(port)) inodes.add(fields[9] ?? '');
    }
  }
  return read ? inodes : null;
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}

/** Null: we may not look. */
function socketsOf(pid: number): readonly string[] | null {
  let names: readonly string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? null : [];
  }
  return names.flatMap((name) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
}
