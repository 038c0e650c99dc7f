import { joinChannels } from '../../../proxy/connection.ts';
import { prefaceStep } from '../../../proxy/postgres-preface.ts';
import { postgresOpening } from '../../../proxy/postgres-relay.ts';
import type { Gate, PostgresReader } from '../contract.ts';
import { type GateOptions, openGate } from '../gate.ts';
import { PostgresDialect } from './dialect.ts';
import { POSTGRES_FAULT, type PostgresFault } from './fault.ts';
import type { Unit } from './unit.ts';

export interface PostgresGateOptions extends GateOptions<PostgresReader> {
  /** What the fault `error` gives; default {@link POSTGRES_FAULT}. */
  readonly fault?: PostgresFault;
}

/** Opens a gate in front of a PostgreSQL server.
 *
 * @throws WhystaleError WSE301, WSE302 or WSE303 when it cannot listen. */
export function openPostgresGate(options: PostgresGateOptions): Promise<Gate> {
  const { reader, clock, fault = POSTGRES_FAULT } = options;
  return openGate<Unit, PostgresReader>(options, {
    store: 'postgres',
    opening: postgresOpening(options),
    dialect: (line) => new PostgresDialect(line, reader(line.session), fault),
    aside: ({ client, store, observer, early, onClosed }) => {
      const first = early.client?.bytes;
      if (first === undefined || prefaceStep(first).kind !== 'cancel') return false;
      joinChannels(client, store, observer, clock, early, onClosed);
      return true;
    },
  });
}
