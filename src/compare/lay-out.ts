/** Both sides as they are run: each with its code, its command and its variables. */
import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import type { Case } from '../case/contract.ts';
import { install, type Layout, linkMissing, type Missing, missingIn } from './carried.ts';
import type { Side } from './contract.ts';
import type { DifferenceRules } from './differences.ts';
import { badSides } from './errors.ts';
import { git } from './git.ts';
import { ownFile, type Relocation, relocatedCase, relocatedEnv } from './relocate.ts';
import type { CompareEvents, CompareRequest } from './request.ts';
import { type RepositorySides, repositorySides } from './sides.ts';
import { makeWorktrees, type Worktrees } from './worktrees.ts';

export interface LaidSide {
  readonly measured: Case;
  readonly env: NodeJS.ProcessEnv;
  /** For a person: `HEAD~1 (1a2b3c4)`, a command, a URL. */
  readonly source: string;
  /** Fit for a file name. */
  readonly label: string;
  /** Null: it runs where it stands. */
  readonly relocation: Relocation | null;
}

/** What is told while the sides are provided. */
export interface ProvideEvents {
  readonly notice: (text: string, side: Side) => void;
  readonly progress: CompareEvents['progress'];
}

export interface LaidOut {
  readonly kind: DifferenceRules['sides'];
  readonly setupOnly: boolean;
  readonly sides: Readonly<Record<Side, LaidSide>>;
  readonly notices: readonly string[];
  /** The side that cannot use what is installed in the repository's folder, and why; null: both can. */
  readonly unfit: { readonly side: Side; readonly why: string } | null;
  /**
   * Gives each side what git does not carry.
   *
   * @throws WhystaleError WSE765
   */
  provide(events: ProvideEvents, signal: AbortSignal): Promise<void>;
  close(): void;
}

const SIDES = ['before', 'after'] as const;

/** @throws WhystaleError WSE760 to WSE763 */
export async function layOut(
  request: CompareRequest,
  events: CompareEvents,
  signal: AbortSignal,
): Promise<LaidOut> {
  if (request.urls !== null) return urlSides(request, request.urls);
  if (request.measured.url !== null)
    throw badSides(
      `${request.measured.file} names a service that runs already (url), so that it cannot be run twice.`,
      'Give both: --before-url and --after-url; or say in the case how the service is run (service).',
    );
  if (request.measured.service === null)
    throw badSides(
      `${request.measured.file} does not say how the service is run.`,
      'Add service (command, ready) to the case.',
    );
  if (request.commands !== null) return commandSides(request, request.commands, request.measured.service);
  events.progress({ doing: 'checking-out', side: null, turn: null, text: null });
  return revisionSides(request, request.measured.service, signal);
}

const NOTHING_TO_PROVIDE = {
  unfit: null,
  provide: () => Promise.resolve(),
  close: () => undefined,
  setupOnly: false,
} as const;

function urlSides({ measured, env }: CompareRequest, urls: Readonly<Record<Side, string>>): LaidOut {
  const of = (side: Side): LaidSide => ({
    measured: { ...measured, service: null, url: urls[side].replace(/\/$/, '') },
    env,
    source: urls[side],
    label: new URL(urls[side]).host,
    relocation: null,
  });
  const notice =
    'Two services that run already are compared: only times and statuses are measured. What differs between the two besides the change is not known, and more hits cannot be told from faster work.';
  return {
    kind: 'urls',
    sides: { before: of('before'), after: of('after') },
    notices: [notice],
    ...NOTHING_TO_PROVIDE,
  };
}

function commandSides(
  { measured, env }: CompareRequest,
  commands: NonNullable<CompareRequest['commands']>,
  service: NonNullable<Case['service']>,
): LaidOut {
  const of = (side: Side): LaidSide => ({
    measured: { ...measured, service: { ...service, command: commands[side] } },
    env,
    source: commands[side].join(' '),
    label: side,
    relocation: null,
  });
  return {
    kind: 'commands',
    sides: { before: of('before'), after: of('after') },
    notices: [],
    ...NOTHING_TO_PROVIDE,
  };
}

