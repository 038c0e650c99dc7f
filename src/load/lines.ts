/** The connections of a run: kept alive, as many as requests may be in flight. */
import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { LoadPlan } from './contract.ts';
import type { PreparedRequest } from './prepare.ts';

export interface Lines {
  readonly tls: boolean;
  /** `fresh`: on a connection of its own, that is closed afterwards. Throws what node:http throws. */
  open(request: PreparedRequest, fresh: boolean): ClientRequest;
  /** Closes those that are idle or in use. */
  close(): void;
}

export function openLines({ host, port, tls, inFlight, authorities }: LoadPlan): Lines {
  // The last line used is used first, so that a slow rate needs few.
  const settings = {
    keepAlive: true,
    maxSockets: inFlight,
    maxFreeSockets: inFlight,
    scheduling: 'lifo',
  } as const;
  const agent = tls ? new TlsAgent(settings) : new Agent(settings);
  const trust = authorities === undefined ? {} : { ca: [...rootCertificates, authorities] };
  // An IPv6 address has brackets in URLs and in the Host header, which node:http writes, but not for the resolver.
  const hostname = host.replace(/^\[(.*)\]$/, '$1');
  return {
    tls,
    open: ({ method, path, headers }, fresh) => {
      const options = {
        hostname,
        port,
        method,
        path,
        headers,
        agent: fresh ? false : agent,
        ...trust,
      } as const;
      return tls ? httpsRequest(options) : httpRequest(options);
    },
    close: () => agent.destroy(),
  };
}
