/** Operations around the stores: HTTP requests, spans of an instrumented service, lines that it printed, and what its
 * connections showed of the libraries behind them. */
import type { Digest, OperationBase, Payload } from './operation.ts';

/** An HTTP request seen by the reverse proxy or made by whystale's own traffic. */
export interface HttpRequest extends OperationBase {
  readonly tier: 'http';
  readonly kind: 'request';
  readonly method: string;
  /** Path without query, secrets masked. */
  readonly path: string;
  /** Digests of the path's segments, so that they can be compared with parameters. */
  readonly parts?: readonly Digest[];
  /** What else the request asks by: values of its query (`?lang`) and of header fields that may name a tenant, a user or a
   * language (`header:x-tenant`). */
  readonly asked?: readonly (readonly [place: string, value: Digest])[];
  /** HTTP status; null when none arrived. */
  readonly code: number | null;
  /** Response body bytes. */
  readonly size: number;
  /** Digest of the whole body, of JSON that a GET was answered with (2xx). */
  readonly body?: Digest;
  /** What could be read in that body: its scalars with their places. Present where the body differs from those told lately
   * (served/bodies.ts). */
  readonly payload?: Payload;
  /** As of every operation; here it names the request itself: 1, 2, 3… over all proxies of the recording. */
  readonly request?: number;
  /** Trace that the request carried in (`traceparent`, W3C Trace Context), 32 hex digits. */
  readonly trace?: string;
  /** Present when caches that users share may store the response and answer other users with it. */
  readonly shared?: SharedResponse;
}

/** What lets shared caches answer other users with a response (RFC 9111); told from header fields at capture. */
export interface SharedResponse {
  /** `explicit`: by `public`, `s-maxage`, or what section 3.5 takes for such; `default`: nothing forbids it. */
  readonly by: 'explicit' | 'default';
  /** How the request said who asks. */
  readonly credentials: 'authorization' | 'cookie' | 'none';
  /** The response hands out a session cookie. */
  readonly setsSession?: boolean;
}

/**
 * A span of an instrumented service, received over OTLP. Its stamps are the service's wall clock put on the history's
 * clock, so they are exact only to the clocks' difference; `return` is the end of the span. Spans arrive late: after the
 * operations that they enclose.
 */
export interface TraceSpan extends OperationBase {
  readonly tier: 'client';
  readonly kind: 'span';
  /** 32 hex digits. */
  readonly trace: string;
  /** 16 hex digits. */
  readonly span: string;
  readonly parent: string | null;
  readonly name: string;
  readonly role: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** `service.name` of the resource. */
  readonly service: string | null;
  /** Of an HTTP server span: method, `http.route` as the framework knows it, path (secrets masked), status. */
  readonly method?: string;
  readonly route?: string;
  readonly path?: string;
  readonly code?: number;
  /** Of a database client span: `redis`, `postgresql`, … as the span says. */
  readonly system?: string;
  /** Of a database client span: the command's name in upper case, or the statement as a shape. */
  readonly statement?: string;
  /** The server's port that the span names. */
  readonly port?: number;
}

/** A line that the watched service printed. `invoke` equals `return`. */
export interface LogLine extends OperationBase {
  readonly tier: 'client';
  readonly kind: 'log';
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/**
 * What a connection showed of the library behind it, so that a remedy can be written for that library (see core/drivers).
 * `session` is the connection; `invoke` equals `return`. Written when the connection is first used for data, and again,
 * whole, when more is known.
 */
export interface ClientSession extends OperationBase {
  readonly tier: 'client';
  readonly kind: 'session';
  readonly store: 'redis' | 'postgres';
  /** Signs by name, e.g. `lib-name` `redis-py`, `case` `lower`, `startup` `user database client_encoding`. Never values of
   * the service. */
  readonly signs: readonly (readonly [sign: string, value: string])[];
}
