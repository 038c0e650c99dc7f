/**
 * The border between sockets and observers. The relay forwards first and calls the observer after; both calls are
 * synchronous, and `chunk` is only valid during the call (the relay reuses its buffer): copy what must stay.
 */
export interface ConnectionObserver {
  /** Bytes on their way to the store. `at`: clock reading taken before they were forwarded, integer ns. */
  client(chunk: Uint8Array, at: number): void;
  /** Bytes on their way to the client. `at`: clock reading taken when they arrived, integer ns. */
  server(chunk: Uint8Array, at: number): void;
  /** The connection ended; operations still open have an unknown outcome. Called once. */
  end(at: number): void;
}

/** Makes the observer of one connection. `session` is the session's name in the history, e.g. `redis:3`. */
export type ConnectionObserverFactory = (session: string) => ConnectionObserver;

/** Monotonic clock, integer nanoseconds since the recording started. */
export type Clock = () => number;
