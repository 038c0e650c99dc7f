/** Finding programs without a shell. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where servers often lie that are not on the PATH of a service account or a desktop session. */
const USUAL_FOLDERS = [
  '/usr/bin',
  '/usr/local/bin',
  '/usr/sbin',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/redis/bin',
  '/opt/homebrew/opt/valkey/bin',
  '/home/linuxbrew/.linuxbrew/bin',
];

/** The path of the first of `names` that can be run; names in order of preference, on PATH first. */
export function findProgram(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
  usual: readonly string[] = USUAL_FOLDERS,
): string | null {
  const folders = [...(env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...usual];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (isProgram(path)) return path;
    }
  }
  return null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
