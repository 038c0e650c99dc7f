/** The HTTP side of watching: `--http LISTEN=TARGET`, a reverse proxy that reports each request. */
import { WhystaleError } from '../errors.ts';
import { type Endpoint, formatEndpoint, parseListenAddress } from '../proxy/endpoint.ts';
import { type HttpProxy, startHttpProxy } from '../proxy/http.ts';
import type { Capture } from './capture.ts';

export interface HttpRoute {
  readonly listen: Endpoint;
  readonly target: Endpoint;
}

export interface StartedHttp {
  readonly shown: readonly { readonly listen: string; readonly target: string }[];
  stop(): Promise<void>;
}

/** Reads `8000=http://127.0.0.1:8001`, `127.0.0.1:8000=8001`.
 *
 * @throws WhystaleError WSE472 */
export function parseHttpRoute(text: string): HttpRoute {
  const cut = text.indexOf('=');
  const target = text
    .slice(cut + 1)
    .replace(/^http:\/\//i, '')
    .replace(/\/+$/, '');
  if (cut <= 0 || target === '' || /[/?#]|^https:/i.test(target)) throw badRoute(text);
  try {
    const listen = parseListenAddress(text.slice(0, cut));
    return { listen, target: parseListenAddress(target) };
  } catch {
    throw badRoute(text);
  }
}

function badRoute(text: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE472',
    what: `--http ${text} is not understood.`,
    expected: 'LISTEN=TARGET: where clients connect, and where the service listens.',
    retry: 'after-fix',
    next: 'Write for example --http 8000=http://127.0.0.1:8001',
    exitCode: 2,
  });
}

/** Starts the proxies; all or none. */
export async function startHttp(routes: readonly HttpRoute[], capture: Capture): Promise<StartedHttp> {
  const proxies: HttpProxy[] = [];
  const stop = async () => {
    await Promise.allSettled(proxies.splice(0).map((proxy) => proxy.stop()));
  };
  try {
    for (const route of routes) proxies.push(await startOne(route, capture));
  } catch (error) {
    await stop();
    throw error;
  }
  const shown = proxies.map((proxy, i) => ({
    listen: formatEndpoint(proxy.endpoint),
    target: formatEndpoint(routes[i]!.target),
  }));
  return { shown, stop };
}

function startOne(route: HttpRoute, capture: Capture): Promise<HttpProxy> {
  return startHttpProxy({
    ...route,
    clock: capture.clock,
    degrade: capture.context.degrade,
    onRequest:
      ({ session, method, path, invoke }) =>
      (end) =>
        capture.request({
          session,
          method,
          path,
          invoke,
          // A client that went away leaves the outcome unknown; it is no error of the service.
          return: end.failure === 'client' ? null : end.return,
          status:
            end.return === null || end.failure === 'client' ? 'info' : end.failure === null ? 'ok' : 'fail',
          code: end.code,
          size: end.size,
        }),
  });
}
