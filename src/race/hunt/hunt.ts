/** The use case `hunt`: a recording → pairs that may race → scenarios → what came of them. */
import { basename, join, relative } from 'node:path';
import type { Digest, Operation } from '../../core/operation.ts';
import type { FaultKind } from '../explore/contract.ts';
import type { RaceVerdict } from '../result.ts';
import type { RaceEvents } from '../run/contract.ts';
import { type Base, readBase } from './base.ts';
import { HUNT_FORMAT, type HuntPair, type HuntResult, type Need, type PairOutcome } from './contract.ts';
import { type DraftOptions, draftScenario, MISSING_WITHOUT_BASE } from './draft.ts';
import { noHttp, nothingPairs, strayBody } from './errors.ts';
import { type Pair, pairsOf } from './pairs.ts';
import { type Chosen, chooseRequests } from './requests.ts';
import { type Budget, type Prepared, runPrepared } from './run.ts';
import { scenarioName, writeScenario } from './scenario-file.ts';
import { type Sightings, sightingsOf } from './sightings.ts';
import { fits, partsOfRoute, type ToldBody, toldBody, toldHeader } from './told.ts';

/** Scenarios of one hunt, for the best pairs. */
const MAX_SCENARIOS = 200;

export interface HuntRequest {
  readonly recording: {
    /** Absolute path. */
    readonly folder: string;
    readonly command: readonly string[] | null;
    readonly operations: Iterable<Operation>;
    readonly reveal: (digest: Digest) => string | undefined;
    readonly notices: readonly string[];
  };
  /** Path of a scenario. */
  readonly base: string | null;
  /** Folder for scenarios, absolute. */
  readonly out: string;
  /** As they were given: `PUT /items/{id}={…}`, `name: value`. */
  readonly bodies: readonly string[];
  readonly headers: readonly string[];
  readonly faults: readonly FaultKind[];
  readonly budget: Budget;
  /** Folder for schedules, absolute. */
  readonly schedules: string;
  readonly ownDatabase: boolean;
  /** False: rank and write only. */
  readonly run: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

export interface HuntEvents extends RaceEvents {
  /** A pair is begun. */
  pair(pair: Pick<HuntPair, 'reader' | 'writer'>, at: number, of: number): void;
}

/** Throws WSE670 to WSE675, and what reading a base throws. */
export async function hunt(
  request: HuntRequest,
  events: HuntEvents,
  signal: AbortSignal,
): Promise<HuntResult> {
  const begin = performance.now();
  const { recording, out } = request;
  const bodies = request.bodies.map(toldBody);
  const headers = request.headers.map(toldHeader);
  const base = request.base === null ? null : await readBase(request.base, request.env);
  const sightings = sightingsOf(recording.operations);
  if (!sightings.http) throw noHttp(recording.folder);
  const pairs = pairsOf(sightings.templates, ableTo(request, bodies, base));
  if (pairs.length === 0) throw nothingPairs(recording.folder, sightings);
  refuseStray(bodies, pairs);
  const shown = relative(out, recording.folder);
  const options = { base, folder: out, recording: shown, command: recording.command, bodies, headers };
  const drafted = draftAll(pairs, options, request);
  const runs = request.run && base !== null;
  const ready = runs
    ? drafted.filter(({ prepared, missing }) => prepared !== null && missing.length === 0)
    : [];
  const outcomes = await runPrepared(
    ready.map(({ prepared }) => prepared!),
    request,
    { begun: (at) => events.pair(ready[at]!.pair, at + 1, ready.length), race: events },
    signal,
  );
  const results = drafted.map((one) => resultOf(one, outcomes[ready.indexOf(one)] ?? notRun(one, request)));
  return {
    format: HUNT_FORMAT,
    verdict: verdictOf(results),
    recording: recording.folder,
    base: base?.file ?? null,
    out,
    ran: runs,
    pairs: ranked(results),
    missing: base === null ? MISSING_WITHOUT_BASE : [],
    notices: [...recording.notices, ...unattributed(sightings), ...drafted.flatMap(({ notices }) => notices)],
    interrupted: signal.aborted,
    elapsedMs: performance.now() - begin,
  };
}

/** What of the needs of predictions the hunt meets besides trying orderings. */
function ableTo({ faults }: HuntRequest, bodies: readonly ToldBody[], base: Base | null): ReadonlySet<Need> {
  const places = bodies.map(({ method, path }) => `${method} ${path}`);
  const able: Need[] = ['nothing', 'ordering'];
  if (faults.length > 0 || base?.sections.faults !== undefined) able.push('fault');
  if (new Set(places).size < places.length) able.push('second-writer');
  return new Set(able);
}

function refuseStray(bodies: readonly ToldBody[], pairs: readonly Pair[]): void {
  const writers = [...new Set(pairs.map(({ writer }) => writer))].sort();
  const isFor = ({ method, path }: ToldBody, route: string) => {
    const wanted = partsOfRoute(route);
    return wanted.method === method && (fits(wanted.path, path) || fits(path, wanted.path));
  };
  for (const body of bodies)
    if (!writers.some((route) => isFor(body, route))) throw strayBody(body.text, writers);
}

interface Drafted {
  readonly pair: Pair;
  readonly chosen: Chosen | null;
  /** Null: no scenario was written. */
  readonly prepared: Prepared | null;
  readonly missing: readonly string[];
  readonly notices: readonly string[];
}

function draftAll(
  pairs: readonly Pair[],
  options: DraftOptions,
  { out, recording }: HuntRequest,
): readonly Drafted[] {
  const taken = new Set<string>();
  return pairs.map((pair, rank): Drafted => {
    const nothing = { pair, chosen: null, prepared: null, missing: [], notices: [] };
    if (rank >= MAX_SCENARIOS) return nothing;
    const { base, bodies } = options;
    const chosen = chooseRequests(pair, { base, bodies, reveal: recording.reveal });
    if (chosen === null) return { ...nothing, missing: [NOT_SENDABLE] };
    const name = scenarioName(pair.reader, pair.writer, taken);
    taken.add(name);
    const file = join(out, `${name}.yaml`);
    const draft = draftScenario(pair, chosen, options);
    const { text, edited } = writeScenario(file, draft.text);
    const narrowed = (path: string) =>
      writeScenario(file, draftScenario(pair, chosen, { ...options, path }).text).text;
    return {
      pair,
      chosen,
      prepared: { file, text, narrowed },
      // Who edited it has filled in what was missing.
      missing: edited ? [] : draft.missing,
      notices: edited
        ? [`${basename(file)} was edited: it is run as it stands, and was not written anew.`]
        : [],
    };
  });
}

const NOT_SENDABLE =
  'requests that can be sent again: those that were recorded hold a masked secret, or none is known';

function notRun({ prepared, missing }: Drafted, { run, base }: HuntRequest): PairOutcome {
  if (missing.length > 0) return { state: 'skipped', why: `it lacks ${missing.join('; ')}` };
  if (prepared === null)
    return { state: 'skipped', why: `others are more promising: ${MAX_SCENARIOS} scenarios are the most` };
  if (!run) return { state: 'skipped', why: 'it was not asked for' };
  return { state: 'skipped', why: base === null ? 'no base scenario was given' : 'it was not reached' };
}

function resultOf({ pair, chosen, prepared, missing }: Drafted, outcome: PairOutcome): HuntPair {
  const { samples: _samples, ...known } = pair;
  const line = ({ method, path }: Chosen['reader']) => `${method} ${path}`;
  return {
    ...known,
    requests: chosen === null ? null : { reader: line(chosen.reader), writer: line(chosen.writer) },
    sameRow: chosen?.sameRow ?? false,
    scenario: prepared?.file ?? null,
    missing,
    outcome,
  };
}

function verdictOf(pairs: readonly HuntPair[]): RaceVerdict {
  const outcomes = pairs.map(({ outcome }) => outcome);
  if (outcomes.some((one) => one.state === 'explored' && one.counterexamples.length > 0)) return 'invalid';
  const proved = outcomes.every((one) => one.state === 'explored' && one.complete && one.verdict === 'valid');
  return proved ? 'valid' : 'unknown';
}

/** Counterexamples first, those that need no fault before the others; else as predicted. */
function ranked(pairs: readonly HuntPair[]): readonly HuntPair[] {
  const rank = ({ outcome }: HuntPair) => {
    if (outcome.state !== 'explored' || outcome.counterexamples.length === 0) return 0;
    return outcome.counterexamples.some(({ fault }) => fault === null) ? 2 : 1;
  };
  return pairs.toSorted((a, b) => rank(b) - rank(a));
}

function unattributed({ unattributed: { fills, commits } }: Sightings): readonly string[] {
  if (fills + commits === 0) return [];
  return [
    `Of ${fills} fills and ${commits} commits it is not known whose they are; --serialize tells, or spans (--otlp).`,
  ];
}
