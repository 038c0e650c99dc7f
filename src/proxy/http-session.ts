/** What the parts of the HTTP reverse proxy share: how requests are reported, and what belongs to a client connection. */
import type http from 'node:http';
import type net from 'node:net';
import type { Asked } from './http-asked.ts';
import type { Credentials } from './http-credentials.ts';

/** Longest head of a request or response; services set smaller bounds of their own. */
export const MAX_HEAD_BYTES = 1 << 20;

/** A request that has arrived and is about to be forwarded. */
export interface HttpStart {
  /** 1, 2, 3… in order of arrival. */
  readonly id: number;
  /** The client connection, `http:1`, `http:2`… */
  readonly session: string;
  readonly method: string;
  /** Path as sent, without the query. */
  readonly path: string;
  /** Trace id of the `traceparent` header; null when there is none or it is invalid. */
  readonly trace: string | null;
  /** What it asks by besides its path: query, header fields that may name a tenant or a language. */
  readonly asked: Asked;
  /** How the request says who asks. */
  readonly credentials: Credentials;
  /** Clock reading before it was forwarded; time spent in a a queue (http-queue.ts) is not counted. */
  readonly invoke: number;
}

/** How a request ended. */
export interface HttpEnd {
  /** Status of the service's response; null when none arrived. */
  readonly code: number | null;
  /** Bytes of the response body that arrived. */
  readonly size: number;
  /** Clock reading after the last byte of the response arrived; for an upgrade, after its status. Null when the
   * response never ended. */
  readonly return: number | null;
  /** Why there is no whole response: the service cannot be reached, it broke off, or the client did. */
  readonly failure: 'unreachable' | 'service' | 'client' | null;
  /** The whole body as sent, where the watcher wanted it and it was no longer than that. */
  readonly body?: Buffer;
}

/** Headers as they stand on the wire: name, value, name, value… */
export type RawHeaders = readonly string[];

/** Told what becomes of one request. Must not throw; if it does, the request passes as if it were not watched. */
export interface RequestWatcher {
  /** The service's response is about to pass; gives the headers that pass. Not asked for interim responses and upgrades. */
  readonly head?: ((headers: RawHeaders) => RawHeaders) | undefined;
  /** The head has passed: up to how many bytes of the body a copy is wanted; 0 for none. Asked once, after `head`. */
  readonly keep?: ((code: number, headers: RawHeaders) => number) | undefined;
  /** After an upgrade: the client sent something through the tunnel. */
  readonly tunnelled?: (() => void) | undefined;
  /** The request is over; called once. */
  readonly end: (end: HttpEnd) => void;
}

/** Told of each request. Must not throw; if it does, requests pass unreported. */
export type OnRequest = (start: HttpStart) => RequestWatcher | undefined;

/** What belongs to one client connection. */
export interface HttpSession {
  readonly name: string;
  readonly client: net.Socket;
  /** Holds the one connection to the service. */
  readonly agent: http.Agent;
  /** Requests in progress or waiting for their turn. */
  active: number;
  /** Called when the client connection is gone: a response that waits behind another one is not told by itself. */
  readonly gone: Set<() => void>;
}
