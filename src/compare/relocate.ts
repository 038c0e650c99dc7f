/**
 * A case, or a race scenario, as one side runs it: the same, with the service's folder in that side's worktree. What the case itself
 * brings along (requests, SQL beside case.yaml) is the caller's on both sides; SQL that belongs to the service is each side's own.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Case } from '../case/contract.ts';
import type { Scenario, SetupSpec } from '../race/scenario/index.ts';

export interface Relocation {
  /** Top of the repository, links resolved, and as the case writes it. */
  readonly roots: readonly string[];
  /** Top of the side's worktree, and of the other one: a path that only the other side has must not pass for another value. */
  readonly tree: string;
  readonly other: string;
  /** Whether what is installed is each side's own, and will be in its worktree. */
  readonly installs: boolean;
  /** The case's folder. */
  readonly caseFolder: string;
}

/** Folders that an install command fills. */
const INSTALLED = /\/(?:node_modules|\.?venv|vendor)(?:\/|$)/;

/** Paths in the repository that exist in a worktree become those of the side's; other text stays. */
export function relocatedText(text: string, { roots, tree, other, installs }: Relocation): string {
  const isThere = (inner: string) =>
    existsSync(tree + inner) || existsSync(other + inner) || (installs && INSTALLED.test(inner));
  return roots.reduce((rest, root) => {
    const pattern = new RegExp(
      `(?<![\\w./-])${root.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}((?:/[^\\s:;,'"=]*)?)(?![\\w.-])`,
      'g',
    );
    return rest.replace(pattern, (whole, inner: string) => (isThere(inner) ? tree + inner : whole));
  }, text);
}

export function relocatedEnv(env: NodeJS.ProcessEnv, to: Relocation): NodeJS.ProcessEnv {
  const entries = Object.entries(env).map(
    ([name, value]) => [name, value === undefined ? value : relocatedText(value, to)] as const,
  );
  return Object.fromEntries(entries);
}

type Service = Scenario['service'];

export function relocatedService<S extends Service>(service: S, to: Relocation): S {
  const cwd = relocatedFolder(service.cwd, to);
  mkdirSync(cwd, { recursive: true });
  const [program, ...rest] = service.command;
  const word = (text: string) => relocatedText(text, to);
  const env = Object.fromEntries(Object.entries(service.env).map(([name, value]) => [name, word(value)]));
  return { ...service, cwd, command: [word(program), ...rest.map(word)], env };
}

/** A folder in the repository, which the worktree need not have. */
function relocatedFolder(folder: string, { roots, tree }: Relocation): string {
  const root = roots.find((one) => isInside(folder, one));
  return root === undefined ? folder : join(tree, relative(root, folder));
}

export function relocatedCase(measured: Case, to: Relocation): Case {
  const { service, setup } = measured;
  if (service === null) return measured;
  return {
    ...measured,
    service: relocatedService(service, to),
    setup: setup.map((step) => relocatedStep(step, service, to)),
  };
}

export function relocatedScenario(scenario: Scenario, to: Relocation): Scenario {
  const { service, setup, reset } = scenario;
  const moved = (step: SetupSpec) => relocatedStep(step, service, to);
  return {
    ...scenario,
    service: relocatedService(service, to),
    setup: setup.map(moved),
    reset: { ...reset, steps: reset.steps.map(moved) },
  };
}

function relocatedStep(step: SetupSpec, service: Service, to: Relocation): SetupSpec {
  if (step.kind === 'command') {
    const [program, ...rest] = step.command;
    return { ...step, command: [relocatedText(program, to), ...rest.map((word) => relocatedText(word, to))] };
  }
  const file = ownFile(step.file, service.cwd, to);
  return file === null ? step : { ...step, file, text: readFileSync(file, 'utf8') };
}

/** Where a side has an SQL file of its own; null: the file is the case's, or that side has none. */
export function ownFile(file: string, cwd: string, { roots, tree, caseFolder }: Relocation): string | null {
  const root = roots.find((one) => isInside(file, one));
  if (root === undefined || isOfCase(file, caseFolder, cwd)) return null;
  const own = join(tree, relative(root, file));
  return existsSync(own) ? own : null;
}

/** Whether a file lies with the case, not with a service that lies in the case's folder itself. */
export function isOfCase(file: string, caseFolder: string, cwd: string): boolean {
  return isInside(file, caseFolder) && !(isInside(cwd, caseFolder) && isInside(file, cwd));
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
