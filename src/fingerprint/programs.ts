/** Finding the program that a command starts, and the interpreter behind a script. */
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';

/** Folders of PATH that are searched. */
const MAX_FOLDERS = 200;
/** Longest first line of a script; Linux reads 256 bytes. */
const LONGEST_SHEBANG = 512;

/** The file that a word names as a program; null: none that may be run. */
export async function findProgram(
  word: string,
  cwd: string,
  folders: readonly string[],
): Promise<string | null> {
  if (word === '') return null;
  if (word.includes('/')) return (await runnable(resolve(cwd, word))) ? resolve(cwd, word) : null;
  for (const folder of folders.slice(0, MAX_FOLDERS)) {
    const file = join(isAbsolute(folder) ? folder : resolve(cwd, folder), word);
    if (await runnable(file)) return file;
  }
  return null;
}

/** The folders of PATH. */
export function pathFolders(path: string | undefined): readonly string[] {
  return (path ?? '').split(delimiter).filter((folder) => folder !== '');
}

async function runnable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** The word of a script's first line that names its interpreter; null: no script. `env` stands aside for what it starts. */
export async function interpreterWord(file: string): Promise<string | null> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return null;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_SHEBANG), 0, LONGEST_SHEBANG, 0);
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/);
    if (!line.startsWith('#!')) return null;
    const words = line.slice(2).trim().split(/\s+/);
    return startedWord(words) ?? null;
  } finally {
    await handle.close();
  }
}

/** Programs that start another one, and the words that stand between; null: none. */
const STARTERS: ReadonlyMap<string, readonly string[] | null> = new Map<string, readonly string[] | null>([
  ['env', null],
  ['nice', null],
  ['nohup', null],
  ['setsid', null],
  ['stdbuf', null],
  ['exec', null],
  ['npx', null],
  ['bunx', null],
  ['poetry', ['run']],
  ['pipenv', ['run']],
  ['uv', ['run']],
  ['pdm', ['run']],
  ['rye', ['run']],
  ['hatch', ['run']],
  ['bundle', ['exec']],
  ['npm', ['exec']],
  ['pnpm', ['exec', 'dlx']],
  ['yarn', ['exec', 'run']],
]);

/** The word that is started in the end: `env A=1 node` → `node`, `poetry run uvicorn` → `uvicorn`; the first word where none is. */
export function startedWord(words: readonly string[]): string | undefined {
  const [program, ...rest] = words;
  if (program === undefined) return undefined;
  const between = STARTERS.get(basename(program));
  if (between === undefined) return program;
  const plain = rest.filter(
    (word) => !word.startsWith('-') && !/^[A-Za-z_]\w*=/.test(word) && !/^\d+$/.test(word),
  );
  if (between !== null) {
    if (!between.includes(plain[0] ?? '')) return program;
    plain.shift();
  }
  const [next] = plain;
  return next === undefined ? program : startedWord(rest.slice(rest.indexOf(next)));
}
