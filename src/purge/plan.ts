/** The plan: which keys would go, how large they are and what that will cost. Looks only; nothing in the store is touched. */
import { createHmac, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { maskKey } from '../observe/payload/key.ts';
import { nameBytes, nameText } from '../observe/redis/key-names.ts';
import {
  PLAN_FORMAT,
  PURGE_LIMITS,
  type PurgeEvents,
  type PurgePlan,
  type Resolved,
  type Selection,
  type TtlFigures,
} from './contract.ts';
import { interrupted, tooManyKeys } from './errors.ts';
import { KeyList, makePlanFolder, writePlan } from './folder.ts';
import { Forecast, type Lineage } from './lineage.ts';
import { globOf, matcherOf } from './matcher.ts';

/** Keys that one SCAN call looks at. Each call holds the server up for well under a millisecond. */
const SCAN_COUNT = 500;
/** Keys of one pipeline of questions. */
const ASKED_AT_ONCE = 100;
/** Elements of a collection that MEMORY USAGE looks at. */
const SAMPLES = '5';

export interface PlanRequest {
  readonly selection: Selection;
  readonly resolved: Resolved;
  readonly lineage: Lineage | null;
  readonly store: string;
  readonly db: number;
  readonly cwd: string;
  readonly version: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** Names in texts as they may be shown: equal secrets stay equal within one run, and cannot be told from it. */
export function masker(): (name: string) => string {
  const secret = randomBytes(32);
  const digest = (text: string) =>
    `h:${createHmac('sha256', secret).update(text).digest('hex').slice(0, 12)}`;
  return (name) => maskKey(name, digest);
}

/** Names that match any of the templates, each once, by SCAN. Throws WSE793 when interrupted, WSE785 when there are too many. */
export async function* scanKeys(
  redis: Redis,
  templates: readonly string[],
  { signal, progress }: { readonly signal: AbortSignal; readonly progress?: (found: number) => void },
): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (const template of templates) {
    const matches = matcherOf(template);
    const glob = globOf(template, nameBytes);
    let cursor = '0';
    do {
      if (signal.aborted) throw interrupted();
      const reply = await redis.callBuffer('SCAN', cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT);
      const [next, found] = reply as readonly [Buffer, readonly Buffer[]];
      cursor = next.toString();
      for (const bytes of found) {
        const name = nameText(bytes, 0, bytes.length);
        if (seen.has(name) || !matches(name)) continue;
        if (seen.size >= PURGE_LIMITS.keys) throw tooManyKeys();
        seen.add(name);
        yield name;
      }
      progress?.(seen.size);
    } while (cursor !== '0');
  }
}

/** Of names given one by one, those that are there. */
async function present(redis: Redis, names: readonly string[]): Promise<readonly string[]> {
  const there: string[] = [];
  for (let at = 0; at < names.length; at += ASKED_AT_ONCE) {
    const some = names.slice(at, at + ASKED_AT_ONCE);
    const found = await Promise.all(some.map((name) => redis.exists(Buffer.from(nameBytes(name)))));
    there.push(...some.filter((_, i) => found[i] === 1));
  }
  return there;
}

/** Looks for the keys and writes the plan into a folder of its own. */
export async function makePlan(
  redis: Redis,
  request: PlanRequest,
  events: PurgeEvents = {},
): Promise<{ readonly folder: string; readonly plan: PurgePlan }> {
  const folder = makePlanFolder(request.cwd, request.now);
  try {
    return { folder, plan: await planInto(folder, redis, request, events) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function planInto(
  folder: string,
  redis: Redis,
  request: PlanRequest,
  events: PurgeEvents,
): Promise<PurgePlan> {
  const { resolved, lineage, db } = request;
  const single = await present(redis, resolved.keys);
  const already = new Set(single);
  const list = new KeyList(folder);
  const forecast = new Forecast(lineage, db);
  const sample: string[] = [];
  let keys = 0;
  const add = (name: string): void => {
    if (keys >= PURGE_LIMITS.keys) throw tooManyKeys();
    keys++;
    list.add(name);
    forecast.add(name);
    if (sample.length < PURGE_LIMITS.sampled) sample.push(name);
  };
  for (const name of single) add(name);
  const scanning = { signal: request.signal, progress: (found: number) => events.progress?.(found, 0) };
  for await (const name of scanKeys(redis, resolved.templates, scanning)) if (!already.has(name)) add(name);
  const keysDigest = list.close();
  const looked = await look(redis, sample);
  const mask = masker();
  const plan: PurgePlan = {
    format: PLAN_FORMAT,
    version: request.version,
    made: request.now.toISOString(),
    store: request.store,
    db,
    selection: request.selection,
    resolved: { templates: resolved.templates, keys: resolved.keys },
    keys,
    absent: resolved.keys.length - single.length,
    keysDigest,
    bytes: { total: estimate(looked, keys), sampled: looked.measured },
    ttl: { ...looked.ttl, sampled: looked.timed },
    expected: forecast.result(),
    sample: sample.slice(0, PURGE_LIMITS.shown).map(mask),
    notices: resolved.notices,
  };
  writePlan(folder, plan);
  return plan;
}

/** Counts what the plan's selection finds now, up to one more than it found then: more is not needed to refuse. */
export async function countNow(redis: Redis, plan: PurgePlan, signal: AbortSignal): Promise<number> {
  const single = await present(redis, plan.resolved.keys);
  const already = new Set(single);
  let keys = single.length;
  for await (const name of scanKeys(redis, plan.resolved.templates, { signal }))
    if (!already.has(name)) keys++;
  return keys;
}

interface Looked {
  readonly bytes: number;
  readonly measured: number;
  readonly ttl: TtlFigures;
  readonly timed: number;
}

/** Sizes and times to live of a sample. What this user may not ask stays unknown. */
async function look(redis: Redis, names: readonly string[]): Promise<Looked> {
  let bytes = 0;
  let measured = 0;
  const ttls: number[] = [];
  for (let at = 0; at < names.length; at += ASKED_AT_ONCE) {
    const some = names.slice(at, at + ASKED_AT_ONCE).map((name) => Buffer.from(nameBytes(name)));
    const answers = await Promise.all(
      some.map(async (name) => {
        const size: unknown = redis.call('MEMORY', 'USAGE', name, 'SAMPLES', SAMPLES).catch(() => null);
        const ttl = redis.pttl(name).catch(() => null);
        return [await size, await ttl] as const;
      }),
    );
    for (const [size, ttl] of answers) {
      if (typeof size === 'number') {
        bytes += size;
        measured++;
      }
      // -2: it is gone by now.
      if (ttl !== null && ttl !== -2) ttls.push(ttl);
    }
  }
  const bounded = ttls.filter((ttl) => ttl >= 0);
  const extreme = (of: (a: number, b: number) => number) =>
    bounded.length === 0 ? null : bounded.reduce(of);
  return {
    bytes,
    measured,
    ttl: {
      none: ttls.length - bounded.length,
      minMs: extreme((a, b) => Math.min(a, b)),
      maxMs: extreme((a, b) => Math.max(a, b)),
    },
    timed: ttls.length,
  };
}

function estimate({ bytes, measured }: Looked, keys: number): number | null {
  if (keys === 0) return 0;
  return measured === 0 ? null : Math.round((bytes / measured) * keys);
}
