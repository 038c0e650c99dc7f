/**
 * Files beside the service from which it may load variables (`.env`). They are seldom in git, so that a second working tree lacks
 * them; and what a repository does hold of them is environment, not code.
 */
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { textOf } from './files.ts';
import { byText } from './sheet.ts';

const MAX_FILES = 20;
/** Characters of one file that are read. */
const MAX_TEXT = 256 * 1024;

/** `.env`, `.env.local`, `.env.production`; not the pattern that is handed out with the code. */
const ENV_FILE =
  /^\.(?:env|envrc|flaskenv)(?:\.(?!(?:example|sample|template|dist|defaults?|vault|keys)$)[\w.-]+)?$/;

/** One such file. */
export interface EnvFile {
  readonly name: string;
  /** Relative to the top, with `/`. */
  readonly path: string;
  /** In the order of the file; the last of one name counts. */
  readonly variables: ReadonlyMap<string, string>;
}

/** @param top the repository's top, or the folder itself where there is none */
export async function envFiles(cwd: string, top: string): Promise<readonly EnvFile[]> {
  const names = (await readdir(cwd).catch(() => [])).filter((name) => ENV_FILE.test(name)).sort(byText);
  const found: EnvFile[] = [];
  for (const name of names.slice(0, MAX_FILES)) {
    const text = await textOf(join(cwd, name));
    if (text === null) continue;
    const path = relative(top, join(cwd, name)).split(sep).join('/');
    found.push({ name, path, variables: variablesOf(text.slice(0, MAX_TEXT)) });
  }
  return found;
}

const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[^\r\n]*)/gm;

/** `NAME=value` lines as the loaders of all languages read them; quotes are taken off, nothing is expanded. */
export function variablesOf(text: string): ReadonlyMap<string, string> {
  const pairs = [...text.matchAll(ASSIGNMENT)].map(
    ([, name = '', value = '']) => [name, plain(value)] as const,
  );
  return new Map(pairs);
}

function plain(value: string): string {
  const quoted = /^(["'])(.*)\1$/s.exec(value)?.[2];
  return quoted ?? value.replace(/\s+#.*$/, '').trim();
}
