/**
 * What every command stands in: where it prints, what it may know of its caller, and how its result becomes the exit
 * code. Commands print through the frame and never call process.exit, so that tests run them like any function and
 * output is never cut short.
 */
import { readFileSync } from 'node:fs';
import { type Drawing, drawingFor } from '../report/style.ts';
import type { ExitCode } from './exit-codes.ts';

/** A stream of what is typed: a terminal's single keys can be asked for. */
export type Typed = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
};

export interface Frame {
  /** Prints to stdout: the answer. */
  readonly out: (text: string) => void;
  /** Prints to stderr: progress, notices, errors. */
  readonly err: (text: string) => void;
  /** How to draw on stdout, and on stderr. */
  readonly drawing: Drawing;
  readonly errDrawing: Drawing;
  /** Whether stderr is a terminal that can be redrawn. */
  readonly terminal: boolean;
  /** What the caller types. Opened only when asked for. */
  readonly stdin: () => Typed;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of whystale. */
  readonly version: string;
  /** Makes a commander action of a function whose result is the exit code. */
  readonly action: <A extends readonly unknown[]>(
    run: (...args: A) => ExitCode | Promise<ExitCode>,
  ) => (...args: A) => Promise<void>;
  /** Exit code of the action that ran. */
  readonly exitCode: () => ExitCode;
}

type Stage = Omit<Frame, 'action' | 'exitCode'>;

/** A frame around the given streams and settings. */
export function createFrame(stage: Stage): Frame {
  let exitCode: ExitCode = 0;
  return {
    ...stage,
    action:
      (run) =>
      async (...args) => {
        exitCode = await run(...args);
      },
    exitCode: () => exitCode,
  };
}

/** The frame of this process. A reader that has gone away (`| head`) silences its stream and changes nothing else. */
export function processFrame(): Frame {
  const { env, stdout, stderr } = process;
  return createFrame({
    out: printerOf(stdout),
    err: printerOf(stderr),
    drawing: drawingFor({ isTTY: stdout.isTTY === true, columns: stdout.columns, env }),
    errDrawing: drawingFor({ isTTY: stderr.isTTY === true, columns: stderr.columns, env }),
    terminal: stderr.isTTY === true && env.TERM !== 'dumb',
    stdin: () => process.stdin,
    cwd: process.cwd(),
    env,
    version: packageVersion(),
  });
}

function printerOf(stream: NodeJS.WriteStream): (text: string) => void {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone = true;
    if (error.code !== 'EPIPE') process.exitCode = 4;
  });
  return (text) => {
    if (!gone) stream.write(text);
  };
}

/** One JSON document on stdout. Characters that steer terminals are escaped beyond what JSON demands. */
export function printJson(frame: Frame, document: unknown): void {
  frame.out(jsonText(document));
}

/** The text of a JSON document, ending in a newline; see {@link printJson}. */
export function jsonText(document: unknown): string {
  const text = JSON.stringify(document, null, 2).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}

/** Version in package.json, which stands two folders up from here, compiled or not. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const document: unknown = JSON.parse(text);
  if (typeof document === 'object' && document !== null && 'version' in document)
    return String(document.version);
  return '0.0.0';
}
