/**
 * Ends the child's group when this process ends in a way that leaves no time for it (`kill -9`, a crash): a shell waits
 * on a pipe that closes with us.
 */
import { spawn } from 'node:child_process';

const SCRIPT = `
trap '' INT TERM HUP QUIT
answer=
while read -r line; do answer=$line; done
[ "$answer" = done ] && exit 0
kill -TERM -"$1" 2>/dev/null || exit 0
i=0
while [ $i -lt 30 ] && kill -0 -"$1" 2>/dev/null; do sleep 0.1; i=$((i + 1)); done
kill -KILL -"$1" 2>/dev/null
`;

/** Watches over a group until `standDown`. */
export function guardGroup(group: number): { readonly standDown: () => void } {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'whystale-guard', String(group)], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without the guard an orderly end still clears the group.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as typeof shell.stdin & { unref?: () => void }).unref?.();
  return { standDown: () => void shell.stdin.end('done\n') };
}
