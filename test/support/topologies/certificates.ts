/** Certificates for a test's servers and clients: one authority, a server for localhost, clients by name. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Certificates, makeCertificates } from '../certificates.ts';

export interface ClientFiles {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly server: () => Certificates;
  /** Files of a client whose certificate names it. */
  readonly client: (name: string) => ClientFiles;
}

/** Everything is made before the first test. Call it at the top level, before the servers that use the files. */
export function withAuthority(...clients: readonly string[]): TestAuthority {
  let folder = '';
  let server: Certificates = { ca: '', cert: '', key: '' };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'whystale-test-tls-'));
    // Servers run as another user than the tests where those run as root.
    chmodSync(folder, 0o755);
    server = makeCertificates(folder);
    for (const name of clients) makeClient(folder, name);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    server: () => server,
    client: (name) => ({ cert: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) }),
  };
}

function makeClient(folder: string, name: string): void {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  openssl(
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', `${name}-key.pem`, '-out', `${name}-request.pem`, '-subj', `/CN=${name}`],
  );
  openssl(
    ...['x509', '-req', '-in', `${name}-request.pem`, '-CA', 'ca.pem', '-CAkey', 'ca-key.pem'],
    ...['-CAcreateserial', '-out', `${name}.pem`, '-days', '2'],
  );
  chmodSync(join(folder, `${name}-key.pem`), 0o600);
}
