import { dialStore } from '../../../proxy/dial.ts';
import type { Gate, RedisReader } from '../contract.ts';
import { type GateOptions, openGate } from '../gate.ts';
import type { Command } from './command.ts';
import { RedisDialect } from './dialect.ts';

/** An error of no class that drivers treat in a way of their own (LOADING, READONLY, MOVED…). */
export const REDIS_FAULT = 'ERR the command failed';

export interface RedisGateOptions extends GateOptions<RedisReader> {
  /** Error reply of the fault `error`, without its dash; default {@link REDIS_FAULT}. */
  readonly errorText?: string;
}

/** Opens a gate in front of a Redis.
 *
 * @throws WhystaleError WSE301, WSE302 or WSE303 when it cannot listen. */
export function openRedisGate(options: RedisGateOptions): Promise<Gate> {
  const { target, tls, reader, errorText = REDIS_FAULT } = options;
  return openGate<Command, RedisReader>(options, {
    store: 'redis',
    opening: async (_client, { signal }) => ({ store: await dialStore(target, tls, signal) }),
    dialect: (line) => new RedisDialect(line, reader(line.session), { errorText }),
  });
}
