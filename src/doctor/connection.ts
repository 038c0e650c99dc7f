/** Why a store could not be reached, and the command that helps. */
import { formatEndpoint } from '../proxy/endpoint.ts';
import { displayStore, STORE_VARIABLES, type Store } from '../watch/stores.ts';
import type { Check } from './check.ts';

/** Known reasons, by the error's code or words; the first match counts. */
const REASONS: readonly (readonly [RegExp, (store: Store) => string])[] = [
  [/ECONNREFUSED|ENOENT/, startServer],
  [/ENOTFOUND|EAI_AGAIN/, () => 'correct the host name (getent hosts HOST shows what it resolves to)'],
  [/ETIMEDOUT|timeout|timed out|EHOSTUNREACH|ENETUNREACH/i, noAnswer],
  [/certificate required|valid client certificate/i, clientCertificate],
  [/no pg_hba.*no encryption/i, () => 'put sslmode=require into the URL, or allow hostnossl in pg_hba.conf'],
  [/28P01|28000|WRONGPASS|NOAUTH|password authentication|no pg_hba/i, credentials],
  [/3D000/, (store) => `createdb -h ${hostOf(store)} ${store.database ?? ''}`.trim()],
  [/does not support SSL/i, () => 'put sslmode=disable into the URL, or turn on ssl in postgresql.conf'],
  [
    /wrong version number|packet length too long|EPROTO/i,
    () => 'the server speaks plain text: use redis:// instead of rediss://',
  ],
  [/certificate|self.signed|altname|CERT_/i, certificate],
  [
    /closed|ECONNRESET|EPIPE/i,
    (store) => {
      if (store.kind === 'redis' && store.tls === null)
        return 'the server may want TLS: use rediss:// instead of redis://';
      // In TLS 1.3 a server that wants a certificate hangs up after the handshake (RFC 8446, section 4.4.2.4).
      return store.tls?.mode === 'require' && store.tls.certFile === undefined
        ? `the server may want a client certificate: ${clientCertificate(store)}`
        : 'look into the server’s log';
    },
  ],
  [
    /53300|max number of clients/i,
    () => 'raise max_connections (PostgreSQL) or maxclients (Redis), or close idle clients',
  ],
];

/** The check for a connection that failed. */
export function unreachable(id: string, store: Store, error: unknown): Check {
  const failure = error as NodeJS.ErrnoException;
  const words = [failure.code, failure.message].filter(Boolean).join(' ');
  // A host name with several addresses fails with one error for each.
  const inner =
    error instanceof AggregateError ? error.errors.map((one: Error) => one.message).join('; ') : '';
  const mend = REASONS.find(([pattern]) => pattern.test(`${words} ${inner}`))?.[1](store);
  return {
    id,
    title: 'Connection',
    state: 'lack',
    evidence: `${displayStore(store)}: ${failure.message || inner || words || String(error)}`,
    required: true,
    mend: mend ?? `correct $${STORE_VARIABLES[store.kind]} or --${store.kind}`,
  };
}

function address(store: Store): string {
  return 'path' in store.endpoint ? store.endpoint.path : `${store.endpoint.host} ${store.endpoint.port}`;
}

function hostOf(store: Store): string {
  return 'path' in store.endpoint ? formatEndpoint(store.endpoint) : store.endpoint.host;
}

function startServer(store: Store): string {
  if (store.kind === 'postgres') return 'systemctl start postgresql # or correct host and port';
  const port = 'port' in store.endpoint ? ` --port ${store.endpoint.port}` : '';
  return `redis-server${port} --daemonize yes # or correct host and port`;
}

/** A Redis without TLS takes a TLS greeting for the start of a command and waits for the rest of it. */
function noAnswer(store: Store): string {
  const reach = `nc -vz ${address(store)} # a firewall may be in between`;
  if (store.kind === 'postgres' || store.tls === null) return reach;
  return `the server may speak plain text: use redis:// instead of rediss://; otherwise ${reach}`;
}

function credentials(store: Store): string {
  return `correct user and password in $${STORE_VARIABLES[store.kind]} or --${store.kind} (percent-encode special characters)`;
}

function clientCertificate(store: Store): string {
  return store.kind === 'redis'
    ? 'name yours in the URL: ?ssl_certfile=/path/cert.pem&ssl_keyfile=/path/key.pem'
    : 'name yours in the URL: ?sslcert=/path/cert.pem&sslkey=/path/key.pem';
}

function certificate(store: Store): string {
  return store.kind === 'redis'
    ? 'name the authority in the URL: ?ssl_ca_certs=/path/ca.pem'
    : 'name the authority in the URL: ?sslrootcert=/path/ca.pem&sslmode=verify-full';
}
