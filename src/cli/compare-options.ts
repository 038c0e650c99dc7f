/** What the command line of `compare` may say, and what of it makes the two sides. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { badSides } from '../compare/errors.ts';
import type { CompareRequest } from '../compare/index.ts';
import { ROUNDS } from '../compare/plan.ts';
import { commandOf } from '../race/scenario/parts.ts';
import { naturalNumber, positiveNumber } from './numbers.ts';
import type { ReportRequest } from './reports.ts';

export interface CompareOptions {
  readonly before?: string;
  readonly after?: string;
  readonly beforeUrl?: string;
  readonly afterUrl?: string;
  readonly beforeCommand?: string;
  readonly afterCommand?: string;
  readonly beforePostgres?: string;
  readonly afterPostgres?: string;
  readonly beforeRedis?: string;
  readonly afterRedis?: string;
  readonly install?: string;
  readonly rounds?: number;
  readonly rate?: number;
  readonly seconds?: number;
  readonly cold?: number;
  readonly allow: readonly string[];
  readonly race: boolean;
  readonly showOutput?: boolean;
  readonly report: readonly ReportRequest[];
  readonly out?: string;
  readonly json?: boolean;
}

export function addCompareOptions(command: Command): Command {
  return addLoadOptions(addSideOptions(command))
    .addOption(
      new Option(
        '--allow <kind-or-name>',
        'let this differ besides the change (same: let nothing differ); repeatable',
      )
        .argParser((text: string, before: readonly string[]) => [...before, text])
        .default([], "the case's"),
    )
    .option('--no-race', "leave the case's race scenario out")
    .option('--show-output', 'print what both services print');
}

function addSideOptions(command: Command): Command {
  return command
    .option(
      '--before <ref>',
      'git revision of the side before (default: the case; else HEAD, or HEAD~1 where nothing is uncommitted)',
    )
    .option(
      '--after <ref>',
      'git revision of the side after (default: the case; else the working tree as it is)',
    )
    .option('--before-command <cmd>', 'compare two commands in place of two revisions')
    .option('--after-command <cmd>', 'the other command')
    .option('--before-url <url>', 'compare two services that run already: times and statuses only')
    .option('--after-url <url>', 'the other service')
    .option(
      '--before-postgres <url>',
      'database of the side before, in place of a new one beside that of the case',
    )
    .option('--after-postgres <url>', 'database of the side after')
    .option(
      '--before-redis <url>',
      'Redis of the side before, in place of an empty number beside that of the case',
    )
    .option('--after-redis <url>', 'Redis of the side after')
    .option(
      '--install <cmd>',
      'install what each side needs, in its worktree (default: what is installed is linked)',
    );
}

function addLoadOptions(command: Command): Command {
  return command
    .option('--rounds <number>', `pairs of turns, before and after (default: ${ROUNDS})`, positiveNumber)
    .option('--rate <number>', 'requests per second of the warm phase (default: the case)', above)
    .option(
      '--seconds <number>',
      'length of the warm phase of each side, all turns together (default: the case)',
      above,
    )
    .option(
      '--cold <number>',
      'cold requests of each side, all turns together (default: the case)',
      naturalNumber,
    );
}

/** A number above 0. */
function above(text: string): number {
  const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (number > 0) return number;
  throw new InvalidArgumentError('A number above 0 is needed.');
}

type Sides = Pick<CompareRequest, 'revisions' | 'commands' | 'urls' | 'stores' | 'install'>;

/** @throws WhystaleError WSE760 */
export function requestedSides(options: CompareOptions): Sides {
  const { before = null, after = null } = options;
  const urls = bothOf('url', options.beforeUrl, options.afterUrl);
  const commands = bothOf('command', options.beforeCommand, options.afterCommand);
  const ways = [urls, commands, before ?? after].filter((way) => way !== null).length;
  if (ways > 1)
    throw badSides(
      'The sides are given in more than one way.',
      'Give revisions, commands or URLs, not two of them.',
    );
  if (urls !== null) for (const url of Object.values(urls)) checkUrl(url);
  return {
    revisions: { before, after },
    urls,
    commands:
      commands === null
        ? null
        : {
            before: words(commands.before, '--before-command'),
            after: words(commands.after, '--after-command'),
          },
    stores: {
      postgres: bothOf('postgres', options.beforePostgres, options.afterPostgres) ?? NONE,
      redis: bothOf('redis', options.beforeRedis, options.afterRedis) ?? NONE,
    },
    install: options.install === undefined ? null : words(options.install, '--install'),
  };
}

const NONE = { before: null, after: null };

function bothOf(name: string, before: string | undefined, after: string | undefined) {
  if (before === undefined && after === undefined) return null;
  if (before === undefined || after === undefined)
    throw badSides(
      `--${before === undefined ? 'after' : 'before'}-${name} is given, and the other side is not.`,
      `Give both: --before-${name} and --after-${name}.`,
    );
  if (before === after && (name === 'postgres' || name === 'redis'))
    throw badSides(
      `--before-${name} and --after-${name} name the same database.`,
      'Name two that hold nothing else.',
    );
  return { before, after };
}

function checkUrl(url: string): void {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw badSides(`${url} is no URL of a service.`, 'Write for example --before-url http://127.0.0.1:8000');
}

function words(text: string, flag: string): readonly [string, ...string[]] {
  const found = commandOf(text);
  if (found === null)
    throw badSides(
      `${flag} ${text} is no command.`,
      'Give a program and its arguments, with every quote closed.',
    );
  return found;
}

const AGAIN = [
  ['--before', 'before'],
  ['--after', 'after'],
  ['--before-command', 'beforeCommand'],
  ['--after-command', 'afterCommand'],
  ['--before-url', 'beforeUrl'],
  ['--after-url', 'afterUrl'],
  ['--before-postgres', 'beforePostgres'],
  ['--after-postgres', 'afterPostgres'],
  ['--before-redis', 'beforeRedis'],
  ['--after-redis', 'afterRedis'],
  ['--install', 'install'],
  ['--rate', 'rate'],
  ['--seconds', 'seconds'],
  ['--cold', 'cold'],
] as const;

/** The words that ask for the same comparison again. URLs of stores may hold passwords: those are left to the user. */
export function wordsAgain(given: string, options: CompareOptions): readonly string[] {
  const words = AGAIN.flatMap(([flag, name]) => {
    const value = options[name];
    if (value === undefined) return [];
    return [flag, /Postgres$|Redis$/.test(name) ? 'URL' : String(value)];
  });
  return ['whystale', 'compare', given, ...words, ...options.allow.flatMap((one) => ['--allow', one])];
}
