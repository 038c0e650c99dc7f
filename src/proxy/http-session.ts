/** What the parts of the HTTP reverse proxy share: how requests are reported, and what belongs to a client connection. */
import type http from 'node:http';
import type net from 'node:net';

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
}

/** Told of each request; what it returns is called once, when the request is over. Must not throw; if it does, requests
 * pass unreported. */
export type OnRequest = (start: HttpStart) => ((end: HttpEnd) => void) | undefined;

/** What belongs to one client connection. */
export interface HttpSession {
  readonly name: string;
  readonly client: net.Socket;
  /** Holds the one connection to the service. */
  readonly agent: http.Agent;
  /** Requests in progress. */
  active: number;
}
