/**
 * TLS towards a store. It ends at the loopback proxy: the service speaks plain to the proxy, the proxy speaks TLS to the
 * store with the settings of the service's own URL.
 *
 * PostgreSQL settings mean what libpq means by them.
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { WhystaleError } from '../errors.ts';
import type { Endpoint } from './endpoint.ts';

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** First byte of a TLS record with a handshake, RFC 8446 section 5.1. */
export const TLS_HANDSHAKE = 0x16;

/** Code of the degradation said when a client wants TLS from the proxy. */
export const CLIENT_NEEDS_TLS = 'client-needs-tls';

const SSL_MODES: ReadonlySet<string> = new Set<SslMode>([
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
]);

/** How to speak TLS with a store. Files are already read. */
export interface TlsPolicy {
  readonly mode: SslMode;
  /** Trusted certificates, PEM; null: the system's (Node's own list). */
  readonly ca: string | null;
  /** Client certificate and key, PEM. */
  readonly cert: string | null;
  readonly key: string | null;
  readonly passphrase: string | null;
  /** Whether the certificate's chain is checked. */
  readonly verifyChain: boolean;
  /** Whether the certificate must also name the host. */
  readonly verifyHost: boolean;
  /** Name sent in SNI and looked for in the certificate; null: the target's host. */
  readonly servername: string | null;
}

/** Query parameters of a store's URL, or libpq keywords. */
export type TlsParameters = Readonly<Record<string, string | undefined>>;

/**
 * The policy that libpq would follow for these parameters: `sslmode` (default `prefer`), `sslrootcert` (a file, or
 * `system`), `sslcert`, `sslkey`, `sslpassword`. As in libpq, a root certificate makes every mode check the chain, and
 * files not named are taken from `home`/.postgresql when they exist there.
 *
 * @throws WhystaleError WSE306 when a file cannot be read, WSE307 when the parameters contradict each other.
 */
export function postgresTlsPolicy(parameters: TlsParameters, home: string | null): TlsPolicy {
  const mode = parameters.sslmode ?? (parameters.sslrootcert === 'system' ? 'verify-full' : 'prefer');
  if (!SSL_MODES.has(mode)) throw badMode(`sslmode=${mode} is no TLS mode.`);
  const known = mode as SslMode;
  const system = parameters.sslrootcert === 'system';
  if (system && known !== 'verify-full') {
    throw badMode(`sslmode=${mode} is weaker than sslrootcert=system allows.`);
  }
  const verified = known === 'verify-ca' || known === 'verify-full';
  const files = known === 'disable' ? NO_FILES : libpqFiles(parameters, home, verified, system);
  if (verified && !system && files.ca === null) {
    throw badMode(`sslmode=${mode} needs a root certificate, and none was named.`);
  }
  return {
    mode: known,
    ...files,
    passphrase: parameters.sslpassword ?? null,
    verifyChain: verified || files.ca !== null,
    verifyHost: known === 'verify-full',
    servername: null,
  };
}

type TlsFiles = Pick<TlsPolicy, 'ca' | 'cert' | 'key'>;

const NO_FILES: TlsFiles = { ca: null, cert: null, key: null };

/** libpq takes a missing file for "not set", except a root certificate that must be checked and the key of a
 * certificate. */
function libpqFiles(
  parameters: TlsParameters,
  home: string | null,
  verified: boolean,
  system: boolean,
): TlsFiles {
  const place = (named: string | undefined, fallback: string) =>
    named ? named : home === null ? null : path.join(home, '.postgresql', fallback);
  const ca = system ? null : readIfThere(place(parameters.sslrootcert, 'root.crt'));
  if (ca === null && verified && parameters.sslrootcert && !system) readPem(parameters.sslrootcert);
  const cert = readIfThere(place(parameters.sslcert, 'postgresql.crt'));
  const key = place(parameters.sslkey, 'postgresql.key');
  return { ca, cert, key: cert === null || key === null ? null : readPem(key) };
}

/**
 * The policy of a `rediss://` URL: chain and host are checked, as Redis clients do. The query parameters that redis-py
 * knows are understood: `ssl_cert_reqs` (`none`, `optional`, `required`), `ssl_check_hostname`, `ssl_ca_certs`,
 * `ssl_certfile`, `ssl_keyfile`, `ssl_password`.
 *
 * @throws WhystaleError WSE306 when a file cannot be read.
 */
export function redisTlsPolicy(parameters: TlsParameters): TlsPolicy {
  const unverified = parameters.ssl_cert_reqs?.toLowerCase().replace(/^cert_/, '') === 'none';
  const anyHost = /^(false|no|0)$/i.test(parameters.ssl_check_hostname ?? '');
  return {
    mode: unverified ? 'require' : anyHost ? 'verify-ca' : 'verify-full',
    ca: parameters.ssl_ca_certs ? readPem(parameters.ssl_ca_certs) : null,
    cert: parameters.ssl_certfile ? readPem(parameters.ssl_certfile) : null,
    key: parameters.ssl_keyfile ? readPem(parameters.ssl_keyfile) : null,
    passphrase: parameters.ssl_password ?? null,
    verifyChain: !unverified,
    verifyHost: !unverified && !anyHost,
    servername: null,
  };
}

/** Starts TLS as a client over an open socket. Failures arrive as the socket's `error`. */
export function startTls(socket: net.Socket, target: Endpoint, policy: TlsPolicy): tls.TLSSocket {
  const host = 'path' in target ? 'localhost' : target.host;
  const name = policy.servername ?? host;
  const options = {
    socket,
    host: name,
    // Missing from the declared types; tls.connect hands it to the socket it makes.
    allowHalfOpen: true,
    // RFC 6066 section 3: an address is no server name.
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    rejectUnauthorized: policy.verifyChain,
    ...(policy.verifyHost ? {} : { checkServerIdentity: () => undefined }),
    ...(policy.ca === null ? {} : { ca: policy.ca }),
    ...(policy.cert === null ? {} : { cert: policy.cert }),
    ...(policy.key === null ? {} : { key: policy.key }),
    ...(policy.passphrase === null ? {} : { passphrase: policy.passphrase }),
  };
  return tls.connect(options);
}

function readIfThere(file: string | null): string | null {
  return file !== null && existsSync(file) ? readPem(file) : null;
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WhystaleError({
      code: 'WSE306',
      what: `The TLS file ${file} cannot be read.`,
      expected: 'A readable PEM file.',
      retry: 'after-fix',
      next: 'Correct the path in the store’s URL, or the file’s permissions.',
      exitCode: 2,
      cause,
    });
  }
}

function badMode(what: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE307',
    what,
    expected:
      'sslmode disable, allow, prefer, require, verify-ca or verify-full; the last two with sslrootcert.',
    retry: 'after-fix',
    next: 'Correct the store’s URL.',
    exitCode: 2,
  });
}
