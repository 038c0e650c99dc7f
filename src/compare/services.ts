/** The services of both sides, each with its own stores. */
import { type MeasuredService, openMeasured } from '../measure/index.ts';
import type { Side } from './contract.ts';
import { sharedRedis } from './errors.ts';
import type { LaidOut } from './lay-out.ts';
import type { CompareEvents } from './request.ts';
import type { ScratchStores } from './stores.ts';

export type Services = Readonly<Record<Side, MeasuredService>>;

export interface Opening {
  readonly sides: LaidOut['sides'];
  /** Null: the services run already. */
  readonly scratch: ScratchStores | null;
  readonly random: () => number;
  readonly notice: (text: string, side: Side) => void;
  readonly line: CompareEvents['line'];
  readonly signal: AbortSignal;
}

/** Opens both services, or none. @throws WhystaleError those of openMeasured */
export async function openBoth(opening: Opening): Promise<Services> {
  const [before, after] = await Promise.allSettled([openOne('before', opening), openOne('after', opening)]);
  if (before.status === 'fulfilled' && after.status === 'fulfilled')
    return { before: before.value, after: after.value };
  for (const one of [before, after]) if (one.status === 'fulfilled') await one.value.close();
  throw before.status === 'rejected' ? before.reason : (after as PromiseRejectedResult).reason;
}

function openOne(
  side: Side,
  { sides, scratch, random, notice, line, signal }: Opening,
): Promise<MeasuredService> {
  const { measured, env } = sides[side];
  return openMeasured({
    measured: scratch === null ? measured : { ...measured, stores: scratch.stores[side] },
    env: scratch === null ? env : scratch.environment(side, env),
    random,
    notice: (text) => notice(text, side),
    line: (one) => line(side, one),
    signal,
  });
}

export async function closeBoth({ before, after }: Services): Promise<void> {
  await Promise.allSettled([before.close(), after.close()]);
}

/**
 * A service that does not use the number of its URL would share its keys with the other side.
 *
 * @throws WhystaleError WSE770
 */
export function assertOwnRedis(services: Services, { redisNumbers }: ScratchStores): void {
  if (redisNumbers === null) return;
  for (const side of ['before', 'after'] as const) {
    const foreign = services[side].keys().find(({ db }) => db !== redisNumbers[side]);
    if (foreign !== undefined) throw sharedRedis(String(redisNumbers[side]), foreign.db);
  }
}
