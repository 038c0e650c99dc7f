/** The use case `measure`: one cold and one warm block of a case's requests, kept as a run. */
import { dirname } from 'node:path';
import type { Case } from '../case/contract.ts';
import { type Fingerprint, takeFingerprint } from '../fingerprint/index.ts';
import { percentileDistribution } from '../load/index.ts';
import { lastLines } from '../race/world/steps.ts';
import { createMask } from '../recording/mask.ts';
import type { ChildLine } from '../watch/child.ts';
import { MEASURE_FORMAT, type MeasuredRun, type Phase, type Sample } from './contract.ts';
import { howEnded, interruptedEarly } from './errors.ts';
import { isRight, phaseFigures } from './figures.ts';
import type { MeasuredBlock, MeasuredService, WarmPlan } from './measured-contract.ts';
import { openMeasured } from './measured-service.ts';
import type { RunFolder } from './run-folder.ts';
import { countOf } from './sender.ts';

export interface MeasureRequest {
  readonly measured: Case;
  /** Digest of what bears on the measuring, where the caller has it. */
  readonly digest?: string;
  readonly label: string;
  readonly warm: WarmPlan;
  /** Requests of the cold phase. */
  readonly cold: number;
  readonly plans: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Keyed hashes of the fingerprint are made with it. */
  readonly salt: Buffer;
  readonly random: () => number;
}

/** What is being done. */
export interface MeasureProgress {
  readonly doing: 'starting' | 'learning' | Phase | 'finishing';
  readonly done: number;
  /** 0: not known. */
  readonly of: number;
}

export interface MeasureEvents {
  readonly notice: (text: string) => void;
  readonly line: (line: ChildLine) => void;
  readonly progress: (progress: MeasureProgress) => void;
}

export interface Measured {
  readonly run: MeasuredRun;
  readonly samples: readonly Sample[];
  /** Whether the service died. */
  readonly died: boolean;
}

/** Names of the drawings that a caller may make of a run's samples. */
export type Drawn = (
  run: MeasuredRun,
  samples: readonly Sample[],
) => readonly (readonly [file: string, text: string])[];

/**
 * Measures, and keeps the run in `folder` as it goes. A signal or the service's end cuts it short: what was measured until then is
 * the run, and it says so.
 *
 * @throws WhystaleError before anything could be measured: those of opening, WSE735 interrupted, WSE733 the folder
 */
export async function measure(
  request: MeasureRequest,
  events: MeasureEvents,
  folder: RunFolder | (() => RunFolder),
  draw: Drawn,
  signal: AbortSignal,
): Promise<Measured> {
  const { measured, env, random } = request;
  const begin = performance.now();
  const startedAt = new Date().toISOString();
  events.progress({ doing: 'starting', done: 0, of: 0 });
  const setting = { measured, env, random, signal, notice: events.notice, line: events.line };
  const service = await openMeasured(setting).catch((error: unknown) => {
    throw signal.aborted ? interruptedEarly(error) : error;
  });
  try {
    const kept = typeof folder === 'function' ? folder() : folder;
    const taking = fingerprintOf(service, measured, request.salt, startedAt);
    const fingerprint = await Promise.race([taking, abortedEarly(signal)]);
    const compose = new Composer({ request, service, startedAt, fingerprint, begin });
    kept.write(compose.begun());
    const blocks = await measureBlocks(service, request, events, kept);
    events.progress({ doing: 'finishing', done: 0, of: 0 });
    const run = await compose.ended(blocks, signal.aborted);
    const samples = blocks.flatMap((block) => block.samples);
    kept.write(run);
    for (const phase of ['cold', 'warm'] as const) {
      const times = samples
        .filter((one) => one.phase === phase && isRight(one))
        .map(({ correctedMs }) => correctedMs);
      if (times.length > 0) kept.file(`${phase}-latency.hgrm`, percentileDistribution(times));
    }
    for (const [name, text] of draw(run, samples)) kept.file(name, text);
    return { run, samples, died: service.died !== null };
  } finally {
    await service.close();
  }
}

