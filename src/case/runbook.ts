/** Every command of a case in order, ready to be pasted. */
import type { RequestSpec } from '../race/scenario/index.ts';
import type { ChecklistItem } from './contract.ts';
import type { RunbookCommand, RunbookStep } from './document.ts';
import { BASELINE, type Evidence } from './evidence.ts';
import { shownPath } from './locate.ts';
import type { WrittenCase } from './read.ts';
import { commandLine, shellLine, shellWord } from './shell.ts';

/** Where a service is that the case starts itself: on a port that is chosen then. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's variable.
const OWN_SERVICE = 'http://127.0.0.1:${PORT}';

export function runbookOf(item: WrittenCase, evidence: Evidence, cwd: string): readonly RunbookStep[] {
  const folder = shellWord(shownPath(item.folder, cwd));
  return [
    reproduce(item, cwd),
    {
      step: 'baseline',
      title: 'Measure the baseline',
      commands: [plain(`whystale measure ${folder}`)],
      notes: evidence.runs.some(({ label, complete }) => label === BASELINE && complete)
        ? ['There is one; see below.']
        : [],
    },
    ...race(item, cwd),
    change(item, cwd),
    {
      step: 'compare',
      title: 'Compare before and after',
      commands: [plain(`whystale compare ${folder}`)],
      notes: [],
    },
    ...rehearsal(item, folder),
    rollback(item, cwd),
    ...checklist(item, cwd),
    {
      step: 'close',
      title: 'Close',
      commands: [plain(`whystale case check ${folder}`), plain(`whystale case close ${folder}`)],
      notes: [],
    },
  ];
}

function plain(command: string, note: string | null = null): RunbookCommand {
  return { command, note };
}

function reproduce(item: WrittenCase, cwd: string): RunbookStep {
  const { finding, slow, requests, expected } = item;
  const explain =
    finding === null || finding.recording === null
      ? []
      : [
          plain(
            `whystale explain ${shellLine([shownPath(finding.recording, cwd), '--finding', finding.id])}`,
          ),
        ];
  const failing = slow.command === null ? [] : [within(item, slow.command, cwd, 'the command that fails')];
  const asked = requests.map((request) => plain(curl(item, request), portNote(item)));
  const value =
    expected.path === null ? [] : [`${expected.path} of the body must be ${JSON.stringify(expected.value)}.`];
  return {
    step: 'reproduce',
    title: 'Reproduce',
    commands: [...explain, ...failing, ...asked],
    notes: [
      ...(requests.length === 0 ? ['No request is known yet: write input.'] : []),
      ...(slow.sql === null ? [] : [`Slow statement: ${slow.sql}`]),
      ...value,
    ],
  };
}

function portNote({ url }: WrittenCase): string | null {
  return url === null ? 'PORT: where the service listens' : null;
}

/** The request as curl sends it. `-g`: braces and brackets in the path stay as they are. */
function curl({ url }: WrittenCase, { method, path, headers, body }: RequestSpec): string {
  const base = url ?? OWN_SERVICE;
  const head = method === 'HEAD';
  return shellLine([
    'curl',
    head ? '-sSI' : '-sSi',
    ...(/[[\]{}]/.test(path.replaceAll(/\$\{\w+\}/g, '')) ? ['-g'] : []),
    ...(head || (method === 'GET' && body === null) ? [] : ['-X', method]),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    ...(body === null ? [] : ['--data-raw', body]),
    `${base}${path}`,
  ]);
}

/** A command of the file: it is run where the service stands. */
function within(
  item: WrittenCase,
  command: readonly string[],
  cwd: string,
  note: string | null = null,
): RunbookCommand {
  const folder = shownPath(item.service?.cwd ?? item.folder, cwd);
  if (folder === '.') return plain(commandLine(command), note);
  return plain(`(cd ${shellWord(folder)} && ${shellLine(command)})`, note);
}

function race({ race }: WrittenCase, cwd: string): readonly RunbookStep[] {
  if (race === null) return [];
  const command = `whystale race ${shellWord(shownPath(race, cwd))}`;
  return [{ step: 'race', title: 'Try every ordering', commands: [plain(command)], notes: [] }];
}

function change(item: WrittenCase, cwd: string): RunbookStep {
  const { what, kind, before, after } = item.change;
  const folder = shownPath(item.service?.cwd ?? item.folder, cwd);
  const git = folder === '.' ? ['git'] : ['git', '-C', folder];
  const range = before === null || after === null ? null : `${before}..${after}`;
  return {
    step: 'change',
    title: 'The one change',
    commands:
      range === null
        ? []
        : [plain(shellLine([...git, 'log', '--oneline', range])), plain(shellLine([...git, 'diff', range]))],
    notes: [
      what === null ? 'Not said yet: write change.' : `${what} (${kind ?? 'kind not said'})`,
      ...(range === null && what !== null
        ? ['Its revisions are not said yet: write change.before and change.after, or give them to compare.']
        : []),
    ],
  };
}

function rehearsal({ rehearse }: WrittenCase, folder: string): readonly RunbookStep[] {
  if (rehearse === null) return [];
  const command = `whystale rehearse ${folder}`;
  const notes = ['It deploys to staging, and takes it back.'];
  return [{ step: 'rehearse', title: 'Rehearse on staging', commands: [plain(command)], notes }];
}

function rollback(item: WrittenCase, cwd: string): RunbookStep {
  const { command, note } = item.rollback;
  return {
    step: 'rollback',
    title: 'If it goes wrong, take it back',
    commands: command === null ? [] : [within(item, command, cwd)],
    notes: [
      ...(command === null ? ['No command is known yet: write rollback.'] : []),
      ...(note === null ? [] : [note]),
    ],
  };
}

function checklist(item: WrittenCase, cwd: string): readonly RunbookStep[] {
  if (item.checklist.length === 0) return [];
  return [
    {
      step: 'checklist',
      title: 'Checklist',
      commands: item.checklist.flatMap((one) =>
        one.kind === 'command' ? [within(item, one.command, cwd, one.step)] : [],
      ),
      notes: item.checklist.flatMap(judgement),
    },
  ];
}

function judgement(one: ChecklistItem): readonly string[] {
  if (one.kind === 'command') return [];
  const { step, signed } = one;
  if (signed === null) return [`[ ] ${step}: to be signed in case.yaml`];
  return [`[x] ${step}: ${signed.by}, ${signed.at}${signed.note === null ? '' : `, ${signed.note}`}`];
}
