/** What a case still lacks, in the order in which it is needed: to be measured, to be compared, to be closed. */
import { statSync } from 'node:fs';
import { WhystaleError } from '../errors.ts';
import { isOf } from '../race/hunt/told.ts';
import { readScenario } from '../race/scenario/index.ts';
import type { Variables } from '../race/scenario/parts.ts';
import { VARIABLE_KINDS } from './contract.ts';
import type { Gap, NextStep } from './document.ts';
import { checklistGaps, rehearsalGaps } from './done.ts';
import { BASELINE, believed, type Evidence, type RunSeen } from './evidence.ts';
import { type Revision, revisionIn } from './git.ts';
import { shownPath } from './locate.ts';
import type { WrittenCase } from './read.ts';
import { shellWord } from './shell.ts';

/** What is asked of the world outside of the file. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Variables;
  readonly revision: (folder: string, revision: string) => Promise<Revision>;
}

export function surroundings(cwd: string, env: Variables): Surroundings {
  return { cwd, env, revision: revisionIn };
}

/** Gaps in the order in which they matter. */
export async function gapsOf(
  item: WrittenCase,
  evidence: Evidence,
  around: Surroundings,
): Promise<readonly Gap[]> {
  return [
    ...measureGaps(item, around),
    ...baselineGaps(item, evidence, around),
    ...changeGaps(item),
    ...(await revisionGaps(item, around)),
    ...(await raceGaps(item, around)),
    ...closeGaps(item),
    ...(await checklistGaps(item, evidence, around)),
    ...rehearsalGaps(item, evidence, around),
  ];
}

/** The next thing to do, from what is missing. */
export function nextStep(
  item: WrittenCase,
  gaps: readonly Gap[],
  evidence: Evidence,
  { cwd }: Pick<Surroundings, 'cwd'>,
): NextStep {
  if (item.status === 'closed') return { step: 'done', todo: 'closed' };
  const folder = shellWord(shownPath(item.folder, cwd));
  const required = gaps.filter((gap) => gap.required);
  const blocking = (stage: Gap['stage']) =>
    required.filter((gap) => gap.stage === stage && gap.field !== 'runs');
  for (const stage of ['measure', 'compare', 'close'] as const) {
    const missing = blocking(stage).toSorted(
      (a, b) => Number(a.field in DONE_BY) - Number(b.field in DONE_BY),
    );
    const [first] = missing;
    if (first !== undefined)
      return first.field in DONE_BY
        ? { step: DONE_BY[first.field as keyof typeof DONE_BY], todo: first.todo }
        : { step: 'write', todo: `write ${fieldsOf(missing)}` };
    if (stage === 'measure' && required.some(({ field }) => field === 'runs'))
      return { step: 'measure', todo: `whystale measure ${folder}` };
    if (stage === 'compare' && believed(evidence) === undefined)
      return { step: 'compare', todo: `whystale compare ${folder}` };
  }
  return { step: 'close', todo: `whystale case close ${folder}` };
}

/** What is done and not written: once nothing else is missing. */
const DONE_BY = { checklist: 'sign', rehearsals: 'rehearse' } as const;

function fieldsOf(gaps: readonly Gap[]): string {
  return [...new Set(gaps.map(({ field }) => field))].filter((field) => !(field in DONE_BY)).join(', ');
}

function gap(stage: Gap['stage'], field: string, problem: string, todo: string, required = true): Gap {
  return { field, problem, todo, required, stage };
}

function measureGaps(item: WrittenCase, { env, cwd }: Surroundings): readonly Gap[] {
  const { requests, service, url, route, variables } = item;
  const unset = variables.filter((name) => env[name] === undefined);
  const other = route === null ? undefined : requests.find((request) => !isOf(route, request));
  return [
    ...(requests.length === 0
      ? [gap('measure', 'input', 'no request is given', 'input: GET /items/1, or a list of requests')]
      : []),
    ...(other === undefined
      ? []
      : [
          gap(
            'measure',
            'input',
            `${other.method} ${other.path} is no request of ${route}`,
            'correct input or route, if this one is not meant to be measured with the others',
            false,
          ),
        ]),
    ...(service === null && url === null
      ? [
          gap(
            'measure',
            'service',
            'it is not said where the service is',
            'service: {command: …, env: …, ready: GET /healthz}, or url: http://127.0.0.1:8000',
          ),
        ]
      : []),
    ...folderGaps(item, cwd),
    ...unset.map((name) =>
      gap(
        'measure',
        name,
        `the variable ${name} is not set here`,
        `export ${name}=… before it is measured`,
        false,
      ),
    ),
  ];
}

function folderGaps({ service }: WrittenCase, cwd: string): readonly Gap[] {
  if (service === null || isFolder(service.cwd)) return [];
  const problem = `the folder ${shownPath(service.cwd, cwd)} does not exist`;
  return [gap('measure', 'service.cwd', problem, 'the folder of the service, from that of this file')];
}