/** Rejects when it is interrupted: looking at everything may take long. */
function abortedEarly(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(interruptedEarly(signal.reason));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

async function measureBlocks(
  service: MeasuredService,
  { cold, warm }: MeasureRequest,
  events: MeasureEvents,
  folder: RunFolder,
): Promise<readonly MeasuredBlock[]> {
  const follow = (doing: Phase, of: number) => {
    let done = 0;
    events.progress({ doing, done, of });
    return (samples: readonly Sample[]): void => {
      done += samples.length;
      folder.append(samples);
      events.progress({ doing, done, of });
    };
  };
  events.progress({ doing: 'learning', done: 0, of: 0 });
  await service.prepare();
  const first = await service.runCold(cold, follow('cold', cold));
  const second = await service.runWarm(warm, follow('warm', countOf(warm)));
  return [first, second];
}

/** The fingerprint of a service that is open; proxies and ports of ours do not enter it. */
export function fingerprintOf(
  service: MeasuredService,
  measured: Case,
  salt: Buffer,
  at: string,
): Promise<Fingerprint> {
  const { process, stores, proxies } = service;
  const port = process === null ? [] : [{ text: String(process.port), placeholder: '{port}' }];
  return takeFingerprint({
    cwd: measured.service?.cwd ?? dirname(measured.file),
    env: process?.env ?? {},
    inherited: process?.inherited ?? [],
    redis: stores.redis,
    postgres: stores.postgres,
    salt,
    command: measured.service?.command ?? [],
    at,
    given: [
      ...proxies.map(({ kind, host, port: number }) => ({
        text: `${host}:${number}`,
        placeholder: `{${kind}}`,
      })),
      ...port,
    ],
  });
}

/** What a run says of itself besides its figures. */
export interface Composition {
  readonly request: Pick<MeasureRequest, 'measured' | 'digest' | 'label' | 'warm' | 'cold' | 'plans'>;
  readonly service: MeasuredService;
  readonly startedAt: string;
  readonly fingerprint: Fingerprint;
  /** Clock of `performance.now()` when it began. */
  readonly begin: number;
}

/** Puts a run together: at its beginning, so that a killed one can be read, and at its end. */
export class Composer {
  readonly #given: Composition;

  constructor(given: Composition) {
    this.#given = given;
  }

  begun(): MeasuredRun {
    return {
      ...this.#head(),
      complete: false,
      ended: 'it was cut off before its end was written',
      cold: null,
      warm: null,
      keys: [],
      queries: [],
      findings: [],
    };
  }

  /** @param interrupted whether the user ended it. */
  async ended(blocks: readonly MeasuredBlock[], interrupted: boolean): Promise<MeasuredRun> {
    const { service, request } = this.#given;
    const of = (phase: Phase) => phaseFigures(blocks.filter((block) => block.phase === phase));
    const requests = blocks.reduce((sum, { samples }) => sum + samples.length, 0);
    const queries = await service.queries(requests, request.plans && !interrupted);
    const ended = endedWhy(service, interrupted);
    return {
      ...this.#head(),
      complete: ended === null,
      ended,
      cold: of('cold'),
      warm: of('warm'),
      keys: service.keys(),
      queries,
      findings: service.findings().map(({ id, code, template, key }) => ({ id, code, template, key })),
      notices: [...service.notices],
    };
  }

  #head() {
    const { request, service, startedAt, fingerprint, begin } = this.#given;
    const { rate, seconds, arrivals } = request.warm;
    return {
      format: MEASURE_FORMAT,
      case: request.measured.name,
      ...(request.digest === undefined ? {} : { measured: request.digest }),
      label: request.label,
      startedAt,
      ranMs: Math.round(performance.now() - begin),
      engine: service.engine,
      load: { rate, seconds, cold: request.cold, arrivals },
      fingerprint,
      notices: [...service.notices],
    } as const;
  }
}

function endedWhy({ died, stores }: MeasuredService, interrupted: boolean): string | null {
  if (died !== null) {
    // Runs are kept in git, and services print what they connect to.
    const mask = createMask(
      [stores.redis?.password, stores.postgres?.password].filter((text) => typeof text === 'string'),
    );
    return `The service ended with ${howEnded(died)}. ${mask(lastLines(died.tail))}`;
  }
  return interrupted ? 'It was interrupted.' : null;
}
