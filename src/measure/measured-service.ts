/**
 * A service that is measured: its stores, itself behind the relays, and the blocks of requests that are sent to it. A baseline runs
 * one cold and one warm block; a comparison opens two of these and takes their blocks in turn.
 */
import type { Finding } from '../core/finding.ts';
import type { RequestSpec } from '../race/scenario/index.ts';
import { Capture } from '../watch/capture.ts';
import type { ChildEnd, ChildLine } from '../watch/child.ts';
import type { Link } from '../watch/links.ts';
import { ColdKeys } from './cold-keys.ts';
import type { ColdKey, MeasuredRun, QueryFigures, Sample } from './contract.ts';
import { badUrl, nothingToMeasure } from './errors.ts';
import { KeptNames } from './kept-names.ts';
import { type KeyHand, openKeyHand } from './key-hand.ts';
import { Learner } from './learner.ts';
import { KeyLineage } from './lineage.ts';
import {
  MEASURE_LIMITS,
  type MeasuredBlock,
  type MeasuredService,
  type MeasureSetting,
  type OnSamples,
  type WarmPlan,
} from './measured-contract.ts';
import { explained } from './plans.ts';
import { Queries } from './queries.ts';
import { Sender, type Target } from './sender.ts';
import { type RunningService, startService } from './service-process.ts';
import { Shots } from './shots.ts';
import { linkStores, type OpenStores, openStores, setUp } from './stores.ts';
import { Tally, Traffic } from './traffic.ts';

/** Starts all that is needed; what was started is ended when it fails.
 *
 * @throws WhystaleError WSE730 to WSE732, WSE736; those of engines, stores, set-up steps */
