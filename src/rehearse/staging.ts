/** Where staging answers: requests sent to it one at a time, over HTTP or TLS. */
import { type LoadPlan, runLoad } from '../load/index.ts';
import type { RequestSpec } from '../race/scenario/index.ts';

/** Requests alone are due at once. */
const AT_ONCE = 1_000;

export type Judge = LoadPlan['judge'];

export interface Answered {
  /** Null: no answer. */
  readonly status: number | null;
  /** What is wrong; null: nothing. */
  readonly error: string | null;
}

export interface AskOptions {
  readonly base: string;
  readonly timeoutMs: number;
  readonly judge: Judge;
  readonly signal: AbortSignal;
}

export type Address = Pick<LoadPlan, 'host' | 'port' | 'tls'>;

/** @param base `https://staging.example.org` */
export function addressOf(base: string): Address {
  const { protocol, hostname, port } = new URL(base);
  const tls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: port === '' ? (tls ? 443 : 80) : Number(port), tls };
}

/** Asks once. Rejects for a request that HTTP cannot carry (WSE720). */
export async function ask(
  request: RequestSpec,
  { base, timeoutMs, judge, signal }: AskOptions,
): Promise<Answered> {
  const plan: LoadPlan = {
    ...addressOf(base),
    requests: [request],
    rate: AT_ONCE,
    count: 1,
    arrivals: 'constant',
    timeoutMs,
    inFlight: 1,
    judge,
  };
  const [shot] = await runLoad(plan, { clock: clockNs, random: Math.random, signal });
  return { status: shot?.status ?? null, error: shot === undefined ? 'it was interrupted' : shot.error };
}

/** Monotonic, integer ns. */
export function clockNs(): number {
  return Math.round(performance.now() * 1e6);
}
