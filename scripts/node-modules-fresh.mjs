/**
 * Exit code 0 when node_modules holds exactly what package-lock.json says for this platform, else 1. Compares the lock
 * with npm's own record of what it installed; packages for other platforms may be absent.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;

/** Why node_modules is not as the lock says; null when it is. */
function difference() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return 'node_modules is not installed';
  const locked = read('package-lock.json');
  const installed = read('node_modules/.package-lock.json');
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '') continue;
    if (installed[path] === undefined && (entry.optional || entry.peer || entry.devOptional)) continue;
    if (installed[path]?.version !== entry.version) return `${path} is not ${entry.version}`;
    if (!existsSync(join(root, path))) return `${path} is gone`;
  }
  return null;
}

const why = difference();
if (why !== null) console.log(`Installing packages: ${why}`);
process.exit(why === null ? 0 : 1);