export async function openMeasured(setting: MeasureSetting): Promise<MeasuredService> {
  const { measured } = setting;
  const [first, ...rest] = measured.requests;
  if (first === undefined)
    throw nothingToMeasure(measured.file, 'names no request', 'Add input: [GET /items/1] to the case.');
  const service = new Measured(setting);
  try {
    await service.open([first, ...rest]);
    return service;
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** What begins once it is known where the requests go. */
interface Opened {
  readonly sender: Sender;
  readonly shots: Shots;
  /** Null: the service runs already. */
  readonly started: {
    readonly service: RunningService;
    readonly hand: KeyHand;
    readonly learner: Learner;
  } | null;
}

class Measured implements MeasuredService {
  readonly notices: string[] = [];
  died: ChildEnd | null = null;
  readonly #setting: MeasureSetting;
  readonly #capture: Capture;
  readonly #names = new KeptNames();
  readonly #lineage = new KeyLineage();
  readonly #queries = new Queries((digest) => this.#names.text(digest));
  readonly #keys = new ColdKeys((db, key) => this.#lineage.of(db, key));
  readonly #traffic: Traffic;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  #stores: OpenStores | null = null;
  #links: readonly Link[] = [];
  #service: RunningService | null = null;
  #hand: KeyHand | null = null;
  #opened: Opened | null = null;
  #closing: Promise<void> | null = null;
  /** Redis did not let keys be removed. */
  #refused = false;

  constructor(setting: MeasureSetting) {
    this.#setting = setting;
    const begin = performance.now();
    const clock = () => Math.round((performance.now() - begin) * 1e6);
    this.#capture = new Capture(clock, (text) => this.#notice(text), this.#lineage);
    const counts = (db: number, key: string) => this.#keys.counts(db, key);
    this.#traffic = new Traffic({ queries: this.#queries, now: clock, counts });
    this.#capture.record({ append: (op) => this.#traffic.take(op), reveal: () => undefined }, false);
    this.#signal = AbortSignal.any([setting.signal, this.#ending.signal]);
  }

  /** Whether the stores are seen. A service that asks neither of them has them from elsewhere. */
  get #watched(): boolean {
    return this.#traffic.seen > 0;
  }

  #notice(text: string): void {
    if (this.notices.includes(text)) return;
    this.notices.push(text);
    this.#setting.notice(text);
  }

  get engine(): MeasuredRun['engine'] {
    const version = (kind: string) => this.#links.find(({ store }) => store.kind === kind)?.version ?? null;
    const emulated = this.#links.some((link) => link.emulated);
    return { redis: version('redis'), postgres: version('postgres'), emulated };
  }

  get stores() {
    return { redis: this.#stores?.redis ?? null, postgres: this.#stores?.postgres ?? null };
  }

  get process() {
    return this.#service;
  }

  get proxies() {
    return this.#links.flatMap(({ store: { kind }, relay: { endpoint } }) =>
      'path' in endpoint ? [] : [{ kind, ...endpoint }],
    );
  }

  get stopped(): boolean {
    return this.#signal.aborted;
  }

  async open(requests: Target['requests']): Promise<void> {
    const { url, service, file } = this.#setting.measured;
    if (url !== null) {
      this.#opened = { ...this.#sending({ ...targetOf(url), requests }), started: null };
      this.#notice(
        'The service runs already, so its stores are not seen: only times and statuses are measured, and nothing is made cold. Let the case start it (service) to measure more.',
      );
    } else if (service === null) {
      const what = 'says neither how the service is run nor where it runs';
      throw nothingToMeasure(file, what, 'Add service (command, ready) or url to the case.');
    } else {
      await this.#start(service, requests);
    }
  }

  async #start(service: NonNullable<MeasureSetting['measured']['service']>, requests: Target['requests']) {
    const { measured, env, signal } = this.#setting;
    const { clock, context } = this.#capture;
    const notice = (text: string) => this.#notice(text);
    this.#stores = await openStores(measured, env);
    signal.throwIfAborted();
    await setUp(measured, measured.setup, this.#stores, { env, clock, notice, signal });
    const seen = this.#names.around(context);
    this.#links = await linkStores(this.#stores, { context: seen, clock, env, notice });
    this.#capture.stores = this.#links.map(({ protection }) => protection);
    const stores = this.#links.flatMap(({ store, relay: { endpoint } }) =>
      'path' in endpoint ? [] : [{ store, proxy: endpoint }],
    );
    const line = (one: ChildLine) => {
      this.#setting.line(one);
      this.#capture.log(one);
    };
    const running = await startService({ service, stores, env, clock, line, signal });
    this.#service = running;
    void running.ended.then((end) => this.#ended(end));
    const [first, ...rest] = requests;
    const own: Target['requests'] = [running.expand(first), ...rest.map(running.expand)];
    const sending = this.#sending({ host: running.host, port: running.port, tls: false, requests: own });
    const hand = openKeyHand(this.#stores.redis, (shown) => this.#names.real(shown));
    this.#hand = hand;
    const learner = new Learner({
      keys: this.#keys,
      hand,
      requests: own.length,
      serve: (request) => sending.sender.serve(request, null, MEASURE_LIMITS.lateQuietMs),
      stopped: () => this.stopped,
    });
    this.#opened = { ...sending, started: { service: running, hand, learner } };
  }

  #sending(target: Target): Pick<Opened, 'sender' | 'shots'> {
    const { measured, random, signal } = this.#setting;
    const shots = new Shots({
      capture: this.#capture,
      traffic: this.#traffic,
      requests: target.requests,
      watched: () => this.#watched,
      interrupted: () => signal.aborted,
    });
    const sender = new Sender({
      target,
      measured,
      capture: this.#capture,
      traffic: this.#traffic,
      keys: this.#keys,
      shots,
      random,
      signal: this.#signal,
      unanswered: () => this.#look(),
    });
    return { sender, shots };
  }

  get #ready(): Opened {
    if (this.#opened === null) throw new Error('the service is not open');
    return this.#opened;
  }

  #ended(end: ChildEnd): void {
    if (this.#closing !== null) return;
    this.died = end;
    this.#ending.abort();
  }

  /** Notices an end that the system has not told us of yet. */
  async #look(): Promise<void> {
    const service = this.#service;
    if (service === null || this.#closing !== null || service.isAlive()) return;
    this.#ending.abort();
    this.#ended(await service.ended);
  }

  async prepare(): Promise<void> {
    const { sender, started } = this.#ready;
    const { warmup, load } = this.#setting.measured;
    for (const request of warmup) await this.#warm(started?.service.expand(request) ?? request);
    for (let i = 0; i < load.warmup && !this.stopped; i++)
      await sender.serve(i % sender.requests.length, null);
    if (started === null) return;
    await started.learner.learn().catch((error: unknown) => this.#lost(error));
    await this.#look();
    if (this.stopped) return;
    if (!this.#watched)
      this.#notice(
        'The service asked neither store through the relays: it may not take REDIS_URL and DATABASE_URL. Write its variables in service.env.',
      );
    if (this.#keys.full) this.#notice('The requests read more keys than are remembered; the first ones are.');
  }

  /** Redis did not do what it was asked past the relays. What was measured until then stays. */
  #lost(error: unknown): void {
    this.#refused = true;
    this.#notice(
      `Redis refused what makes requests cold: ${(error as Error).message}. No further request was made cold.`,
    );
  }

  async #warm(request: RequestSpec): Promise<void> {
    if (this.stopped) return;
    const status = await this.#ready.sender.ask(request);
    const name = `${request.method} ${request.path}`;
    if (status === null) this.#notice(`Warming up: ${name} was not answered.`);
    else if (status >= 500) this.#notice(`Warming up: ${name} was answered ${status}.`);
  }

  async runCold(count: number, onSamples: OnSamples = () => undefined): Promise<MeasuredBlock> {
    const { sender, shots, started } = this.#ready;
    const samples: Sample[] = [];
    const tally = new Tally();
    const able = () => sender.requests.flatMap((_, i) => (this.#keys.caches(i).length > 0 ? [i] : []));
    for (let i = 0; i < count && started !== null && !this.stopped; i++) {
      const those = able();
      const request = those[i % those.length];
      if (request === undefined) break;
      try {
        await started.hand.remove(this.#keys.caches(request));
        const { status } = await sender.serve(request, tally, MEASURE_LIMITS.lateQuietMs);
        const made = shots.drain(true);
        samples.push(...made);
        onSamples(made);
        if (status !== null) await started.learner.tryUnknown(request, status);
      } catch (error) {
        this.#lost(error);
        break;
      }
    }
    if (count > 0 && samples.length === 0 && started !== null && !this.stopped && !this.#refused)
      this.#notice(
        'No key was found that may be removed to make the requests cold, so the cold phase is left out.',
      );
    return { phase: 'cold', samples, totals: this.#watched ? tally : null };
  }

  async runWarm(plan: WarmPlan, onSamples: OnSamples = () => undefined): Promise<MeasuredBlock> {
    const { sender, shots } = this.#ready;
    const samples: Sample[] = [];
    const tally = new Tally();
    const deliver = (all: boolean): void => {
      const made = shots.drain(all);
      samples.push(...made);
      if (made.length > 0) onSamples(made);
    };
    for (let i = 0; i < sender.requests.length && !this.stopped; i++) await sender.serve(i, null);
    if (this.stopped) return { phase: 'warm', samples, totals: null };
    const timer = setInterval(() => deliver(false), MEASURE_LIMITS.deliverMs);
    try {
      const late = await sender.load(plan, tally);
      if (late !== null) this.#notice(late);
    } finally {
      clearInterval(timer);
    }
    await this.#look();
    deliver(true);
    return { phase: 'warm', samples, totals: this.#watched ? tally : null };
  }

  keys(): readonly ColdKey[] {
    return this.#keys.list();
  }

  async queries(requests: number, plans: boolean): Promise<readonly QueryFigures[]> {
    if (this.#queries.full) this.#notice('More different statements were sent than are told apart.');
    const asked = plans && this.#stores !== null ? this.#queries.slowest(MEASURE_LIMITS.plans) : [];
    const notice = (text: string) => this.#notice(text);
    const texts =
      this.#stores === null
        ? new Map()
        : await explained(asked, this.#stores.postgres, notice).catch((error: unknown) => {
            notice(`No plan could be had: ${(error as Error).message}.`);
            return new Map<string, string>();
          });
    return this.#queries.figures(requests, texts);
  }

  findings(): readonly Finding[] {
    this.#capture.flush();
    return this.#capture.analysis().findings;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#service?.stop();
    await Promise.allSettled(this.#links.map((link) => link.close()));
    await this.#hand?.close();
    await this.#stores?.close();
  }
}

/** Where a service runs already. */
function targetOf(url: string): Omit<Target, 'requests'> {
  if (!URL.canParse(url)) throw badUrl(url);
  const { protocol, hostname, port, pathname, search } = new URL(url);
  if (!/^https?:$/.test(protocol) || !['', '/'].includes(pathname) || search !== '') throw badUrl(url);
  const tls = protocol === 'https:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (tls ? 443 : 80) : Number(port), tls };
}
