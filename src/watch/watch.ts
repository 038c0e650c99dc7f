/**
 * The use case `watch`: stores are linked, the service is run behind the relays, everything that passes is recorded and
 * analysed, and at the end all that was started is stopped again.
 */
import { type Engine, freePort, startPostgres, startRedis } from '../engines/index.ts';
import { openAnalyser } from '../observe/sql/analyse.ts';
import type { Endpoint } from '../proxy/endpoint.ts';
import { createRecording, type RecordingWriter } from '../recording/writer.ts';
import type { ServerObject } from '../report/watch-summary.ts';
import { Capture } from './capture.ts';
import { type ChangeStreams, openChangeStreams } from './change-streams.ts';
import { type Child, type ChildEnd, startChild } from './child.ts';
import type { WatchEvents, WatchRequest, WatchResult, WatchStarted } from './contract.ts';
import { childEnvironment } from './environment.ts';
import { type OpenLog, openRequestLog, type StartedHttp, sayUnused, startHttp } from './http.ts';
import { addedLatency } from './latency.ts';
import { type Link, type LinkPlace, type LinkTools, linkPostgres, linkRedis } from './links.ts';
import { type Otlp, startOtlp } from './otlp.ts';
import { sayRoles } from './redis-server.ts';
import { chooseStores, parseStore, type Store, type StoreChoice, type StoreKind } from './stores.ts';

/** Windows whose commit is younger than this are not judged while watching; ns. */
const SETTLE_NS = 1e9;
/** Pause between two looks, ms; longer when looking takes long, so that it never takes more than a twentieth. */
const TICK_MS = 1_000;
const TICK_SHARE = 20;

export async function watch(
  request: WatchRequest,
  events: WatchEvents,
  signal: AbortSignal,
): Promise<WatchResult> {
  const session = new WatchSession(request, events);
  try {
    await session.start();
    await session.run(signal);
    return await session.finish();
  } finally {
    await session.stop();
  }
}

class WatchSession {
  readonly #request: WatchRequest;
  readonly #events: WatchEvents;
  readonly #begin = performance.now();
  readonly #startedAt = new Date();
  readonly #capture: Capture;
  readonly #engines: Engine[] = [];
  readonly #links: Link[] = [];
  #streams: ChangeStreams | null = null;
  #created: readonly ServerObject[] = [];
  #http: StartedHttp | null = null;
  #log: OpenLog | null = null;
  #otlp: Otlp | null = null;
  #child: Child | null = null;
  #childEnv: NodeJS.ProcessEnv = {};
  #childEnd: ChildEnd | null = null;
  #recording: RecordingWriter | null = null;
  #ticker: NodeJS.Timeout | null = null;

  constructor(request: WatchRequest, events: WatchEvents) {
    this.#request = request;
    this.#events = events;
    this.#capture = new Capture(() => Math.round((performance.now() - this.#begin) * 1e6), events.notice);
  }

