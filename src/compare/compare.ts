/** The use case `compare`: two sides of a case, laid out alike, told apart by their fingerprints, and measured in turn. */
import { compareFingerprints, type Fingerprint, takeFingerprint } from '../fingerprint/index.ts';
import type { Composer, MeasuredRun } from '../measure/index.ts';
import type { Comparison, Side } from './contract.ts';
import { type Comparability, comparability } from './differences.ts';
import { CONFIDENCE, CUT_OFF, documentOf, type Told } from './document.ts';
import { interruptedEarly, needsInstall } from './errors.ts';
import { judge, RESAMPLES } from './judge/index.ts';
import type { ComparisonFolder } from './kept.ts';
import { type LaidOut, layOut } from './lay-out.ts';
import { Notices } from './notices.ts';
import { outcomeOf, staleOnlyAfter } from './outcome.ts';
import { planOf } from './plan.ts';
import { raceBoth } from './races.ts';
import type { CompareEvents, CompareRequest, DrawComparison } from './request.ts';
import { composersOf, fingerprintsOf, unmeasuredRun, unseenNotices } from './runs.ts';
import { assertOwnRedis, closeBoth, type Opening, openBoth, type Services } from './services.ts';
import { type ScratchStores, scratchStores } from './stores.ts';
import { withTotals } from './totals.ts';
import { type Turns, takeTurns } from './turns.ts';

/** Of services that run already. */
const UNSEEN =
  ' Only times and statuses were measured, of two services of which it is not known what else differs.';

export interface Compared {
  readonly comparison: Comparison;
  /** What to allow to compare all the same; empty: nothing was refused. */
  readonly toAllow: readonly string[];
}

export type Labels = Readonly<Record<Side, string>>;

/**
 * Compares, and keeps the comparison. A signal or the end of a service cuts it short: the complete pairs are judged, and it says so.
 *
 * @throws WhystaleError before anything could be measured: those of the sides, their stores and services, WSE769 interrupted
 */
export async function compare(
  request: CompareRequest,
  events: CompareEvents,
  open: (labels: Labels) => ComparisonFolder,
  draw: DrawComparison,
  signal: AbortSignal,
): Promise<Compared> {
  const began = { at: new Date().toISOString(), ms: performance.now() };
  try {
    const laid = await layOut(request, events, signal);
    try {
      return await new Comparing({ request, events, laid, open, draw, signal, began }).run();
    } finally {
      laid.close();
    }
  } catch (error) {
    throw signal.aborted && !(error instanceof Error && error.name === 'WhystaleError')
      ? interruptedEarly(error)
      : error;
  }
}

interface Setting {
  readonly request: CompareRequest;
  readonly events: CompareEvents;
  readonly laid: LaidOut;
  readonly open: (labels: Labels) => ComparisonFolder;
  readonly draw: DrawComparison;
  readonly signal: AbortSignal;
  readonly began: { readonly at: string; readonly ms: number };
}

/** What is known once both sides are up. */
interface Ready {
  readonly folder: ComparisonFolder;
  readonly comparable: Comparability;
  readonly composers: Readonly<Record<Side, Composer>>;
}

