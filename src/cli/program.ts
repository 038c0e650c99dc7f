/** The program without its process: which commands there are, and how a command line becomes an exit code. */
import { Command, CommanderError } from 'commander';
import { WhystaleError } from '../errors.ts';
import { errorDocument, errorText, factsOf } from '../report/error.ts';
import * as audit from './commands/audit.ts';
import * as caseCommand from './commands/case.ts';
import * as check from './commands/check.ts';
import * as compare from './commands/compare.ts';
import * as demo from './commands/demo.ts';
import * as doctor from './commands/doctor.ts';
import * as explain from './commands/explain.ts';
import * as hunt from './commands/hunt.ts';
import * as map from './commands/map.ts';
import * as measure from './commands/measure.ts';
import * as notes from './commands/notes.ts';
import * as purge from './commands/purge.ts';
import * as race from './commands/race.ts';
import * as rehearse from './commands/rehearse.ts';
import * as replay from './commands/replay.ts';
import * as undo from './commands/undo.ts';
import * as watch from './commands/watch.ts';
import { EXIT, EXIT_MEANINGS, type ExitCode } from './exit-codes.ts';
import { type Frame, printJson } from './frame.ts';

/** Columns of `--help`: fixed, so that docs/cli.md does not depend on a terminal. */
const HELP_WIDTH = 100;

/** Every command, in the order of `--help`. */
const COMMANDS: readonly { readonly register: (program: Command, frame: Frame) => void }[] = [
  demo,
  watch,
  explain,
  map,
  race,
  replay,
  hunt,
  caseCommand,
  measure,
  compare,
  rehearse,
  purge,
  undo,
  notes,
  check,
  doctor,
  audit,
];

/** The commands, ready to parse a command line. */
export function createProgram(frame: Frame): Command {
  const program = new Command('whystale');
  program
    .description(
      'Finds stale-cache bugs in services that put Redis in front of PostgreSQL, and explains them.',
    )
    .version(frame.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ helpWidth: HELP_WIDTH })
    .configureOutput({ writeOut: frame.out, writeErr: frame.err, outputError: () => {} })
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', `\n${exitCodesHelp()}`);
  for (const command of COMMANDS) command.register(program, frame);
  return program;
}

/** Runs one command line (without node and script) and gives its exit code. Never throws. */
export async function run(args: readonly string[], frame: Frame): Promise<ExitCode> {
  const program = createProgram(frame);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return frame.exitCode();
  } catch (error) {
    return report(error, args, frame);
  }
}

function report(error: unknown, args: readonly string[], frame: Frame): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  // Commander has printed the help already when it throws this.
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
  const coded = error instanceof CommanderError ? usageError(error, args) : error;
  if (wantsJson(args)) printJson(frame, errorDocument(coded));
  else frame.err(errorText(coded, frame.errDrawing, frame.env.WHYSTALE_DEBUG === '1'));
  return factsOf(coded).exitCode;
}

/** A parse error of commander in our words: its first line says what, its suggestion says what next. */
function usageError(error: CommanderError, args: readonly string[]): WhystaleError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\(|\)$/g, '');
  const command = args.find((argument) => !argument.startsWith('-'));
  const help = command === undefined ? 'whystale --help' : `whystale ${command} --help`;
  return new WhystaleError({
    code: 'WSE001',
    what: `${first.charAt(0).toUpperCase()}${first.slice(1)}.`,
    expected: suggestion === '' ? 'A command line as the help shows it.' : suggestion,
    retry: 'after-fix',
    next: `Run ${error.code === 'commander.unknownCommand' ? 'whystale --help' : help}`,
    exitCode: EXIT.usage,
  });
}

/** Whether the caller asked for JSON, also when the command line as a whole is wrong. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

function exitCodesHelp(): string {
  return ['Exit codes:', ...EXIT_MEANINGS.map(([code, meaning]) => `  ${code}  ${meaning}`)].join('\n');
}