  async start(): Promise<void> {
    const request = this.#request;
    sayUnused(request, this.#events.notice);
    if (request.log !== null) this.#log = await openRequestLog(request.log, this.#capture);
    const redis = chooseStores('redis', request.redis, request.env);
    const postgres = chooseStores('postgres', request.postgres, request.env);
    for (const choice of [...redis, ...postgres]) {
      if (choice.embedded && choice.hint != null) this.#events.notice(choice.hint);
    }
    const [analyser, redisStores, postgresStores] = await Promise.all([
      openAnalyser(),
      Promise.all(redis.map((choice) => this.#store('redis', choice))),
      Promise.all(postgres.map((choice) => this.#store('postgres', choice))),
    ]);
    const { context, clock } = this.#capture;
    const tools: LinkTools = {
      context,
      clock,
      wall: () => Date.now(),
      analyser,
      env: request.env,
      notice: this.#events.notice,
    };
    for (const [i, { store, emulated }] of redisStores.entries()) {
      this.#links.push(
        await linkRedis(store, emulated, place(store, i, request.listenRedis, 'redis'), tools),
      );
    }
    for (const [i, { store }] of postgresStores.entries()) {
      this.#links.push(await linkPostgres(store, place(store, i, request.listenPostgres, 'pg'), tools));
    }
    sayRoles(
      this.#links.filter(({ store }) => store.kind === 'redis'),
      context.degrade,
    );
    this.#capture.stores = this.#links.map(({ protection }) => protection);
    await this.#openRecording();
    if (request.stream) {
      this.#streams = await openChangeStreams(this.#links, { context, clock, notice: this.#events.notice });
    }
    await this.#startChild();
  }

  async #store(
    kind: StoreKind,
    choice: StoreChoice,
  ): Promise<{ readonly store: Store; readonly emulated: boolean }> {
    if (!choice.embedded) return { store: choice.store, emulated: false };
    const engine = kind === 'redis' ? await startRedis() : await startPostgres();
    this.#engines.push(engine);
    return { store: { ...parseStore(kind, engine.url), name: choice.name }, emulated: engine.emulated };
  }

  async #openRecording(): Promise<void> {
    const { out, command, version, values } = this.#request;
    if (out === null) return;
    const secrets = this.#links.flatMap(({ store }) => (store.password === null ? [] : [store.password]));
    try {
      this.#recording = await createRecording(out, {
        version,
        command,
        engines: this.#engine(),
        stores: this.#capture.stores,
        startedAt: this.#startedAt,
        values,
        secrets,
        onFailure: (error) =>
          this.#capture.context.degrade('recording', `Recording stopped: ${error.message}`),
      });
      this.#capture.record(this.#recording, values === 'plain');
    } catch (error) {
      if (this.#request.outAsked) throw error;
      this.#capture.context.degrade('recording', `Nothing is recorded: ${(error as Error).message}`);
    }
  }

  async #startChild(): Promise<void> {
    const { command, http, serialize, annotate, env, templates, stdin } = this.#request;
    const port =
      http[0]?.target !== undefined && 'port' in http[0].target ? http[0].target.port : await freePort();
    // REDIS_URL and DATABASE_URL mean the first: a service writes there.
    const primariesFirst = [...this.#links].sort((a, b) => Number(a.replica) - Number(b.replica));
    const stores = primariesFirst.map(({ store, relay }) => ({ store, proxy: childAddress(relay.endpoint) }));
    this.#otlp = await this.#startOtlp();
    const otlp = this.#otlp === null ? {} : { otlp: this.#otlp.url };
    const environment = childEnvironment({ env, stores, templates, port, ...otlp });
    this.#childEnv = environment.env;
    this.#http = await startHttp(http, {
      capture: this.#capture,
      serialize,
      annotate,
      log: this.#log?.log ?? null,
      wall: () => Date.now(),
    });
    await this.#events.started(this.#describe(environment));
    if (command === null) return;
    const { values } = environment;
    this.#child = await startChild({
      command: command.map((word) => expandKnown(word, values)) as [string, ...string[]],
      env: environment.env,
      clock: this.#capture.clock,
      stdin,
      onLine: (line) => {
        this.#events.line(line);
        this.#capture.log(line);
      },
    });
  }

  async #startOtlp(): Promise<Otlp | null> {
    const { otlp: listen, env } = this.#request;
    const { context, clock } = this.#capture;
    return listen === null ? null : startOtlp({ listen, env, context, clock, wall: () => Date.now() });
  }

  #describe(environment: ReturnType<typeof childEnvironment>): WatchStarted {
    const { values, changed } = environment;
    return {
      engines: this.#links.map(({ store, product, version, emulated }) => ({
        kind: store.kind,
        product: emulated ? 'js-redis-server (emulated)' : product,
        version,
        embedded: this.#engines.some((engine) => engine.url === store.url),
        emulated,
      })),
      changed,
      urls: { redis: values.redis ?? '', postgres: values.postgres ?? '' },
      http: this.#http?.shown ?? [],
      streams: this.#streams?.lines ?? [],
      values,
    };
  }

  /** Waits for the command's end, the time limit, or the signal. */
  async run(signal: AbortSignal): Promise<void> {
    this.#tick();
    const ends: Promise<unknown>[] = [aborted(signal)];
    const { forMs } = this.#request;
    let timer: NodeJS.Timeout | undefined;
    if (forMs !== null)
      ends.push(
        new Promise((resolve) => {
          timer = setTimeout(resolve, forMs);
        }),
      );
    if (this.#child !== null) ends.push(this.#child.ended);
    await Promise.race(ends);
    clearTimeout(timer);
  }

  #tick(): void {
    const begin = performance.now();
    this.#events.tick(this.#capture.analysis(SETTLE_NS));
    const took = performance.now() - begin;
    this.#ticker = setTimeout(() => this.#tick(), Math.max(TICK_MS, took * TICK_SHARE));
  }

  async finish(): Promise<WatchResult> {
    if (this.#ticker !== null) clearTimeout(this.#ticker);
    this.#ticker = null;
    const watchedMs = performance.now() - this.#begin;
    this.#childEnd = this.#child === null ? null : await this.#child.stop();
    await this.#otlp?.finish(this.#childEnv);
    await this.#streams?.finish();
    await this.#closeStreams();
    const addedMs = { redis: await this.#added('redis'), postgres: await this.#added('postgres') };
    await this.#http?.stop();
    await Promise.allSettled(this.#links.map((link) => link.close()));
    this.#capture.flush();
    await this.#log?.close();
    const analysis = this.#capture.analysis();
    const recording = await this.#closeRecording();
    const { degradations, seen } = this.#capture;
    return {
      analysis,
      engine: this.#engine(),
      child: this.#childEnd,
      recording,
      watchedMs,
      addedMs,
      created: this.#created,
      degradations,
      seen,
    };
  }

  async #closeStreams(): Promise<void> {
    this.#created = (await this.#streams?.close()) ?? [];
  }

  async #closeRecording(): Promise<string | null> {
    const recording = this.#recording;
    if (recording === null) return null;
    this.#recording = null;
    const child =
      this.#childEnd === null ? null : { exitCode: this.#childEnd.exitCode, signal: this.#childEnd.signal };
    try {
      await recording.close({ degradations: this.#capture.degradations, child });
      return recording.folder;
    } catch {
      return null;
    }
  }

  async #added(kind: StoreKind): Promise<number | null> {
    const link = this.#links.find(({ store }) => store.kind === kind);
    return link === undefined ? null : addedLatency(link.store, childAddress(link.relay.endpoint));
  }

  #engine(): WatchResult['engine'] {
    const version = (kind: StoreKind) =>
      this.#links.find(({ store }) => store.kind === kind)?.version ?? null;
    return {
      redis: version('redis'),
      postgres: version('postgres'),
      emulated: this.#links.some((link) => link.emulated),
    };
  }

  /** Stops whatever still runs; safe to call at any time. */
  async stop(): Promise<void> {
    if (this.#ticker !== null) clearTimeout(this.#ticker);
    this.#ticker = null;
    await this.#child?.stop();
    await this.#otlp?.stop();
    await this.#http?.stop();
    await this.#log?.close();
    await this.#closeStreams();
    await Promise.allSettled(this.#links.map((link) => link.close()));
    await this.#closeRecording();
    await Promise.allSettled(this.#engines.map((engine) => engine.stop()));
  }
}

function place(store: Store, index: number, listen: Endpoint | null, prefix: string): LinkPlace {
  const name = store.name ?? (index === 0 ? null : String(index + 1));
  return {
    listen: index === 0 && listen !== null ? listen : { host: '127.0.0.1', port: 0 },
    prefix: name === null ? prefix : `${prefix}-${name}`,
    first: index === 0,
  };
}

/** Where the child reaches a relay: a wildcard address is reached over loopback. */
function childAddress(endpoint: Endpoint): { readonly host: string; readonly port: number } {
  if ('path' in endpoint) return { host: endpoint.path, port: 0 };
  const any = endpoint.host === '0.0.0.0' || endpoint.host === '::';
  return { host: any ? '127.0.0.1' : endpoint.host, port: endpoint.port };
}

/** `{port}` in the command's own words; other braces are the command's business. */
function expandKnown(word: string, values: Readonly<Record<string, string>>): string {
  return word.replace(/\{([a-z.]+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
