/**
 * A case: one measured change to one route, in a folder that is fit for git. `case.yaml` is what a person wrote; the measured runs
 * lie beside it. This is the file with defaults filled in, short forms written out and `${VAR}` expanded. Plain data.
 */
import type { RequestSpec, Scenario, SetupSpec } from '../race/scenario/index.ts';

export const CASE_FILE = 'case.yaml';
export const RUNS_FOLDER = 'runs';
export const COMPARISONS_FOLDER = 'comparisons';
export const REHEARSALS_FOLDER = 'rehearsals';

/** Which kind of variable the one change turns. A comparison in which another kind differs too is refused. */
export const VARIABLE_KINDS = [
  'code',
  'dependency',
  'environment',
  'cache-policy',
  'redis',
  'postgres',
  'schema',
  'data',
  'runtime',
  'machine',
] as const;
export type VariableKind = (typeof VARIABLE_KINDS)[number];

export type CaseStatus = 'open' | 'closed';

/** What the answer must be for a request to count as answered rightly. */
export interface Expectation {
  /** In a person's words. */
  readonly note: string | null;
  /** Null: any status below 400. */
  readonly status: number | null;
  /** JSON path into the body, and the value that must stand there; null: not looked at. */
  readonly path: string | null;
  readonly value: unknown;
}

export interface ChangeSpec {
  readonly what: string | null;
  readonly kind: VariableKind | null;
  /** Git revisions of the two sides; null: not known yet. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface RollbackSpec {
  readonly command: readonly [string, ...string[]] | null;
  readonly note: string | null;
}

/** Where the case comes from: a finding of a recording. */
export interface CaseFinding {
  readonly id: string;
  readonly code: string;
  readonly template: string | null;
  readonly key: string | null;
  /** Absolute path of the recording; null: not kept. */
  readonly recording: string | null;
}

/** How the route is measured. */
export interface LoadSpec {
  /** Arrivals per second of the warm phase. */
  readonly rate: number;
  /** Length of the warm phase, seconds. */
  readonly seconds: number;
  /** Measured requests of the cold phase. */
  readonly cold: number;
  /** Requests that are sent and not counted, before the phases. */
  readonly warmup: number;
  /** A request without an answer after this is an error, ms. */
  readonly timeoutMs: number;
}

/** One line of the checklist: a command that is run and recorded, or a judgement that a person signs. */
export type ChecklistItem =
  | { readonly kind: 'command'; readonly step: string; readonly command: readonly [string, ...string[]] }
  | { readonly kind: 'judgement'; readonly step: string; readonly signed: Signature | null };

export interface Signature {
  readonly by: string;
  /** ISO 8601 date. */
  readonly at: string;
  readonly note: string | null;
}

type Words = readonly [string, ...string[]];

/** A command that changes what is deployed, and how long it may take, ms. */
export interface DeployCommand {
  readonly command: Words;
  readonly withinMs: number;
}

/** Where `NAME=VALUE` lines come from: a file, or what a command prints. */
export type ConfigSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'command'; readonly command: Words };

export interface ConfigSpec {
  readonly staging: ConfigSource;
  readonly production: ConfigSource;
  /** Names, with `*` for any characters: those that are compared; empty: all. */
  readonly names: readonly string[];
  /** Names that may differ, besides those of the case. */
  readonly allow: readonly string[];
}

export interface ReadySpec {
  /** Without path; null: the address of the rehearsal. */
  readonly url: string | null;
  readonly request: RequestSpec;
  readonly withinMs: number;
}

/** What must hold. In texts of requests, and in values, `{unique}` stands for a number that was never written before. */
export type CheckSpec =
  | {
      readonly kind: 'request';
      readonly name: string;
      readonly request: RequestSpec;
      readonly expect: Expectation;
    }
  /** First column of the first row. */
  | { readonly kind: 'sql'; readonly name: string; readonly sql: string; readonly value: unknown }
  /** What is written is read again within a bound. */
  | {
      readonly kind: 'freshness';
      readonly name: string;
      readonly write: RequestSpec;
      readonly read: RequestSpec;
      /** JSON path into the body of the read. */
      readonly path: string;
      readonly value: unknown;
      readonly withinMs: number;
    };

/** A short measurement after the deployment. Null: not judged. */
export interface FiguresSpec {
  /** Arrivals per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** The median may be this many times the baseline's. */
  readonly timesBaseline: number | null;
}

/** Staging as a rehearsal: deploy, look, take back, look again. */
export interface RehearseSpec {
  readonly config: ConfigSpec | null;
  readonly deploy: DeployCommand;
  readonly ready: ReadySpec;
  /** Base URL of what is deployed, without path. */
  readonly url: string;
  /** URL of the database that SQL checks ask. */
  readonly postgres: string | null;
  /** What tells the old behaviour. */
  readonly before: readonly CheckSpec[];
  readonly check: readonly CheckSpec[];
  readonly figures: FiguresSpec | null;
  readonly rollback: DeployCommand;
}

export interface Case {
  /** Absolute path of case.yaml. */
  readonly file: string;
  /** Its folder, absolute. */
  readonly folder: string;
  /** The folder's name. */
  readonly name: string;
  /** SHA-256 of the file's text, hex. */
  readonly digest: string;
  readonly title: string;
  readonly status: CaseStatus;
  readonly owner: string | null;
  /** `GET /items/{id}`. */
  readonly route: string | null;
  /** Where the user notices it. */
  readonly symptom: string | null;
  /** Expected input: the requests that are measured, in turn. */
  readonly requests: readonly RequestSpec[];
  readonly expected: Expectation;
  /** The statement that is slow, or the command that fails. */
  readonly slow: { readonly sql: string | null; readonly command: readonly [string, ...string[]] | null };
  readonly change: ChangeSpec;
  readonly rollback: RollbackSpec;
  readonly assumptions: readonly string[];
  readonly links: readonly string[];
  readonly finding: CaseFinding | null;
  /** Absolute path of a race scenario; null: none. */
  readonly race: string | null;
  /** How the service is run; null where `url` names one that runs. */
  readonly service: Scenario['service'] | null;
  /** Base URL of a service that runs already, without path; null where `service` says how to run it. */
  readonly url: string | null;
  /** `embedded` or a URL. */
  readonly stores: Scenario['stores'];
  /** Done once, before the service starts. */
  readonly setup: readonly SetupSpec[];
  /** Requests sent to the service before anything is measured. */
  readonly warmup: readonly RequestSpec[];
  readonly load: LoadSpec;
  readonly checklist: readonly ChecklistItem[];
  /** Variables (as the fingerprint names them) that may differ although they are not the change. */
  readonly allow: readonly string[];
  /** How it is rehearsed on staging; null: not said. */
  readonly rehearse: RehearseSpec | null;
}