function isFolder(path: string): boolean {
  // What a variable stands for is not known here.
  return REFERENCE.test(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

const REFERENCE = /\$\{/;

function baselineGaps(item: WrittenCase, { runs }: Evidence, { cwd }: Surroundings): readonly Gap[] {
  const todo = `whystale measure ${shellWord(shownPath(item.folder, cwd))}`;
  const baselines = runs.filter(({ label }) => label === BASELINE);
  const last = baselines.findLast(({ complete }) => complete);
  if (last === undefined) {
    const problem = baselines.length === 0 ? 'there is no baseline yet' : 'every baseline was cut short';
    return [gap('compare', 'runs', problem, todo)];
  }
  const changed = changedSince(item, last);
  if (changed === null) return [];
  return [
    gap('compare', 'runs', `the baseline ${last.name} is out of date: ${changed.why}`, todo, changed.certain),
  ];
}

/** Whether the case says something else now than when it was measured; null: it does not. */
function changedSince(
  { measured, load, file }: WrittenCase,
  run: RunSeen,
): { readonly why: string; readonly certain: boolean } | null {
  const otherLoad =
    run.load !== null &&
    (run.load.rate !== load.rate || run.load.seconds !== load.seconds || run.load.cold !== load.cold);
  if (run.measured !== null && run.measured !== measured)
    return { why: 'what is measured was edited since', certain: true };
  // A load may have been chosen for this one run.
  if (otherLoad) return { why: 'it was measured with another load', certain: run.measured === null };
  if (run.measured !== null) return null;
  const edited = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return edited > Date.parse(run.startedAt) ? { why: 'the file was written since', certain: false } : null;
}

function changeGaps({ change }: WrittenCase): readonly Gap[] {
  const { what, kind, before, after } = change;
  const one = before === null ? 'before' : 'after';
  return [
    ...(what === null
      ? [gap('compare', 'change.what', 'the one change is not said', 'change: {what: …} in one sentence')]
      : []),
    ...(kind === null
      ? [
          gap(
            'compare',
            'change.kind',
            'it is not said which kind of variable the change turns',
            `change: {kind: …}, one of ${VARIABLE_KINDS.join(', ')}`,
          ),
        ]
      : []),
    ...((before === null) === (after === null)
      ? []
      : [
          gap(
            'compare',
            `change.${one}`,
            `only one side names a revision`,
            `change: {${one}: REVISION}`,
            false,
          ),
        ]),
  ];
}

async function revisionGaps(item: WrittenCase, { revision, cwd }: Surroundings): Promise<readonly Gap[]> {
  const folder = item.service?.cwd ?? item.folder;
  const shown = shownPath(folder, cwd);
  const { before, after } = item.change;
  const found = { before: await lookUp(before), after: await lookUp(after) };
  const gaps: Gap[] = [];
  for (const side of ['before', 'after'] as const) {
    const [name, is] = [item.change[side], found[side]];
    if (name === null || is === null || is.is === 'commit') continue;
    const field = `change.${side}`;
    if (is.is === 'none')
      gaps.push(gap('compare', field, `${name} names no commit in ${shown}`, 'a branch, a tag or a commit'));
    else if (is.is === 'no-repository')
      gaps.push(
        gap(
          'compare',
          field,
          `${shown} is in no git repository`,
          'service.cwd in a repository, or no revisions',
        ),
      );
    else gaps.push(gap('compare', field, `${name} could not be looked up: ${is.why}`, 'install git', false));
  }
  const [a, b] = [found.before, found.after];
  if (a?.is === 'commit' && b?.is === 'commit' && a.id === b.id)
    gaps.push(
      gap(
        'compare',
        'change.after',
        `${before} and ${after} are the same commit`,
        'the revision with the change',
      ),
    );
  return gaps;

  async function lookUp(name: string | null): Promise<Revision | null> {
    return name === null ? null : await revision(folder, name);
  }
}

async function raceGaps({ race }: WrittenCase, { env, cwd }: Surroundings): Promise<readonly Gap[]> {
  if (race === null) return [];
  try {
    await readScenario(race, env);
    return [];
  } catch (error) {
    if (!(error instanceof WhystaleError)) throw error;
    const problem = error.facts.what.replaceAll(race, shownPath(race, cwd)).replace(/\.$/, '');
    return [gap('compare', 'race', problem, 'correct the path, or the scenario: docs/race.md')];
  }
}

function closeGaps(item: WrittenCase): readonly Gap[] {
  const { owner, route, symptom, expected, rollback } = item;
  const nothing = expected.note === null && expected.status === null && expected.path === null;
  return [
    ...(owner === null ? [gap('close', 'owner', 'nobody answers for it', 'owner: a person or a team')] : []),
    ...(route === null ? [gap('close', 'route', 'the route is not said', 'route: GET /items/{id}')] : []),
    ...(symptom === null
      ? [gap('close', 'symptom', 'it is not said where the user notices it', 'symptom: one sentence', false)]
      : []),
    ...(nothing
      ? [
          gap(
            'close',
            'expected',
            'it is not said what the answer must be',
            'expected: 200, or {status: 200, path: $.price, value: 12}',
          ),
        ]
      : []),
    ...(rollback.command === null
      ? [gap('close', 'rollback', 'no command takes the change back', 'rollback: git revert COMMIT')]
      : []),
  ];
}
