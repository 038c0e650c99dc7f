/** What simulated actors send, as plain data. */
import type { FaultKind } from '../../../src/race/explore/contract.ts';

/** One message of an actor. Values are numbers; `null` is absent. `local` is the actor's one variable. */
export type Message =
  /** Reads a cache key into local; on a hit the next `skip` messages are left out. */
  | { readonly do: 'get'; readonly key: string; readonly skip: number }
  /** Writes local, or a constant, to a cache key. */
  | { readonly do: 'set'; readonly key: string; readonly value: number | null }
  | { readonly do: 'del'; readonly key: string }
  /** Reads the committed row into local. */
  | { readonly do: 'select'; readonly row: string }
  /** Takes the row's lock, waiting where it must, and writes `value` plus what `from` held when the message arrived. */
  | { readonly do: 'update'; readonly row: string; readonly value: number; readonly from: string | null }
  | { readonly do: 'commit' }
  /** Takes the row's lock, waiting where it must, and at once changes the row and another (a trigger), for all to see. */
  | { readonly do: 'statement'; readonly row: string; readonly also: string; readonly value: number }
  /** Is sent only once the key was written: a message that another actor's write brings about. */
  | { readonly do: 'pushed'; readonly key: string }
  /** Several cache writes in flight at once. */
  | { readonly do: 'together'; readonly keys: readonly string[] };

export type Locking = Extract<Message, { do: 'update' | 'statement' }>;

export interface Program {
  readonly actors: Readonly<Record<string, readonly Message[]>>;
  /** Faults of an actor's own steps. */
  readonly faults: readonly FaultKind[];
  /** Keys that may expire. */
  readonly expiring: readonly string[];
}
