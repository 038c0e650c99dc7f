/** The use cases: make a plan, carry one out, go on with one, take one back. */
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { WhystaleError } from '../errors.ts';
import { displayStore, type Store } from '../watch/stores.ts';
import { type ApplyRequest, applyPlan } from './apply.ts';
import {
  PURGE_FORMAT,
  type PurgeDocument,
  type PurgeEvents,
  type PurgePlan,
  type Selection,
  type UndoDocument,
} from './contract.ts';
import {
  badSelection,
  connectionLost,
  isOfServer,
  noPlan,
  otherStore,
  planGrown,
  wrongState,
} from './errors.ts';
import {
  folderOf,
  plansFolder,
  plansIn,
  readPlan,
  SNAPSHOT_FILE,
  stateOfPlan,
  takeFolder,
} from './folder.ts';
import { OldJournal } from './journal.ts';
import { type Lineage, lineageFor, type Sources } from './lineage.ts';
import { isTemplate } from './matcher.ts';
import { countNow, makePlan, masker } from './plan.ts';
import { resolveSelection } from './rows.ts';
import { addressOf, dbOf, openStore, refuseProduction } from './store.ts';
import { undoPurge } from './undo.ts';

/** What every use case is told. */
export interface Place {
  readonly store: Store;
  /** Database that was named apart from the URL; a plan that was shown has its own. */
  readonly db: number | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

export interface Applying {
  readonly rate: number;
  readonly production: boolean;
}

/** Makes a plan; nothing is touched. */
export async function planPurge(
  place: Place,
  selection: Selection,
  sources: Sources,
  events: PurgeEvents,
): Promise<PurgeDocument> {
  refuseEmpty(selection);
  const lineage = lineageFor(place.cwd, selection, sources);
  return withStore(place.store, async (redis) => {
    const made = await newPlan(redis, place, selection, { lineage, events });
    return {
      format: PURGE_FORMAT,
      state: 'planned',
      folder: made.folder,
      plan: shown(made.plan),
      result: null,
    };
  });
}

/**
 * Makes a plan and carries it out. Where a plan of the same selection was shown before and waits, the new one must not be
 * larger: WSE784.
 */
export async function purgeAtOnce(
  place: Place,
  selection: Selection,
  { sources, applying }: { readonly sources: Sources; readonly applying: Applying },
  events: PurgeEvents,
): Promise<PurgeDocument> {
  refuseEmpty(selection);
  const lineage = lineageFor(place.cwd, selection, sources);
  return withStore(place.store, async (redis) => {
    await refuseProduction(place.store, redis, { ...place, allowed: applying.production });
    const before = plansIn(place.cwd).find(
      ({ folder, plan }) =>
        stateOfPlan(folder) === 'waiting' && isFor(plan, place.store) && isSame(plan.selection, selection),
    );
    const made = await newPlan(redis, place, selection, { lineage, events });
    if (before !== undefined && made.plan.keys > before.plan.keys)
      throw planGrown(before.plan.keys, made.plan.keys, made.folder);
    return carryOut(redis, made, place, applying, events);
  });
}

/** Carries a plan out that was shown: the named one, else the newest that waits. */
export async function applyShown(
  place: Place,
  named: string | null,
  applying: Applying,
  events: PurgeEvents,
): Promise<PurgeDocument> {
  const folder = named === null ? newestWaiting(place) : folderOf(named);
  const plan = readPlan(folder);
  const store = storeOf(plan, place);
  const state = stateOfPlan(folder);
  if (state === 'undone') throw undone(folder);
  if (state === 'begun')
    throw wrongState(folder, 'it was begun already', `whystale purge --resume ${folder}`);
  return withStore(store, async (redis) => {
    await refuseProduction(store, redis, { ...place, allowed: applying.production });
    const now = await countNow(redis, plan, place.signal);
    if (now > plan.keys) {
      const resolved = { ...plan.resolved, notices: plan.notices };
      const fresh = await newPlan(redis, { ...place, store }, plan.selection, {
        lineage: null,
        events,
        resolved,
      });
      throw planGrown(plan.keys, fresh.plan.keys, fresh.folder);
    }
    return carryOut(redis, { folder, plan }, place, applying, events);
  });
}

/** Goes on where a purge ended, however it ended. */
export async function resumePurge(
  place: Place,
  named: string,
  applying: Applying,
  events: PurgeEvents,
): Promise<PurgeDocument> {
  const folder = folderOf(named);
  const plan = readPlan(folder);
  const store = storeOf(plan, place);
  const state = stateOfPlan(folder);
  if (state === 'undone') throw undone(folder);
  if (state === 'waiting')
    throw wrongState(folder, 'it was not begun yet', `whystale purge --apply ${folder}`);
  return withStore(store, async (redis) => {
    await refuseProduction(store, redis, { ...place, allowed: applying.production });
    return carryOut(redis, { folder, plan }, place, applying, events);
  });
}

/** Restores what a purge removed. */
export async function undo(
  place: Place,
  named: string,
  options: { readonly rate: number; readonly dryRun: boolean; readonly otherStore: boolean },
  events: PurgeEvents,
): Promise<UndoDocument> {
  const folder = folderOf(named);
  const plan = readPlan(folder);
  const store = options.otherStore
    ? { ...place.store, database: String(place.db ?? plan.db) }
    : storeOf(plan, place);
  if (stateOfPlan(folder) === 'waiting')
    throw wrongState(folder, 'nothing was removed by it', `whystale purge --apply ${folder}`);
  return withStore(store, (redis) =>
    inFolder(folder, () => undoPurge(redis, { folder, plan, ...options, signal: place.signal }, events)),
  );
}

async function withStore<T>(store: Store, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = await openStore(store);
  try {
    return await work(redis);
  } catch (error) {
    if (error instanceof WhystaleError || !isOfServer(error)) throw error;
    const next = 'Mend the connection or the rights of this user (whystale doctor), then run the same again.';
    throw connectionLost(addressOf(store), error, { next, touched: false });
  } finally {
    redis.disconnect();
  }
}

async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const giveBack = takeFolder(folder);
  try {
    return await work();
  } finally {
    giveBack();
  }
}