async function revisionSides(
  request: CompareRequest,
  service: NonNullable<Case['service']>,
  signal: AbortSignal,
): Promise<LaidOut> {
  const found = await repositorySides(request.measured, request.revisions);
  const trees = await makeWorktrees(found, signal);
  try {
    const sides = {
      before: sideOf('before', request, found, trees),
      after: sideOf('after', request, found, trees),
    };
    const layout = (side: Side): Layout => ({
      root: found.root,
      inner: found.inner,
      tree: trees.folders[side],
      side,
    });
    const missing = { before: await missingIn(layout('before')), after: await missingIn(layout('after')) };
    return {
      kind: 'revisions',
      setupOnly: await onlySetupDiffers(request.measured, service, found, sides, trees),
      sides,
      notices: [...found.notices, ...trees.notices],
      unfit: unfitOf(missing),
      provide: (told, over) => provide(request, { layout, missing, sides }, told, over),
      close: trees.remove,
    };
  } catch (error) {
    trees.remove();
    throw error;
  }
}

function unfitOf(missing: Readonly<Record<Side, Missing>>): LaidOut['unfit'] {
  for (const side of SIDES) {
    const why = missing[side].unfit;
    if (why !== null) return { side, why };
  }
  return null;
}

interface Lacking {
  readonly layout: (side: Side) => Layout;
  readonly missing: Readonly<Record<Side, Missing>>;
  readonly sides: Readonly<Record<Side, LaidSide>>;
}

/** With an install command both sides are installed alike, and only files of settings are linked. */
async function provide(
  { install: command }: CompareRequest,
  { layout, missing, sides }: Lacking,
  events: ProvideEvents,
  signal: AbortSignal,
): Promise<void> {
  for (const side of SIDES) {
    const links = missing[side].links.filter((path) => command === null || /(?:^|\/)\.env[^/]*$/.test(path));
    const made = linkMissing(layout(side), links);
    if (made.length > 0) events.notice(linksSentence(made), side);
    if (command === null) continue;
    events.progress({ doing: 'installing', side, turn: null, text: null });
    await install(command, layout(side), sides[side].env, signal);
  }
}

function linksSentence(made: readonly string[]): string {
  const are = made.length === 1 ? 'is a link' : 'are links';
  return `${made.join(', ')} ${are} to the repository's folder.`;
}

function sideOf(
  side: Side,
  { measured, env, install: command }: CompareRequest,
  { root, inner, revisions }: RepositorySides,
  { folders }: Worktrees,
): LaidSide {
  const relocation = {
    roots: rootsOf(root, inner, measured),
    tree: folders[side],
    other: folders[side === 'before' ? 'after' : 'before'],
    installs: command !== null,
    caseFolder: measured.folder,
  };
  return {
    measured: relocatedCase(measured, relocation),
    env: relocatedEnv(env, relocation),
    source: revisions[side].shown,
    label: revisions[side].label,
    relocation,
  };
}

/** The repository's top, and the path by which the case reaches it where links are on the way. */
function rootsOf(root: string, inner: string, { service }: Case): readonly string[] {
  const cwd = service?.cwd ?? root;
  const written = inner === '' ? cwd : cwd.endsWith(sep + inner) ? cwd.slice(0, -inner.length - 1) : root;
  return realOf(written) === root && written !== root ? [root, written] : [root];
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Whether the sides differ in nothing but SQL files that each side is set up with. */
async function onlySetupDiffers(
  { setup }: Case,
  { cwd }: NonNullable<Case['service']>,
  { revisions }: RepositorySides,
  sides: Readonly<Record<Side, LaidSide>>,
  { folders }: Worktrees,
): Promise<boolean> {
  const own = setup.flatMap((step) => {
    if (step.kind !== 'sql') return [];
    return SIDES.flatMap((side) => {
      const { relocation } = sides[side];
      const file = relocation === null ? null : ownFile(step.file, cwd, relocation);
      return file === null ? [] : [relative(folders[side], file)];
    });
  });
  if (own.length === 0) return false;
  const changed = await git(folders.after, ['diff', '--name-only', '-z', revisions.before.commit]);
  const untracked = await git(folders.after, ['ls-files', '--others', '--exclude-standard', '-z']);
  const paths = `${changed}${untracked}`.split('\0').filter((path) => path !== '');
  return paths.length > 0 && paths.every((path) => own.includes(path));
}
