/** The program without its process: which commands there are, and how a command line becomes an exit code. */
import { Command, CommanderError } from 'commander';
import { WhystaleError } from '../errors.ts';
import { errorDocument, errorText, factsOf } from '../report/error.ts';
import { EXIT, EXIT_MEANINGS, type ExitCode } from './exit-codes.ts';
import { type Frame, printJson } from './frame.ts';

/** Columns of `--help`: fixed, so that docs/cli.md does not depend on a terminal. */
const HELP_WIDTH = 100;

interface CommandModule {
  readonly register: (program: Command, frame: Frame) => void;
}

/** Every command, in the order of `--help`. A command line loads its own alone: the others would slow its start down. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  demo: () => import('./commands/demo.ts'),
  watch: () => import('./commands/watch.ts'),
  explain: () => import('./commands/explain.ts'),
  map: () => import('./commands/map.ts'),
  race: () => import('./commands/race.ts'),
  replay: () => import('./commands/replay.ts'),
  hunt: () => import('./commands/hunt.ts'),
  case: () => import('./commands/case.ts'),
  measure: () => import('./commands/measure.ts'),
  compare: () => import('./commands/compare.ts'),
  rehearse: () => import('./commands/rehearse.ts'),
  purge: () => import('./commands/purge.ts'),
  undo: () => import('./commands/undo.ts'),
  notes: () => import('./commands/notes.ts'),
  check: () => import('./commands/check.ts'),
  doctor: () => import('./commands/doctor.ts'),
  audit: () => import('./commands/audit.ts'),
};

/** The commands, or those of these names, ready to parse a command line. */
export async function createProgram(
  frame: Frame,
  names: readonly string[] = Object.keys(COMMANDS),
): Promise<Command> {
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
  for (const name of names) (await COMMANDS[name]?.())?.register(program, frame);
  return program;
}

/** Runs one command line (without node and script) and gives its exit code. Never throws. */
export async function run(args: readonly string[], frame: Frame): Promise<ExitCode> {
  const [first = ''] = args;
  try {
    const program = await createProgram(frame, Object.hasOwn(COMMANDS, first) ? [first] : undefined);
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
