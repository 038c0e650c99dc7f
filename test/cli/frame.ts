/** A frame that keeps what is printed. */
import { Readable } from 'node:stream';
import { createFrame, type Frame } from '../../src/cli/frame.ts';
import { run } from '../../src/cli/program.ts';
import { PLAIN } from '../../src/report/style.ts';

export interface Printed {
  readonly frame: Frame;
  readonly out: () => string;
  readonly err: () => string;
}

export function testFrame(cwd = '/', env: Readonly<Record<string, string>> = {}, typed = ''): Printed {
  let out = '';
  let err = '';
  const drawing = { width: 100, style: PLAIN };
  const frame = createFrame({
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    drawing,
    errDrawing: drawing,
    terminal: false,
    stdin: () => Readable.from([typed]),
    cwd,
    env,
    version: '0.1.0',
  });
  return { frame, out: () => out, err: () => err };
}

/** Runs a command line in `cwd`. */
export async function whystale(
  args: readonly string[],
  cwd = '/',
  env: Readonly<Record<string, string>> = {},
) {
  const printed = testFrame(cwd, env);
  const exitCode = await run(args, printed.frame);
  return { exitCode, out: printed.out(), err: printed.err() };
}
