/** Certificates for one test run, made with openssl: an authority, and a server certificate for `localhost`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Certificates {
  readonly folder: string;
  readonly caFile: string;
  /** An authority that signed nothing here. */
  readonly otherCaFile: string;
  readonly cert: string;
  readonly key: string;
  remove(): void;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'proxy-tls-'));
  const file = (name: string) => path.join(folder, name);
  const authority = (name: string) =>
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
      '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)); // biome-ignore format: one command
  authority('ca');
  authority('other');
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost',
    '-keyout', file('server.key'), '-out', file('server.csr')); // biome-ignore format: one command
  writeFileSync(file('san'), 'subjectAltName=DNS:localhost');
  openssl('x509', '-req', '-in', file('server.csr'), '-CA', file('ca.crt'), '-CAkey', file('ca.key'),
    '-CAcreateserial', '-days', '2', '-extfile', file('san'), '-out', file('server.crt')); // biome-ignore format: one command
  return {
    folder,
    caFile: file('ca.crt'),
    otherCaFile: file('other.crt'),
    cert: readFileSync(file('server.crt'), 'utf8'),
    key: readFileSync(file('server.key'), 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function openssl(...args: string[]): void {
  try {
    execFileSync('openssl', args, { stdio: 'pipe' });
  } catch (cause) {
    throw new Error('These tests make certificates with openssl, which failed or is not on PATH.', { cause });
  }
}
