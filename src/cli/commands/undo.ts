/** `undo`: put back what a purge removed, where nothing else stands by now. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { DEFAULT_RATE, type UndoDocument } from '../../purge/contract.ts';
import { undoText } from '../../report/purge-text.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { naturalNumber, positiveNumber } from '../numbers.ts';
import { purgeEvents, typed } from '../purge-events.ts';
import { StatusLine } from '../status-line.ts';

interface Options {
  readonly redis?: string;
  readonly db?: number;
  readonly otherStore?: boolean;
  readonly rate: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('undo')
    .description(
      'Restore what a purge removed and nobody refilled since, with the time to live that is left; say what was left alone, and why.',
    )
    .argument('<dir>', 'folder of the purge, or a file in it')
    .option('--redis <url>', 'the store (default: $REDIS_URL)')
    .addOption(new Option('--db <number>', "Redis database (default: the plan's)").argParser(naturalNumber))
    .option('--other-store', 'restore although the store has another address than the plan says')
    .addOption(
      new Option('--rate <keys>', 'keys restored a second, at most')
        .argParser(positiveNumber)
        .default(DEFAULT_RATE),
    )
    .option('--dry-run', 'say what would be restored, and touch nothing')
    .option('--json', 'print one JSON document')
    .action(frame.action((dir: string, options: Options) => undo(dir, options, frame)));
  withExamples(command, [
    'whystale undo .whystale/purge/20260131-093015Z',
    'whystale undo .whystale/purge/20260131-093015Z --dry-run',
  ]);
}

async function undo(dir: string, options: Options, frame: Frame): Promise<ExitCode> {
  const status = new StatusLine(frame);
  const interrupt = interruptible(() => status.say('Stopping; press Ctrl-C again to stop at once.'));
  try {
    // Loaded here: the client of the store would slow down every other command's start.
    const { chooseStore, undo: run } = await import('../../purge/index.ts');
    const { redis, db, rate } = options;
    const { cwd, env, version } = frame;
    const store = chooseStore({ redis, db, env });
    const { signal } = interrupt;
    const document = await run(
      { store, db, cwd, env, version, now: () => new Date(), signal },
      resolve(cwd, dir),
      { rate, dryRun: options.dryRun === true, otherStore: options.otherStore === true },
      purgeEvents(status, 'keys'),
    );
    status.close();
    if (options.json === true) printJson(frame, document);
    else frame.out(undoText({ ...document, folder: typed(document.folder, frame.cwd) }, frame.drawing));
    return exitCodeOf(document);
  } finally {
    status.close();
    interrupt.release();
  }
}

/** What could not be restored, although nothing stands in its place, is not done. */
function exitCodeOf({ state, left }: UndoDocument): ExitCode {
  return state === 'interrupted' || left.damaged + left.refused > 0 ? EXIT.incomplete : EXIT.done;
}
