/** `rehearse`: a change deployed to staging, looked at, and taken back, by the commands that are used in earnest. */
import { randomBytes } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { REHEARSALS_FOLDER } from '../../case/contract.ts';
import { BASELINE, evidenceOf } from '../../case/evidence.ts';
import { locateCase } from '../../case/locate.ts';
import { readCase, readWrittenCase, type StoredCase, type WrittenCase } from '../../case/read.ts';
import { commandLine, shellLine } from '../../case/shell.ts';
import { newRunFolder } from '../../measure/run-folder.ts';
import type { Rehearsal, RehearsalVerdict } from '../../rehearse/contract.ts';
import { noConfiguration, nothingToRehearse } from '../../rehearse/errors.ts';
import { rehearseProgress, rehearseText } from '../../report/rehearse-text.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { interruptibleTwice } from '../interrupt-twice.ts';
import { StatusLine } from '../status-line.ts';

interface Options {
  readonly out?: string;
  readonly configOnly?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('rehearse')
    .description(
      'Rehearse a change on staging: compare the configuration, look at the old behaviour, run the real deployment, look at the new behaviour, run the real rollback, and look whether the old behaviour is back.',
    )
    .argument('<case>', 'the case: its folder, its case.yaml, or its name in cases/')
    .option('--config-only', 'compare the configuration, and do nothing else')
    .option('--out <dir>', 'folder of the record; default: a new one in the rehearsals/ of the case')
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((given: string, options: Options) => run(given, options, frame)));
  withExamples(command, [
    'whystale rehearse cases/old-price',
    'whystale rehearse old-price --config-only',
    'whystale rehearse old-price --json',
  ]);
}

async function run(given: string, options: Options, frame: Frame): Promise<ExitCode> {
  const file = locateCase(given, frame.cwd);
  const item = await readCase(file, frame.env);
  const written = await readWrittenCase(file);
  const spec = item.rehearse;
  const configOnly = options.configOnly === true;
  const shownFile = shown(item.file, frame);
  if (spec === null) throw nothingToRehearse(shownFile);
  if (configOnly && spec.config === null) throw noConfiguration(shownFile);
  // Loaded here: the client of the database would slow down every other command's start.
  const { rehearse, RehearsalFolder } = await import('../../rehearse/index.ts');
  const folder = configOnly ? null : new RehearsalFolder(placeOf(item, options, frame));
  const status = new StatusLine(frame);
  const interrupt = interruptibleTwice((text) => status.say(text));
  try {
    const rehearsal = await rehearse(
      {
        ...{ item, spec, written, configOnly },
        baselineP50Ms: baselineOf(item),
        env: frame.env,
        salt: randomBytes(16),
        random: Math.random,
        now: () => new Date(),
        interrupt: interrupt.first,
        stop: interrupt.second,
      },
      {
        told: (step) => status.say(`whystale: ${rehearseProgress(step)}`),
        write: (document) => folder?.write(document),
      },
    );
    status.close();
    if (folder !== null && folder.failure !== null)
      frame.err(`whystale: the record could not be written to the end: ${folder.failure}\n`);
    const kept = folder === null ? null : folder.path;
    if (options.json === true) printJson(frame, { ...rehearsal, folder: kept });
    else {
      const next = nextOf(rehearsal, written, given, configOnly);
      const shownFolder = kept === null ? null : shown(kept, frame);
      frame.out(rehearseText(rehearsal, { folder: shownFolder, next }, frame.drawing));
    }
    return exitCodeOf(rehearsal, folder?.failure ?? null);
  } finally {
    status.close();
    interrupt.release();
  }
}

function placeOf(item: StoredCase, { out }: Options, { cwd }: Frame): string {
  if (out !== undefined) return resolve(cwd, out);
  return newRunFolder(join(item.folder, REHEARSALS_FOLDER), new Date(), 'rehearsal');
}

function shown(path: string, { cwd }: Frame): string {
  const fromHere = relative(cwd, path);
  return fromHere.startsWith('..') ? path : fromHere || '.';
}

function baselineOf(item: StoredCase): number | null {
  const { runs } = evidenceOf(item);
  return runs.findLast(({ label, complete }) => label === BASELINE && complete)?.warmP50Ms ?? null;
}

/** What follows; null: what did not hold says it. */
function nextOf(
  rehearsal: Rehearsal,
  written: WrittenCase,
  given: string,
  configOnly: boolean,
): string | null {
  const rolledBack = rehearsal.steps.some(({ step, outcome }) => step === 'rollback' && outcome === 'held');
  if (rehearsal.deployed && !rolledBack) {
    const command = written.rehearse?.rollback.command;
    return command === undefined ? null : commandLine(command);
  }
  if (rehearsal.verdict === 'held' && !configOnly) return shellLine(['whystale', 'case', 'check', given]);
  return shellLine(['whystale', 'rehearse', given]);
}

const CODES: Readonly<Record<RehearsalVerdict, ExitCode>> = {
  held: EXIT.done,
  failed: EXIT.findings,
  incomplete: EXIT.incomplete,
  environment: EXIT.environment,
};

function exitCodeOf({ verdict }: Rehearsal, unwritten: string | null): ExitCode {
  return verdict === 'held' && unwritten !== null ? EXIT.environment : CODES[verdict];
}
