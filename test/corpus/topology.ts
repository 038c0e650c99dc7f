/** The stores that a case is recorded with. */
import { newPassword, type Server, startServer, startStandby } from '../support/topologies/postgres.ts';
import type { Recipe } from './case.ts';

export interface Topology {
  /** Flags of `whystale watch`. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** How far the standby is behind. */
const LAG = '250ms';

/** `plain`: the embedded engines of `watch` itself; `standby`: a primary and a standby that lags, at $DATABASE_REPLICA_URL. */
export async function topologyOf(topology: Recipe['topology']): Promise<Topology> {
  if (topology === 'plain') return { flags: [], env: {}, stop: async () => undefined };
  const password = newPassword();
  const rules = ['host all shop 127.0.0.1/32 scram-sha-256'];
  const primary = await startServer({ rules });
  try {
    await primary.sql(`CREATE ROLE shop LOGIN REPLICATION PASSWORD '${password}'`);
    await primary.sql('CREATE DATABASE shop OWNER shop');
    const standby = await startStandby(primary, { rules, delay: LAG });
    const url = ({ port }: Server) => `postgresql://shop:${password}@127.0.0.1:${port}/shop`;
    return {
      flags: [
        ...['--redis', 'embedded'],
        ...['--postgres', `primary=${url(primary)}`, '--postgres', `replica=${url(standby)}`],
      ],
      env: { DATABASE_URL: url(primary), DATABASE_REPLICA_URL: url(standby) },
      stop: async () => {
        await standby.stop();
        await primary.stop();
      },
    };
  } catch (error) {
    await primary.stop();
    throw error;
  }
}
