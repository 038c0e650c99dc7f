/** What an exploration or a replay runs on, once it stands: see open-stage.ts for how it is set up. */
import type { World } from '../world/contract.ts';
import type { Answers } from './answers.ts';
import type { Witness } from './witness.ts';

export interface Stage {
  readonly world: World;
  readonly witness: Witness;
  readonly answers: Answers;
  /** Number of the Redis database that the service uses. */
  readonly database: number;
  /** Clock of the history, integer ns. */
  readonly clock: () => number;
  /** What was said once and belongs into the result. */
  readonly notices: readonly string[];
  /** Why not every ordering can be known to have been explored, whatever the strategy says. */
  readonly gaps: readonly string[];
  /** What was learned that changes the footprints of steps; an exploration in which it changes begins anew. */
  learned(): Promise<string>;
  close(): Promise<void>;
}
