/** What a front end asks of the runner, and what it is told meanwhile. */
import type { Progress } from '../explore/contract.ts';
import type { Schedule } from '../explore/schedule.ts';
import type { Counterexample, RaceResult, RaceStep, ReplayResult, StrategyName } from '../result.ts';
import type { Scenario, Start } from '../scenario/contract.ts';
import type { World } from '../world/contract.ts';

export interface RaceRequest {
  /** With what the command line changes in it. */
  readonly scenario: Scenario;
  readonly strategy: StrategyName;
  /** For `random`, and for whatever else is drawn by lot. */
  readonly seed: number;
  /** Folder for schedule files, absolute; made when the first is written. */
  readonly schedules: string;
  /** Reset a database although it does not look like scratch. */
  readonly ownDatabase: boolean;
  /** What the service inherits. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of whystale. */
  readonly version: string;
  /** Called once before the first execution, with every gate open. What it throws ends the exploration. */
  readonly rehearse?: (world: World) => Promise<void>;
}

/** What is known so far, over all starts. */
export interface RaceProgress extends Progress {
  readonly start: Start;
  readonly elapsedMs: number;
}

export interface RaceEvents {
  /** What is being done before the first execution, and whatever must be said at once. */
  notice(text: string): void;
  /** A line that an instance of the service printed. */
  line(actor: string, stream: 'stdout' | 'stderr', text: string): void;
  /** After every execution. */
  progress(progress: RaceProgress): void;
  /** The first of a start, fault and cause, minimised or not. */
  counterexample(found: Pick<Counterexample, 'cause' | 'start' | 'fault'>): void;
}

/** Explores until done, until a limit, or until told to stop: then with what is known. Throws WhystaleErrors of the environment
 * only while nothing was explored. */
export type Explore = (request: RaceRequest, events: RaceEvents, signal: AbortSignal) => Promise<RaceResult>;

export interface ReplayRequest {
  readonly schedule: Schedule;
  /** Absolute path of the schedule. */
  readonly file: string;
  readonly scenario: Scenario;
  readonly times: number;
  /** Whether cached and database values are asked for after every step. */
  readonly values: boolean;
  readonly ownDatabase: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

export interface ReplayEvents {
  notice(text: string): void;
  line(actor: string, stream: 'stdout' | 'stderr', text: string): void;
  /** After each step has taken effect; the next is released when the promise is kept. */
  stepped(
    step: RaceStep,
    at: { readonly run: number; readonly step: number; readonly of: number },
  ): Promise<void>;
  /** After each run. */
  ran(outcome: ReplayResult['runs'][number], at: { readonly run: number; readonly of: number }): void;
}

export type Replay = (
  request: ReplayRequest,
  events: ReplayEvents,
  signal: AbortSignal,
) => Promise<ReplayResult>;
