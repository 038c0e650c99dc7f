/** `doctor`: what a run needs, what is there, and the command that mends what is not. */
import { type Command, Option } from 'commander';
import { visible } from '../../report/width.ts';
import { withExamples } from '../examples.ts';
import type { ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { repeated } from '../repeated.ts';

interface Options {
  readonly redis: readonly string[];
  readonly postgres: readonly string[];
  readonly out: string;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('doctor')
    .description(
      'Say what is reachable, which versions and permissions there are, and what mends what is missing.',
    )
    .addOption(storeOption('redis', 'REDIS_URL'))
    .addOption(storeOption('postgres', 'DATABASE_URL'))
    .option('--out <dir>', 'folder that recordings would go to', '.')
    .option('--json', 'print one JSON document')
    .action(frame.action((options: Options) => doctor(options, frame)));
  withExamples(command, [
    'whystale doctor',
    'whystale doctor --redis redis://127.0.0.1:6379/0 --postgres postgres://app@127.0.0.1/shop --json',
  ]);
}

async function doctor(options: Options, frame: Frame): Promise<ExitCode> {
  // Loaded here: the clients of both stores would slow down every other command's start.
  const { examine, exitCodeOf, renderReport } = await import('../../doctor/index.ts');
  const { redis, postgres, out } = options;
  const report = await examine({ env: { ...frame.env }, redis, postgres, recordingFolder: out });
  if (options.json) printJson(frame, report);
  else frame.out(`${renderReport(report).map(visible).join('\n')}\n`);
  return exitCodeOf(report);
}

function storeOption(kind: 'redis' | 'postgres', variable: string): Option {
  return new Option(`--${kind} <[name=]url>`, 'store to look at, or "embedded"; may be given several times')
    .argParser(repeated)
    .default([], `$${variable}`);
}
