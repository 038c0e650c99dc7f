/** A service that is measured: what it is opened with, and what can be asked of it. */
import type { Case } from '../case/contract.ts';
import type { Finding } from '../core/finding.ts';
import type { ChildEnd, ChildLine } from '../watch/child.ts';
import type { Store } from '../watch/stores.ts';
import type { ColdKey, MeasuredRun, Phase, QueryFigures, Sample } from './contract.ts';
import type { RunningService } from './service-process.ts';
import type { Counts } from './traffic.ts';

export const MEASURE_LIMITS = {
  /** Requests in flight at most. */
  inFlight: 512,
  /** After this time without an operation what a lone request caused is over, and the longest that is waited for it, ms. */
  quietMs: 4,
  /** As `quietMs`, where it matters that keys are filled again: some services fill after they have answered. */
  lateQuietMs: 20,
  settleMs: 500,
  /** Statements whose plans are asked for. */
  plans: 5,
  /** Pause between two deliveries of samples, ms. */
  deliverMs: 250,
} as const;

export interface MeasureSetting {
  readonly measured: Case;
  readonly env: NodeJS.ProcessEnv;
  /** In [0, 1). */
  readonly random: () => number;
  readonly notice: (text: string) => void;
  readonly line: (line: ChildLine) => void;
  /** Ends what is under way; what was measured until then is given. */
  readonly signal: AbortSignal;
}

/** Requests of one phase that were sent in a row, and what the stores were asked meanwhile. */
export interface MeasuredBlock {
  readonly phase: Phase;
  readonly samples: readonly Sample[];
  /** Over all store operations between the block's borders; null: the stores were not watched. */
  readonly totals: Counts | null;
}

export interface WarmPlan {
  readonly rate: number;
  readonly seconds: number;
  readonly arrivals: 'constant' | 'poisson';
}

/** Called with samples as they become final. */
export type OnSamples = (samples: readonly Sample[]) => void;

export interface MeasuredService {
  readonly engine: MeasuredRun['engine'];
  /** Past the relays; null where the service runs already. */
  readonly stores: { readonly redis: Store | null; readonly postgres: Store | null };
  /** The service's process; null where it runs already. */
  readonly process: Pick<RunningService, 'pid' | 'port' | 'env' | 'inherited'> | null;
  /** Proxies that stand in for the stores in the service's environment. */
  readonly proxies: readonly {
    readonly kind: 'redis' | 'postgres';
    readonly host: string;
    readonly port: number;
  }[];
  readonly notices: readonly string[];
  /** How the service ended by itself; null while it runs. */
  readonly died: ChildEnd | null;
  /** Whether nothing more can be measured: it was asked to end, or the service died. */
  readonly stopped: boolean;
  /** Warms up, and learns which keys make each request cold. */
  prepare(): Promise<void>;
  /** Sends requests one at a time, each after its keys were removed. */
  runCold(count: number, onSamples?: OnSamples): Promise<MeasuredBlock>;
  /** Sends requests at a rate, whether or not earlier ones were answered; before that each once, uncounted. */
  runWarm(plan: WarmPlan, onSamples?: OnSamples): Promise<MeasuredBlock>;
  keys(): readonly ColdKey[];
  /** Statements of all blocks. @param plans ask for the plans of the slowest that read. */
  queries(requests: number, plans: boolean): Promise<readonly QueryFigures[]>;
  findings(): readonly Finding[];
  close(): Promise<void>;
}
