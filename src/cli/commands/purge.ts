/** `purge`: remove the keys that are meant, and only those, by a plan that was shown; with a snapshot for `undo`. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { WhystaleError } from '../../errors.ts';
import { DEFAULT_RATE, type PurgeDocument, type PurgeEvents, type Selection } from '../../purge/contract.ts';
import type { Applying, Place } from '../../purge/index.ts';
import { purgeText } from '../../report/purge-text.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptible } from '../interrupt.ts';
import { naturalNumber, positiveNumber } from '../numbers.ts';
import { purgeEvents, typed } from '../purge-events.ts';
import { repeatable } from '../repeated.ts';
import { StatusLine } from '../status-line.ts';

interface Options {
  readonly template: readonly string[];
  readonly key: readonly string[];
  readonly row: readonly string[];
  readonly redis?: string;
  readonly db?: number;
  readonly recording?: string;
  readonly map?: string;
  readonly apply?: string | true;
  readonly resume?: string;
  readonly rate: number;
  readonly production?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('purge')
    .description(
      'Plan the removal of the keys of a template, of single keys, or of all keys fed by a row. Nothing is touched until --apply: then each key is kept in a snapshot for undo, and removed at a bounded rate.',
    )
    .addOption(repeatable('--template <template>', 'keys of this template, e.g. item:{id}; repeatable'))
    .addOption(repeatable('--key <key>', 'this key; repeatable'))
    .addOption(repeatable('--row <row>', 'all keys fed by this row, e.g. items/1; repeatable'))
    .option('--redis <url>', 'the store (default: $REDIS_URL)')
    .addOption(
      new Option('--db <number>', 'Redis database (default: the one in the URL)').argParser(naturalNumber),
    )
    .option('--recording <dir>', 'lineage and figures from this recording (default: the newest here)')
    .addOption(new Option('--map <file>', 'lineage from this map file').conflicts('recording'))
    .option(
      '--apply [plan]',
      'carry out this plan, or the newest; with a selection: plan it and carry it out',
    )
    .addOption(
      new Option('--resume <dir>', 'go on with a purge that was interrupted or killed').conflicts([
        'apply',
        'recording',
        'map',
      ]),
    )
    .addOption(
      new Option('--rate <keys>', 'keys removed a second, at most')
        .argParser(positiveNumber)
        .default(DEFAULT_RATE),
    )
    .option('--production', 'the store is production, and that is known')
    .option('--json', 'print one JSON document')
    .action(frame.action((options: Options) => purge(options, frame)));
  withExamples(command, [
    "whystale purge --template 'item:{id}'",
    'whystale purge --row items/1 --recording ./rec',
    'whystale purge --apply',
    'whystale purge --key item:1 --key item:2 --apply',
    'whystale purge --resume .whystale/purge/20260131-093015Z',
  ]);
}

async function purge(options: Options, frame: Frame): Promise<ExitCode> {
  refuseMixed(options);
  const status = new StatusLine(frame);
  const interrupt = interruptible(() => status.say('Stopping; press Ctrl-C again to stop at once.'));
  try {
    const document = await run(options, frame, interrupt.signal, purgeEvents(status, 'keys'));
    status.close();
    if (options.json === true) printJson(frame, document);
    else
      frame.out(
        purgeText({ ...document, folder: typed(document.folder, frame.cwd) }, options.rate, frame.drawing),
      );
    return exitCodeOf(document);
  } finally {
    status.close();
    interrupt.release();
  }
}

async function run(
  options: Options,
  frame: Frame,
  signal: AbortSignal,
  events: PurgeEvents,
): Promise<PurgeDocument> {
  // Loaded here: the client of the store would slow down every other command's start.
  const purging = await import('../../purge/index.ts');
  const { redis, db, rate, apply, resume } = options;
  const { cwd, env, version } = frame;
  const store = purging.chooseStore({ redis, db, env });
  const place: Place = { store, db, cwd, env, version, now: () => new Date(), signal };
  const applying: Applying = { rate, production: options.production === true };
  const selection: Selection = { templates: options.template, keys: options.key, rows: options.row };
  const sources = { recording: options.recording, map: options.map };
  if (resume !== undefined) return purging.resumePurge(place, resolve(cwd, resume), applying, events);
  if (apply === undefined) return purging.planPurge(place, selection, sources, events);
  if (apply === true && isSelected(options))
    return purging.purgeAtOnce(place, selection, { sources, applying }, events);
  return purging.applyShown(place, apply === true ? null : resolve(cwd, apply), applying, events);
}

function isSelected({ template, key, row }: Options): boolean {
  return template.length + key.length + row.length > 0;
}

/** A plan that was shown has its selection. */
function refuseMixed(options: Options): void {
  const named = typeof options.apply === 'string' ? '--apply PLAN' : '--resume';
  if ((typeof options.apply !== 'string' && options.resume === undefined) || !isSelected(options)) return;
  throw new WhystaleError({
    code: 'WSE780',
    what: `${named} and a selection were given at once.`,
    expected: 'A plan that was shown, or a template, key or row to make one for.',
    retry: 'after-fix',
    next: 'Leave one of them out.',
    exitCode: 2,
  });
}

/** What was left because it changed all the time, or is too large, is still there: that is not done. */
function exitCodeOf({ state, result }: PurgeDocument): ExitCode {
  if (state === 'interrupted' || (result !== null && result.changing + result.large > 0))
    return EXIT.incomplete;
  return EXIT.done;
}
