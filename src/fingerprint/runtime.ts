/** What runs the service: the interpreter's version, or the program's own content. */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { digestOf, textOf } from './files.ts';
import { UNKNOWN_PARTS } from './names.ts';
import type { Neutral } from './neutral.ts';
import { findProgram, interpreterWord, pathFolders, startedWord } from './programs.ts';
import type { FingerprintRequest } from './request.ts';
import type { Sheet } from './sheet.ts';

/** Longest time until an interpreter has said its version, ms: a Java virtual machine on a busy machine. */
const VERSION_LIMIT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Scripts whose interpreters are scripts. */
const MAX_SCRIPTS = 4;

interface Interpreter {
  /** One name for `python`, `python3` and `python3.11`. */
  readonly name: string;
  readonly program: RegExp;
  readonly ask: readonly string[];
}

/** Only these are started: of other programs nobody knows what `--version` does. */
const INTERPRETERS: readonly Interpreter[] = [
  { name: 'node', program: /^(?:node|nodejs)$/, ask: ['--version'] },
  { name: 'bun', program: /^bunx?$/, ask: ['--version'] },
  { name: 'deno', program: /^deno$/, ask: ['--version'] },
  { name: 'python', program: /^python(?:\d(?:\.\d+)?)?t?$/, ask: ['--version'] },
  { name: 'pypy', program: /^pypy(?:\d(?:\.\d+)?)?$/, ask: ['--version'] },
  { name: 'ruby', program: /^ruby(?:\d(?:\.\d+)?)?$/, ask: ['--version'] },
  { name: 'php', program: /^php(?:\d(?:\.\d+)?)?$/, ask: ['--version'] },
  { name: 'java', program: /^java$/, ask: ['-version'] },
  { name: 'go', program: /^go$/, ask: ['version'] },
  { name: 'dotnet', program: /^dotnet$/, ask: ['--version'] },
  { name: 'perl', program: /^perl$/, ask: ['--version'] },
];

/** Variables by which an interpreter runs or prints more than its version. */
const INJECTING =
  /^(?:NODE_OPTIONS|NODE_REPL_.*|BUN_OPTIONS|PYTHONSTARTUP|PYTHONINSPECT|PYTHONWARNINGS|RUBYOPT|PERL5OPT|PERL5DB|_?JAVA_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|PHP_INI_SCAN_DIR|LD_PRELOAD|DYLD_.*|GOFLAGS|OTEL_.*|DOTNET_STARTUP_HOOKS)$/;

/** @param root the repository's top, or the service's folder */
export async function noteRuntime(
  sheet: Sheet,
  request: FingerprintRequest,
  root: string,
  neutral: Neutral,
): Promise<void> {
  sheet.shown('runtime', 'whystale (node)', process.version);
  const word = startedWord(request.command);
  if (word === undefined) return;
  const folders = [
    ...pathFolders(request.env.PATH ?? process.env.PATH),
    ...[request.cwd, root].flatMap((folder) => [
      join(folder, '.venv', 'bin'),
      join(folder, 'node_modules', '.bin'),
    ]),
  ];
  let file = await findProgram(word, request.cwd, folders);
  if (file === null) {
    sheet.unknown('runtime', UNKNOWN_PARTS.runtime, 'the program of the command was not found on PATH');
    return;
  }
  for (let scripts = 0; file !== null && scripts <= MAX_SCRIPTS; scripts++) {
    const known = interpreterNamed(basename(file));
    if (known !== null) return noteVersion(sheet, known, file, request);
    await noteProgram(sheet, file, root, neutral);
    const next = await interpreterWord(file);
    file = next === null ? null : await findProgram(next, dirname(file), folders);
  }
}

function interpreterNamed(program: string): Interpreter | null {
  return INTERPRETERS.find(({ program: pattern }) => pattern.test(program.replace(/\.exe$/i, ''))) ?? null;
}

/** A program inside the repository is built from its code, or installed by its lock files: it is no variable of its own kind. */
async function noteProgram(sheet: Sheet, file: string, root: string, neutral: Neutral): Promise<void> {
  const name = `program ${basename(file)}`;
  const inside = [file, await realpath(file).catch(() => file)].some((path) => path.startsWith(root + sep));
  if (inside) return;
  const script = (await interpreterWord(file)) !== null;
  const text = script ? await textOf(file) : null;
  sheet.hashed('runtime', name, text === null ? await digestOf(file) : neutral(text));
}

async function noteVersion(
  sheet: Sheet,
  { name, ask }: Interpreter,
  file: string,
  { cwd, env }: FingerprintRequest,
): Promise<void> {
  const safe = Object.entries(env).filter(
    ([variable, value]) => value !== undefined && !INJECTING.test(variable),
  );
  try {
    const answer = await answerOf(file, ask, cwd, Object.fromEntries(safe));
    const version = versionIn(answer);
    if (version === null) sheet.unknown('runtime', name, 'its answer names no version');
    else sheet.shown('runtime', name, version);
  } catch (error) {
    sheet.unknown('runtime', name, error);
  }
}

function answerOf(
  file: string,
  words: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      [...words],
      {
        cwd,
        env,
        timeout: VERSION_LIMIT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_ANSWER_BYTES,
        encoding: 'utf8',
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(`${stdout}\n${stderr}`);
        else
          reject(
            new Error(
              `it did not say its version: ${error.killed === true ? 'no answer' : `exit ${error.code}`}`,
            ),
          );
      },
    ).stdin?.end();
  });
}

/** The first text that looks like a version; nothing else of the answer is kept. */
function versionIn(answer: string): string | null {
  const line = answer
    .split(/\r?\n/)
    .find((text) => /\d+\.\d+/.test(text) && !/^(?:Picked up|NOTE:)/.test(text));
  return /\d+(?:\.\d+)+(?:[-+_.]?[\w.]{1,24})?/.exec(line ?? '')?.[0] ?? null;
}
