/**
 * The use case `demo`: the example shop with several of its bugs switched on, on embedded engines, under real traffic, watched
 * as any service would be. Nothing here knows the answers; the seeded bugs are only counted off.
 */
import { fileURLToPath } from 'node:url';
import type { CauseCode } from '../core/codes.ts';
import type { Analysis } from '../core/finding.ts';
import { freePort } from '../engines/index.ts';
import type { WatchEvents, WatchRequest, WatchResult } from '../watch/contract.ts';
import { watch } from '../watch/watch.ts';

/** Bugs of the shop that do not hide each other, and the code each must be explained by. */
export const SEEDED: readonly { readonly bug: string; readonly code: CauseCode }[] = [
  { bug: 'missing-invalidation', code: 'WS101' },
  { bug: 'stale-fill-race', code: 'WS104' },
  { bug: 'ttl-only', code: 'WS112' },
  { bug: 'stampede', code: 'WS202' },
];

export interface DemoRequest {
  /** End once every seeded bug is explained. */
  readonly exit: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly out: string | null;
  readonly version: string;
}

export interface DemoProgress {
  readonly requests: number;
  /** Answers that the traffic itself knows to be stale. */
  readonly staleAnswers: number;
  readonly explained: number;
  readonly seeded: number;
}

export interface DemoEvents extends Omit<WatchEvents, 'started'> {
  readonly started: WatchEvents['started'];
  readonly progress: (progress: DemoProgress) => void;
}

export interface DemoResult extends WatchResult {
  /** Seeded bugs that were not explained. */
  readonly missed: readonly CauseCode[];
  /** From the start of the command to the last first explanation; null when not all were explained. */
  readonly explainedMs: number | null;
}

/** With `--exit`, no longer than this, ms. */
const EXIT_LIMIT_MS = 90_000;
const CLIENTS = 12;
const MAX_TRAFFIC_SECONDS = 3_600;

/** Steps of the traffic that meet the bugs. Bursts are few: the statement behind each keeps the database busy for long. */
const STEPS: readonly string[] = ['race', 'race', 'race', 'order', 'user', 'burst', 'browse'];

interface Traffic {
  runTraffic(options: {
    readonly url: string;
    readonly steps: readonly string[];
    readonly seconds: number;
    readonly clients: number;
    readonly seed: number;
    readonly pauseMs: number;
    readonly signal: AbortSignal;
    readonly onProgress: (progress: { readonly requests: number; readonly staleAnswers: number }) => void;
  }): Promise<unknown>;
}

/** Codes that an analysis explains with order or value. */
function explainedCodes(analysis: Analysis): ReadonlySet<CauseCode> {
  return new Set(
    analysis.findings.filter((finding) => finding.confidence !== 'possible').map(({ code }) => code),
  );
}

function missing(analysis: Analysis): readonly CauseCode[] {
  const codes = explainedCodes(analysis);
  return SEEDED.filter(({ code }) => !codes.has(code)).map(({ code }) => code);
}

/** Runs the demo until it is done (`exit`) or until the signal. */
export async function demo(
  request: DemoRequest,
  events: DemoEvents,
  signal: AbortSignal,
): Promise<DemoResult> {
  const begin = performance.now();
  // The traffic ends first: a service that is stopped under traffic would be seen to fail.
  const done = new AbortController();
  const quiet = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  let explainedMs: number | null = null;
  let traffic: Promise<unknown> = Promise.resolve();
  let latest: Analysis | null = null;
  const result = await watch(
    await watchRequest(request),
    {
      ...events,
      started: async (started) => {
        await events.started(started);
        traffic = drive(started.http[0]?.listen ?? '', stop, (figures) => {
          const explained = SEEDED.length - (latest === null ? SEEDED.length : missing(latest).length);
          events.progress({ ...figures, explained, seeded: SEEDED.length });
        })
          .catch((error: unknown) => events.notice(`The traffic ended: ${String(error)}`))
          .finally(() => quiet.abort());
      },
      tick: (analysis) => {
        latest = analysis;
        events.tick(analysis);
        if (missing(analysis).length > 0) return;
        explainedMs ??= performance.now() - begin;
        if (request.exit) done.abort();
      },
    },
    quiet.signal,
  );
  done.abort();
  await traffic;
  return { ...result, missed: missing(result.analysis), explainedMs };
}

async function watchRequest(request: DemoRequest): Promise<WatchRequest> {
  const port = await freePort();
  const shop = fileURLToPath(new URL('../../examples/node-shop/server.mjs', import.meta.url));
  return {
    command: [process.execPath, shop],
    redis: ['embedded'],
    postgres: ['embedded'],
    http: [{ listen: { host: '127.0.0.1', port: 0 }, target: { host: '127.0.0.1', port } }],
    env: request.env,
    templates: [
      ['PORT', String(port)],
      ['SHOP_BUG', SEEDED.map(({ bug }) => bug).join(',')],
    ],
    forMs: request.exit ? EXIT_LIMIT_MS : null,
    out: request.out,
    outAsked: false,
    values: 'hashed',
    listenRedis: null,
    listenPostgres: null,
    version: request.version,
    serialize: false,
    annotate: false,
    log: null,
    otlp: null,
    stream: true,
    stdin: 'ignore',
  };
}

async function drive(
  address: string,
  signal: AbortSignal,
  onProgress: (figures: { readonly requests: number; readonly staleAnswers: number }) => void,
): Promise<void> {
  const module = new URL('../../examples/traffic.mjs', import.meta.url).href;
  const { runTraffic } = (await import(module)) as Traffic;
  await runTraffic({
    url: `http://${address}`,
    steps: STEPS,
    seconds: MAX_TRAFFIC_SECONDS,
    clients: CLIENTS,
    seed: 1,
    pauseMs: 5,
    signal,
    onProgress,
  });
}
