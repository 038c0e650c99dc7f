import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Endpoint } from '../../src/proxy/endpoint.ts';
import { postgresTlsPolicy, redisTlsPolicy } from '../../src/proxy/tls.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { connect, drain, relayTo, until } from './support.ts';

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());

async function startTlsEcho(): Promise<{ host: string; port: number }> {
  const { cert, key } = certificates;
  const server = tls.createServer({ cert, key, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { host: 'localhost', port: (server.address() as { port: number }).port };
}

async function echoed(target: Endpoint, parameters: Record<string, string>, size = 1_000) {
  const told: string[] = [];
  const relay = await relayTo(target, {
    tls: redisTlsPolicy(parameters),
    onUnreachable: (error) => told.push(`${error.facts.code} ${error.facts.what}`),
  });
  const client = await connect(relay.endpoint);
  client.on('error', () => {});
  const sent = randomBytes(size);
  client.end(sent);
  const got = await drain(client).catch(() => null);
  await until(() => relay.figures().open === 0);
  return { bytes: got?.bytes ?? 0, told: told.join() };
}

describe('TLS towards the store', () => {
  test('passes 32 MB both ways when the authority and the name are right', async () => {
    const size = 32 << 20;
    const result = await echoed(await startTlsEcho(), { ssl_ca_certs: certificates.caFile }, size);
    expect(result).toEqual({ bytes: size, told: '' });
  });

  test.each([
    ['an unknown authority', () => ({}), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['the wrong authority', () => ({ ssl_ca_certs: certificates.otherCaFile }), 'UNABLE_TO_VERIFY'],
  ])('is refused for %s', async (_why, parameters, reason) => {
    const { bytes, told } = await echoed(await startTlsEcho(), parameters());
    expect(bytes).toBe(0);
    expect(told).toMatch(/^WSE308 /);
    expect(told).toContain(reason);
  });

  test('checks the name unless told otherwise', async () => {
    const target = { ...(await startTlsEcho()), host: '127.0.0.1' };
    const ca = { ssl_ca_certs: certificates.caFile };
    expect((await echoed(target, ca)).told).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect((await echoed(target, { ...ca, ssl_check_hostname: 'false' })).bytes).toBe(1_000);
  });

  test('checks nothing with ssl_cert_reqs=none', async () => {
    expect(await echoed(await startTlsEcho(), { ssl_cert_reqs: 'none' })).toEqual({ bytes: 1_000, told: '' });
  });
});

describe('libpq’s settings', () => {
  const policy = (parameters: Record<string, string>) => postgresTlsPolicy(parameters, null);

  test.each([
    ['nothing said', {}, { mode: 'prefer', verifyChain: false, verifyHost: false }],
    ['disable', { sslmode: 'disable' }, { mode: 'disable', verifyChain: false, verifyHost: false }],
    ['require', { sslmode: 'require' }, { mode: 'require', verifyChain: false, verifyHost: false }],
    [
      'system',
      { sslrootcert: 'system' },
      { mode: 'verify-full', verifyChain: true, verifyHost: true, ca: null },
    ],
    [
      'a missing root file',
      { sslmode: 'require', sslrootcert: '/no/file' },
      { verifyChain: false, ca: null },
    ],
  ])('%s', (_name, parameters, expected) => {
    expect(policy(parameters as Record<string, string>)).toMatchObject(expected);
  });

  test('a root certificate makes require check the chain, as verify-ca does', () => {
    const sslrootcert = certificates.caFile;
    expect(policy({ sslmode: 'require', sslrootcert })).toMatchObject({
      verifyChain: true,
      verifyHost: false,
    });
    expect(policy({ sslmode: 'verify-ca', sslrootcert })).toMatchObject({
      verifyChain: true,
      verifyHost: false,
    });
    expect(policy({ sslmode: 'verify-full', sslrootcert })).toMatchObject({ verifyHost: true });
    expect(policy({ sslmode: 'disable', sslrootcert })).toMatchObject({ ca: null });
  });

  test.each([
    ['an unknown mode', { sslmode: 'sometimes' }, 'WSE307'],
    ['verify-full without a root', { sslmode: 'verify-full' }, 'WSE307'],
    ['verify-ca with a missing root', { sslmode: 'verify-ca', sslrootcert: '/no/file' }, 'WSE306'],
    ['system with a weaker mode', { sslmode: 'require', sslrootcert: 'system' }, 'WSE307'],
  ])('%s is an error', (_name, parameters, code) => {
    expect(() => policy(parameters as Record<string, string>)).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ code, exitCode: 2 }) }),
    );
  });
});