class Comparing {
  readonly #setting: Setting;
  readonly #notices: Notices;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#notices = new Notices(setting.events.notice);
    for (const notice of setting.laid.notices) this.#notices.add(notice);
  }

  get #events(): CompareEvents {
    return { ...this.#setting.events, notice: (text) => this.#notices.add(text) };
  }

  async run(): Promise<Compared> {
    const { request, laid, signal } = this.#setting;
    const early = await this.#refusedEarly();
    if (early !== null) return early;
    await laid.provide({ ...this.#events, notice: (text, side) => this.#notices.add(text, side) }, signal);
    if (laid.kind === 'urls') return this.#measured(null);
    const scratch = await scratchStores(request.measured.stores, request.stores, request.env);
    try {
      for (const notice of scratch.notices) this.#notices.add(notice);
      return await this.#measured(scratch);
    } finally {
      await scratch.close();
    }
  }

  /**
   * Where what is installed does not fit a side, it would have to be installed first. A comparison that is refused for what its
   * files alone tell is refused before that.
   */
  async #refusedEarly(): Promise<Compared | null> {
    const { request, laid, open } = this.#setting;
    const { unfit } = laid;
    if (unfit === null || request.install !== null) return null;
    const [before, after] = await Promise.all([
      this.#fileFingerprint('before'),
      this.#fileFingerprint('after'),
    ]);
    const comparable = this.#compared(before, after);
    if (comparable.refusal === null || comparable.differences.length === 0)
      throw needsInstall(unfit.side, unfit.why);
    this.#notices.add('The stores were not looked at: what differs in the files is enough.');
    const folder = open(this.#labels);
    const runOf = (side: Side, fingerprint: Fingerprint) =>
      unmeasuredRun(
        this.#setting.request,
        side,
        this.#setting.began.at,
        fingerprint,
        comparable.refusal ?? '',
      );
    return this.#refused(folder, comparable, {
      before: runOf('before', before),
      after: runOf('after', after),
    });
  }

  #fileFingerprint(side: Side): Promise<Fingerprint> {
    const { request, laid, began } = this.#setting;
    const { measured, env } = laid.sides[side];
    return takeFingerprint({
      cwd: measured.service?.cwd ?? measured.folder,
      env: { ...env, ...measured.service?.env },
      inherited: [],
      redis: null,
      postgres: null,
      salt: request.salt,
      command: measured.service?.command ?? [],
      at: began.at,
    });
  }

  get #labels(): Labels {
    const { before, after } = this.#setting.laid.sides;
    return { before: before.label, after: after.label };
  }

  #compared(before: Fingerprint, after: Fingerprint): Comparability {
    const { request, laid } = this.#setting;
    return comparability(compareFingerprints(before, after), {
      declared: request.measured.change.kind,
      allowedByCase: request.measured.allow,
      allowedHere: request.allow,
      sides: laid.kind,
      setupOnly: laid.setupOnly,
    });
  }

  async #measured(scratch: ScratchStores | null): Promise<Compared> {
    const { request, laid, open, signal, began } = this.#setting;
    this.#events.progress({ doing: 'starting', side: null, turn: null, text: null });
    const services = await openBoth(this.#opening(scratch));
    try {
      const fingerprints = await fingerprintsOf(services, laid, request.salt, began.at, signal);
      const comparable = this.#compared(fingerprints.before, fingerprints.after);
      for (const notice of unseenNotices(fingerprints)) this.#notices.add(notice);
      const composers = composersOf(request, services, fingerprints, began);
      const folder = open(this.#labels);
      const begun = { before: composers.before.begun(), after: composers.after.begun() };
      if (comparable.refusal !== null) {
        const ended = { complete: false, ended: comparable.refusal };
        return this.#refused(folder, comparable, {
          before: { ...begun.before, ...ended },
          after: { ...begun.after, ...ended },
        });
      }
      folder.write(this.#document(comparable, begun, CUT_OFF));
      return await this.#whole({ folder, comparable, composers }, services, scratch);
    } finally {
      await closeBoth(services);
    }
  }

  #opening(scratch: ScratchStores | null): Opening {
    const { request, laid, events, signal } = this.#setting;
    const notice = (text: string, side: Side) => this.#notices.add(text, side);
    return { sides: laid.sides, scratch, random: request.random, notice, line: events.line, signal };
  }

  async #whole(ready: Ready, services: Services, scratch: ScratchStores | null): Promise<Compared> {
    const { request, laid, signal } = this.#setting;
    const { folder, comparable } = ready;
    for (const side of ['before', 'after'] as const) {
      this.#events.progress({ doing: 'learning', side, turn: null, text: null });
      await services[side].prepare();
    }
    if (scratch !== null) assertOwnRedis(services, scratch);
    const plan = planOf(request.load, request.rounds);
    const { progress } = this.#events;
    const turns = await takeTurns({ services, folders: folder.sides, plan, progress, signal });
    progress({ doing: 'finishing', side: null, turn: null, text: null });
    const stale = staleOnlyAfter(services.before.findings(), services.after.findings());
    const interrupted = signal.aborted;
    const sides = {
      before: await ready.composers.before.ended(turns.measured.before, interrupted),
      after: await ready.composers.after.ended(turns.measured.after, interrupted),
    };
    await closeBoth(services);
    const race = await raceBoth(request, laid, folder.path, this.#events, signal);
    const told = this.#told(turns, race, stale);
    const effects = withTotals(told.effects, sides);
    const comparison = this.#document(comparable, sides, {
      ...told,
      effects,
      race,
      blocks: turns.blocks.length,
    });
    folder.write(comparison);
    const samples = (side: Side) => turns.measured[side].flatMap((block) => block.samples);
    const drawings = this.#setting.draw(comparison, { before: samples('before'), after: samples('after') });
    for (const [name, text] of drawings) folder.file(name, text);
    return { comparison, toAllow: [] };
  }

  #told(
    turns: Turns,
    race: Comparison['race'],
    stale: readonly string[],
  ): Told & Pick<Comparison, 'effects'> {
    const { request, signal } = this.#setting;
    const changeKind = request.measured.change.kind;
    const options = { random: request.random, confidence: CONFIDENCE, resamples: RESAMPLES, changeKind };
    const judged = judge(turns.blocks, options);
    const cutBy = turns.cut ?? (signal.aborted ? 'It was interrupted.' : null);
    const cut = cutBy === null ? null : { why: cutBy, pairs: turns.pairs, of: request.rounds };
    const told = outcomeOf(judged, { race, stale, cut });
    const unseen = this.#setting.laid.kind === 'urls' ? UNSEEN : '';
    return {
      ...judged,
      ...told,
      because: `${told.because}${unseen}`,
      complete: cut === null,
      ended: cut?.why ?? null,
    };
  }

  #refused(
    folder: ComparisonFolder,
    comparable: Comparability,
    runs: Readonly<Record<Side, MeasuredRun>>,
  ): Compared {
    const because = comparable.refusal ?? '';
    const comparison = this.#document(comparable, runs, {
      ...CUT_OFF,
      because,
      ended: 'It was refused before anything was measured.',
    });
    folder.write(comparison);
    return { comparison, toAllow: comparable.toAllow };
  }

  #document(comparable: Comparability, runs: Readonly<Record<Side, MeasuredRun>>, told: Told): Comparison {
    const { request, laid, began } = this.#setting;
    const of = (side: Side) => ({ ...runs[side], source: laid.sides[side].source });
    const sides = { before: of('before'), after: of('after') };
    const { differences } = comparable;
    return documentOf(
      { case: request.measured.name, began, sides, differences, notices: this.#notices.list() },
      told,
    );
  }
}