interface Made {
  readonly folder: string;
  readonly plan: PurgePlan;
}

function newPlan(
  redis: Redis,
  place: Place,
  selection: Selection,
  options: {
    readonly lineage: Lineage | null;
    readonly events: PurgeEvents;
    readonly resolved?: ReturnType<typeof resolveSelection>;
  },
): Promise<Made> {
  const { store, cwd, version, signal } = place;
  const { lineage, events } = options;
  const db = dbOf(store);
  const resolved = options.resolved ?? resolveSelection(selection, lineage, db);
  const about = { store: addressOf(store), db, cwd, version, now: place.now(), signal };
  return makePlan(redis, { selection, resolved, lineage, ...about }, events);
}

async function carryOut(
  redis: Redis,
  { folder, plan }: Made,
  { signal }: Place,
  { rate }: Applying,
  events: PurgeEvents,
): Promise<PurgeDocument> {
  const request: ApplyRequest = { folder, plan, rate, signal };
  const { finished, tally } = await inFolder(folder, () => applyPlan(redis, request, events));
  const state = finished ? 'done' : 'interrupted';
  return { format: PURGE_FORMAT, state, folder, plan: shown(plan), result: tally };
}

/** The plan as it may be printed: names that hold secrets are masked, also those that were typed. */
function shown(plan: PurgePlan): PurgePlan {
  const mask = masker();
  const { selection, resolved } = plan;
  return {
    ...plan,
    selection: { ...selection, keys: selection.keys.map(mask) },
    resolved: { ...resolved, keys: resolved.keys.map(mask) },
  };
}

/** The newest plan for this store that waits. One that ended on its way goes before those that were made earlier: WSE788. */
function newestWaiting({ cwd, store, db }: Place): string {
  const found = plansIn(cwd)
    .filter(({ plan }) => plan.store === addressOf(store) && (db ?? plan.db) === plan.db)
    .find(({ folder, plan }) => stateOfPlan(folder) === 'waiting' || isUnfinished(folder, plan));
  if (found === undefined)
    throw noPlan(plansFolder(cwd), `there is no plan for ${displayStore(store)} that waits to be applied`);
  const { folder } = found;
  if (stateOfPlan(folder) === 'waiting') return folder;
  throw wrongState(folder, 'it was begun and is not at its end', `whystale purge --resume ${folder}`);
}

function isUnfinished(folder: string, plan: PurgePlan): boolean {
  if (stateOfPlan(folder) !== 'begun') return false;
  const journal = new OldJournal(join(folder, SNAPSHOT_FILE));
  journal.close();
  return journal.state.next < plan.keys;
}

function isFor(plan: PurgePlan, store: Store): boolean {
  return plan.store === addressOf(store) && plan.db === dbOf(store);
}

/** The store in the plan's database. Throws WSE787 when the plan is about another. */
function storeOf(plan: PurgePlan, { store, db }: Place): Store {
  const meant = { ...store, database: String(db ?? plan.db) };
  if (!isFor(plan, meant))
    throw otherStore(`${plan.store}, database ${plan.db}`, `${addressOf(meant)}, database ${dbOf(meant)}`);
  return meant;
}

function isSame(a: Selection, b: Selection): boolean {
  const text = ({ templates, keys, rows }: Selection) =>
    JSON.stringify([templates, keys, rows].map((list) => [...new Set(list)].sort()));
  return text(a) === text(b);
}

function undone(folder: string) {
  return wrongState(folder, 'it was taken back', 'Make a new plan: whystale purge --template item:{id}');
}

/** Throws WSE780 for a selection that names nothing, or a pattern in place of a template. */
function refuseEmpty({ templates, keys, rows }: Selection): void {
  if (templates.length + keys.length + rows.length === 0)
    throw badSelection('Nothing was named to purge.', 'A template, a key or a row.');
  for (const template of templates)
    if (!isTemplate(template) && /[*?]/.test(template))
      throw badSelection(
        `"${template}" is a pattern, and no template.`,
        'A template says what varies by {id} or {hash}: item:{id}. A key that has this name: --key.',
      );
  for (const template of templates)
    if (/^(?:\{id\}|\{hash\})+$/.test(template))
      throw badSelection(`"${template}" is every key.`, 'A template with a text of its own.');
}
