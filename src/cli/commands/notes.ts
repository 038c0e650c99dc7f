/** `notes`: a static site from cases and Markdown notes; `notes import` brings in notes from elsewhere. */
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../core/numbers.ts';
import type { Built, Imported } from '../../notes/index.ts';
import { visible } from '../../report/width.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { StatusLine } from '../status-line.ts';

interface BuildOptions {
  readonly out: string;
  readonly base?: string;
  readonly date?: string;
  readonly json?: boolean;
}

interface ImportOptions {
  readonly into: string;
  readonly json?: boolean;
}

export function register(program: Command, frame: Frame): void {
  const notes = program
    .command('notes')
    .description('Field notes: a static site, a feed and a search index from cases and Markdown notes.');
  withExamples(notes, ['whystale notes build cases', 'whystale notes import ~/old-notes/*.md --into notes']);
  const build = notes
    .command('build')
    .description(
      'Build a static site from the cases and the Markdown notes with front matter in a folder. No script of a note ever runs in it. Writes only what changed, and removes pages of notes that are gone.',
    )
    .argument('<dir>', 'folder with cases, Markdown notes, or both')
    .option('--out <dir>', 'folder of the site', 'site')
    .option('--base <url>', 'address at which the site will stand, for the feed')
    .option('--date <day>', 'day from which freshness is counted; default: SOURCE_DATE_EPOCH, or today')
    .option('--json', 'print one JSON document at the end')
    .action(frame.action((dir: string, options: BuildOptions) => runBuild(dir, options, frame)));
  withExamples(build, [
    'whystale notes build cases',
    'whystale notes build cases --out public --base https://example.org/notes/',
  ]);
  const bring = notes
    .command('import')
    .description('Bring Markdown notes with front matter into a folder, with the pictures they show.')
    .argument('<files...>', 'Markdown files')
    .option('--into <dir>', 'folder of notes', 'notes')
    .option('--json', 'print one JSON document')
    .action(frame.action((files: string[], options: ImportOptions) => runImport(files, options, frame)));
  withExamples(bring, ['whystale notes import old/*.md --into notes']);
}

async function runBuild(dir: string, options: BuildOptions, frame: Frame): Promise<ExitCode> {
  const { buildNotes, badBase, badDate } = await import('../../notes/index.ts');
  const base = options.base === undefined ? null : baseOf(options.base);
  if (base === undefined) throw badBase(options.base ?? '');
  const given =
    options.date ?? epochDay(frame.env.SOURCE_DATE_EPOCH) ?? new Date().toISOString().slice(0, 10);
  if (!isDay(given)) throw badDate(given);
  const status = new StatusLine(frame);
  try {
    const built = await buildNotes(
      {
        folder: resolve(frame.cwd, dir),
        out: resolve(frame.cwd, options.out),
        base,
        cwd: frame.cwd,
        today: given,
      },
      { progress: (doing, done, of) => status.set(`${doing} ${done} of ${of}`) },
    );
    status.close();
    if (options.json === true) printJson(frame, built);
    else frame.out(builtText(built, frame.cwd));
    return built.problems.length > 0 ? EXIT.incomplete : EXIT.done;
  } finally {
    status.close();
  }
}

/** Undefined: it is no address of a site. */
function baseOf(given: string): string | undefined {
  if (!URL.canParse(given)) return undefined;
  const { protocol, username, password, search, hash, href } = new URL(given);
  if (!/^https?:$/.test(protocol) || `${username}${password}${search}${hash}` !== '') return undefined;
  return href.endsWith('/') ? href : `${href}/`;
}

/** @see https://reproducible-builds.org/specs/source-date-epoch/ */
function epochDay(seconds: string | undefined): string | undefined {
  if (seconds === undefined || seconds === '') return undefined;
  const at = /^\d{1,11}$/.test(seconds) ? new Date(Number(seconds) * 1000) : null;
  return at === null || Number.isNaN(at.getTime()) ? seconds : at.toISOString().slice(0, 10);
}

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

function builtText(built: Built, cwd: string): string {
  const { notes, cases, markdown, written, unchanged, removed, problems, notices, moreNotices } = built;
  const place = relative(cwd, built.out);
  const shown = place.startsWith('..') ? built.out : place || '.';
  const lines = [
    ...problems.map(({ file, says }) => `not built  ${file}: ${says}.`),
    ...notices.map(({ file, says }) => `note       ${file}: ${says}.`),
    ...(moreNotices > 0 ? [`           and ${moreNotices} more`] : []),
    `${counted(notes, 'note')} (${counted(cases, 'case')}, ${markdown} from Markdown) in ${shown}: ${counted(written, 'file')} written, ${unchanged} unchanged, ${removed} removed`,
    `Next: open ${shown}/index.html`,
  ];
  return `${lines.map(visible).join('\n')}\n`;
}

async function runImport(
  files: readonly string[],
  { into, json }: ImportOptions,
  frame: Frame,
): Promise<ExitCode> {
  const { importNotes } = await import('../../notes/index.ts');
  const imported = importNotes(
    files.map((given) => [given, resolve(frame.cwd, given)] as const),
    resolve(frame.cwd, into),
  );
  if (json === true) printJson(frame, imported);
  else frame.out(importedText(imported, into));
  return EXIT.done;
}

function importedText({ notes, notices }: Imported, into: string): string {
  const lines = [
    ...notices.map(({ file, says }) => `note       ${file}: ${says}.`),
    ...notes.map(({ from, to, written }) => `${written ? 'imported ' : 'unchanged'}  ${from} → ${to}`),
    `Next: whystale notes build ${into}`,
  ];
  return `${lines.map(visible).join('\n')}\n`;
}
