/** The checks of a rehearsal. What was seen is told without the values themselves: they may be anybody's. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CheckSpec, Expectation } from '../case/contract.ts';
import { judgeOf } from '../measure/expected.ts';
import type { CheckResult } from './contract.ts';
import { askDatabase } from './database.ts';
import { type Answered, ask } from './staging.ts';
import { fillRequest, fillValue } from './unique.ts';

export const CHECK_LIMITS = {
  /** Between two reads that wait for a new value, ms. */
  pollMs: 50,
} as const;

export interface CheckTools {
  readonly base: string;
  readonly postgres: string | null;
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly unique: () => string;
  readonly mask: (text: string) => string;
  readonly signal: AbortSignal;
}

type Seen = Pick<CheckResult, 'outcome' | 'why'> & Partial<Pick<CheckResult, 'status' | 'freshAfterMs'>>;

export async function runChecks(
  checks: readonly CheckSpec[],
  tools: CheckTools,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) results.push(await runCheck(check, tools));
  return results;
}

async function runCheck(check: CheckSpec, tools: CheckTools): Promise<CheckResult> {
  const begin = performance.now();
  const seen = await look(check, tools);
  return {
    name: tools.mask(check.name),
    kind: check.kind,
    outcome: seen.outcome,
    why: seen.why === null ? null : tools.mask(seen.why),
    ranMs: Math.round(performance.now() - begin),
    status: seen.status ?? null,
    freshAfterMs: seen.freshAfterMs ?? null,
  };
}

function look(check: CheckSpec, tools: CheckTools): Promise<Seen> | Seen {
  if (tools.signal.aborted) return { outcome: 'undecided', why: 'it was interrupted' };
  if (check.kind === 'request') return lookRequest(check, tools);
  return check.kind === 'sql' ? lookSql(check, tools) : lookFreshness(check, tools);
}

const HELD: Seen = { outcome: 'held', why: null };

async function lookRequest(
  { request, expect }: Extract<CheckSpec, { readonly kind: 'request' }>,
  tools: CheckTools,
): Promise<Seen> {
  const unique = tools.unique();
  const expected = { ...expect, value: fillValue(expect.value, unique) };
  const { status, error } = await ask(fillRequest(request, unique), { ...tools, judge: judgeOf(expected) });
  if (error === null) return { ...HELD, status };
  return { ...undone(error, tools), status };
}

/** A failed look; one that was cut short decides nothing. */
function undone(why: string, { signal }: CheckTools): Seen {
  return signal.aborted ? { outcome: 'undecided', why: 'it was interrupted' } : { outcome: 'failed', why };
}

async function lookSql(
  { sql, value }: Extract<CheckSpec, { readonly kind: 'sql' }>,
  { postgres, env }: CheckTools,
): Promise<Seen> {
  if (postgres === null) return { outcome: 'environment', why: 'no database is named' };
  const answer = await askDatabase(postgres, sql, env);
  if ('failure' in answer) return { outcome: 'environment', why: answer.failure };
  if (answer.value === undefined && value !== null) return { outcome: 'failed', why: 'there is no row' };
  const got = typeof value === 'number' ? asNumber(answer.value) : answer.value;
  const body = JSON.stringify({ value: got ?? null });
  const wrong = judgeOf({ ...ANY, path: '$.value', value })(200, body);
  return wrong === null ? HELD : { outcome: 'failed', why: 'it gives another value' };
}

/** Exact numbers come as texts, with all their digits: `12.50` is 12.5. */
function asNumber(value: unknown): unknown {
  if (typeof value !== 'string' || value.trim() === '' || !Number.isFinite(Number(value))) return value;
  return Number(value);
}

const ANY: Expectation = { note: null, status: null, path: null, value: null };

type Freshness = Extract<CheckSpec, { readonly kind: 'freshness' }>;

/** Write, then read until the new value is seen. A value that was there before proves nothing. */
async function lookFreshness(check: Freshness, tools: CheckTools): Promise<Seen> {
  const unique = tools.unique();
  const value = fillValue(check.value, unique);
  const judge = judgeOf({ ...ANY, path: check.path, value });
  const read = () => ask(fillRequest(check.read, unique), { ...tools, judge });
  const before = await read();
  if (before.error === null)
    return {
      outcome: 'undecided',
      why: 'the value stood there before it was written: write {unique} into it',
      status: before.status,
    };
  const written = await ask(fillRequest(check.write, unique), { ...tools, judge: judgeOf(ANY) });
  if (written.error !== null)
    return { ...undone(`the write failed: ${written.error}`, tools), status: written.status };
  return untilFresh(check, read, tools);
}

async function untilFresh(
  { withinMs }: Freshness,
  read: () => Promise<Answered>,
  tools: CheckTools,
): Promise<Seen> {
  const begin = performance.now();
  for (;;) {
    const asked = performance.now() - begin;
    const { status, error } = await read();
    if (error === null) return { ...HELD, status, freshAfterMs: Math.round(asked) };
    if (asked >= withinMs || tools.signal.aborted)
      return {
        ...undone(`the new value was not seen ${Math.round(asked)} ms after the write: ${error}`, tools),
        status,
      };
    await delay(Math.min(CHECK_LIMITS.pollMs, Math.max(1, withinMs - asked)), undefined, {
      signal: tools.signal,
    }).catch(() => undefined);
  }
}
