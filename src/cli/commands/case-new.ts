/** `case new`: a case from flags, from questions, or from a finding. */
import { dirname, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import {
  CASES_FOLDER,
  type CaseDraft,
  CHECKLIST_KINDS,
  type ChecklistKind,
  createCase,
  defaultChecklist,
  draftFromFinding,
  EMPTY_DRAFT,
  nameOfFinding,
  newCaseFile,
  noFinding,
  noName,
  shownPath,
  slugOf,
  surroundings,
  VARIABLE_KINDS,
  type VariableKind,
  wrongFlag,
} from '../../case/index.ts';
import type { Finding } from '../../core/finding.ts';
import { newestRecording } from '../../recording/locate.ts';
import type { Recording } from '../../recording/reader.ts';
import { caseNewText } from '../../report/case-text.ts';
import { withExamples } from '../examples.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Frame, printJson } from '../frame.ts';
import { repeatable } from '../repeated.ts';
import { checkedFlag, FLAG_TEXTS, type FlagTexts } from './case-flags.ts';
import { askedDraft, canAsk } from './case-questions.ts';

interface Options extends FlagTexts {
  readonly kind?: VariableKind;
  readonly input: readonly string[];
  readonly assumption: readonly string[];
  readonly link: readonly string[];
  readonly from?: string;
  readonly recording?: string;
  readonly checklist?: ChecklistKind;
  readonly dir?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function registerNew(parent: Command, frame: Frame): void {
  const command = parent
    .command('new')
    .description(
      'Start a case: asks on a terminal, takes flags elsewhere, and fills in what a finding tells.',
    )
    .argument('[name]', 'name of the case, which becomes its folder (default: made of the title or finding)');
  for (const [flag, { value, help }] of Object.entries(FLAG_TEXTS))
    command.option(`--${flag} <${value}>`, help);
  command
    .addOption(repeatable('--input <request>', 'a request that is measured: GET /items/1; repeatable'))
    .addOption(
      new Option('--kind <kind>', 'which kind of variable the change turns').choices([...VARIABLE_KINDS]),
    )
    .addOption(repeatable('--assumption <text>', 'what is taken to be so; repeatable'))
    .addOption(repeatable('--link <url>', 'a ticket, a dashboard; repeatable'))
    .addOption(
      new Option(
        '--checklist <kind>',
        'steps to begin with: commands that are run, judgements that are signed',
      ).choices([...CHECKLIST_KINDS]),
    )
    .option('--from <finding>', 'fill in what this finding of a recording tells, e.g. F3')
    .option('--recording <dir>', 'that recording (default: the newest whystale-recording* or .whystale here)')
    .option('--dir <dir>', `folder of cases (default: ${CASES_FOLDER})`)
    .option('--yes', 'ask nothing')
    .option('--json', 'ask nothing, and print one JSON document')
    .action(frame.action((name: string | undefined, options: Options) => create(name, options, frame)));
  withExamples(command, [
    'whystale case new',
    'whystale case new old-price --from F3 --recording ./rec --owner ada',
    'whystale case new old-price --checklist python',
    "whystale case new --title 'Old price' --route 'GET /items/{id}' --input 'GET /items/1' --expected 200",
    "whystale case new old-price --change 'remove the key after the commit' --kind code --rollback 'git revert fix'",
  ]);
}

async function create(name: string | undefined, options: Options, frame: Frame): Promise<ExitCode> {
  const folder = resolve(frame.cwd, options.dir ?? CASES_FOLDER);
  const found = options.from === undefined ? null : await findingOf(options.from, options, frame);
  const known = flagDraft(options);
  // Before anything is asked: an answer must not be lost to a name that is taken.
  if (name !== undefined) newCaseFile(name, folder, frame.cwd);
  const begun = named(name, known, found, folder, frame);
  const asks = options.yes !== true && options.json !== true && canAsk(frame);
  const draft = asks ? await askedDraft(begun.draft, frame) : begun.draft;
  const file = begun.file ?? newCaseFile(madeName(name, draft, null), folder, frame.cwd);
  const document = await createCase(
    inFolder(draft, dirname(file), frame.cwd),
    file,
    surroundings(frame.cwd, frame.env),
    found?.recording.notices ?? [],
  );
  if (options.json === true) printJson(frame, document);
  else frame.out(caseNewText(document, frame.drawing));
  return EXIT.done;
}

interface Found {
  readonly finding: Finding;
  readonly recording: Recording;
}

/** The draft with what a finding tells, where flags say nothing; and its file, where the name is known already. */
function named(
  name: string | undefined,
  known: Partial<CaseDraft>,
  found: Found | null,
  folder: string,
  frame: Frame,
): { readonly draft: CaseDraft; readonly file: string | null } {
  if (found === null) {
    const draft = { ...EMPTY_DRAFT, ...known };
    if (name === undefined && draft.title === null && draft.route === null) return { draft, file: null };
    return { draft, file: newCaseFile(madeName(name, draft, null), folder, frame.cwd) };
  }
  const { finding, recording } = found;
  const own = madeName(name, { ...EMPTY_DRAFT, title: known.title ?? null }, finding);
  const file = newCaseFile(own, folder, frame.cwd);
  const told = draftFromFinding(finding, {
    recording: recording.folder,
    command: recording.manifest.command,
    operations: recording.operations,
    reveal: recording.reveal,
  });
  return { draft: { ...told, ...known }, file };
}

/** The name given, else one made of the title, the finding or the route. Throws WSE705 when there is none. */
function madeName(
  name: string | undefined,
  { title, route }: Pick<CaseDraft, 'title' | 'route'>,
  finding: Finding | null,
): string {
  const made =
    name ?? slugOf(title ?? '') ?? (finding === null ? slugOf(route ?? '') : nameOfFinding(finding));
  if (made === null) throw noName('', null);
  return made;
}

/** Paths are written as they lead from the file. */
function inFolder(draft: CaseDraft, folder: string, cwd: string): CaseDraft {
  const { finding, race } = draft;
  return {
    ...draft,
    race: race === null ? null : relative(folder, resolve(cwd, race)),
    finding: finding === null ? null : { ...finding, recording: relative(folder, finding.recording) || '.' },
  };
}

function flagDraft(options: Options): Partial<CaseDraft> {
  const texts = Object.keys(FLAG_TEXTS) as (keyof FlagTexts)[];
  const given = texts.flatMap((flag): [string, string][] => {
    const text = checkedFlag(flag, options[flag]);
    return text === null ? [] : [[FLAG_TEXTS[flag].field, text]];
  });
  if (options.service !== undefined && options.url !== undefined)
    throw wrongFlag('url', options.url, 'One of --service and --url: both say where the service is.');
  const input = options.input.flatMap((text) => checkedFlag('input', text) ?? []);
  const assumptions = listed(options.assumption);
  const links = listed(options.link);
  return {
    ...(Object.fromEntries(given) as Partial<CaseDraft>),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
    ...(options.checklist === undefined ? {} : { checklist: defaultChecklist(options.checklist) }),
    ...(input.length === 0 ? {} : { input }),
    ...(assumptions.length === 0 ? {} : { assumptions }),
    ...(links.length === 0 ? {} : { links }),
  };
}

function listed(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.trim()).filter((text) => text !== '');
}

async function findingOf(id: string, options: Options, frame: Frame): Promise<Found> {
  // Loaded here: the analysis would slow down every other command's start.
  const [{ analyse }, { openRecording }] = await Promise.all([
    import('../../core/analyse.ts'),
    import('../../recording/reader.ts'),
  ]);
  const folder =
    options.recording === undefined ? newestRecording(frame.cwd) : resolve(frame.cwd, options.recording);
  const recording = openRecording(folder);
  const { findings } = analyse(recording.operations, {
    reveal: recording.reveal,
    stores: recording.manifest.stores,
  });
  const finding = findings.find((one) => one.id.toLowerCase() === id.toLowerCase());
  if (finding !== undefined) return { finding, recording };
  throw noFinding(
    id,
    findings.map((one) => one.id),
    shownPath(recording.folder, frame.cwd),
  );
}
