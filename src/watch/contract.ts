/** What `watch` is asked for, what it tells while it runs, and what it gives at its end. */
import type { Analysis } from '../core/finding.ts';
import type { Endpoint } from '../proxy/endpoint.ts';
import type { ServerObject } from '../report/watch-summary.ts';
import type { Degradation } from './capture.ts';
import type { ChildEnd, ChildLine } from './child.ts';
import type { ChangedVariable } from './environment.ts';
import type { HttpRoute } from './http.ts';
import type { StoreKind } from './stores.ts';

export interface WatchRequest {
  /** null: attach. */
  readonly command: readonly [string, ...string[]] | null;
  /** `[NAME=]URL` or `embedded`; empty: the environment's, else embedded. */
  readonly redis: readonly string[];
  readonly postgres: readonly string[];
  readonly http: readonly HttpRoute[];
  /** One request at a time through the HTTP proxies: every operation's request is then certain. */
  readonly serialize: boolean;
  /** Adds `Cache-Status` and `Server-Timing` to responses. */
  readonly annotate: boolean;
  /** File for one JSON line per request; null: none. */
  readonly log: string | null;
  /** Where the OTLP/HTTP receiver listens; null: there is none. */
  readonly otlp: Endpoint | null;
  /** Whether to read the change stream where the server allows it. */
  readonly stream: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly templates: readonly (readonly [name: string, template: string])[];
  /** null: until the command ends or the signal comes. */
  readonly forMs: number | null;
  /** Folder of the recording; null records nothing. */
  readonly out: string | null;
  /** Whether the folder was asked for: then not being able to write there is an error, else it is only said. */
  readonly outAsked: boolean;
  readonly values: 'hashed' | 'plain';
  readonly listenRedis: Endpoint | null;
  readonly listenPostgres: Endpoint | null;
  readonly version: string;
  readonly stdin: 'ignore' | 'inherit';
}

/** What the stores are reached by, said once everything listens. */
export interface WatchStarted {
  readonly engines: readonly {
    readonly kind: StoreKind;
    readonly product: string;
    readonly version: string;
    readonly embedded: boolean;
    readonly emulated: boolean;
  }[];
  readonly changed: readonly ChangedVariable[];
  /** URLs through the proxies, with credentials as they were given. */
  readonly urls: { readonly redis: string; readonly postgres: string };
  readonly http: readonly { readonly listen: string; readonly target: string }[];
  /** Change streams that are read, one line each; empty when none is. */
  readonly streams: readonly string[];
  readonly values: Readonly<Record<string, string>>;
}

export interface WatchEvents {
  readonly notice: (text: string) => void;
  readonly line: (line: ChildLine) => void;
  readonly started: (started: WatchStarted) => void | Promise<void>;
  /** Called about once a second with what is known. */
  readonly tick: (analysis: Analysis) => void;
}

export interface WatchResult {
  readonly analysis: Analysis;
  readonly engine: {
    readonly redis: string | null;
    readonly postgres: string | null;
    readonly emulated: boolean;
  };
  readonly child: ChildEnd | null;
  readonly recording: string | null;
  readonly watchedMs: number;
  readonly addedMs: { readonly redis: number | null; readonly postgres: number | null };
  readonly created: readonly ServerObject[];
  readonly degradations: readonly Degradation[];
  readonly seen: { readonly cache: number; readonly source: number };
}
