/**
 * Runs benchmarks one after the other: `npm run bench` all of them, `npm run bench -- analysis redis-scanner` some. Each prints
 * ratios of two peers in the same run; absolute times of a shared machine mean little.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const all = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts')
  .map((name) => name.slice(0, -3));
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(', ')}; there are ${all.join(', ')}.`);
  process.exit(2);
}
let failed = 0;
for (const name of asked.length > 0 ? asked : all) {
  console.log(`== ${name}`);
  const args = ['--expose-gc', '--import', 'tsx', join(folder, `${name}.ts`)];
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
