import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/proxy/endpoint.ts';
import { connectPostgres, connectRedis } from '../../src/watch/bypass.ts';
import {
  dangerousCommands,
  isLoopback,
  postgresProtection,
  redisProtection,
} from '../../src/watch/store-protection.ts';
import { parseStore, type Store } from '../../src/watch/stores.ts';
import { withPostgres, withRedis } from '../support/engines.ts';

describe('loopback', () => {
  const names: Readonly<Record<string, readonly string[]>> = {
    cache: ['127.0.0.1', '::1'],
    both: ['127.0.0.1', '10.0.0.5'],
    far: ['10.0.0.5'],
  };
  const resolve = async (host: string) => {
    const addresses = names[host];
    if (addresses === undefined) throw new Error('ENOTFOUND');
    return addresses;
  };

  it.each([
    [{ host: '127.0.0.1', port: 1 }, true],
    [{ host: '127.8.9.10', port: 1 }, true],
    [{ host: '::1', port: 1 }, true],
    [{ host: '::ffff:127.0.0.1', port: 1 }, true],
    [{ host: 'localhost', port: 1 }, true],
    [{ host: 'redis.localhost', port: 1 }, true],
    [{ path: '/run/redis.sock' }, true],
    [{ host: 'cache', port: 1 }, true],
    [{ host: 'both', port: 1 }, false],
    [{ host: 'far', port: 1 }, false],
    [{ host: 'unknown', port: 1 }, false],
    [{ host: '10.0.0.5', port: 1 }, false],
    [{ host: '0.0.0.0', port: 1 }, false],
    [{ host: 'fe80::1', port: 1 }, false],
  ] as const satisfies readonly (readonly [Endpoint, boolean])[])('%j: %s', async (endpoint, expected) => {
    expect(await isLoopback(endpoint, resolve)).toBe(expected);
  });
});

describe('commands over the server that an ACL rule allows', () => {
  const all = ['CONFIG', 'DEBUG', 'FLUSHALL', 'MODULE', 'REPLICAOF', 'SHUTDOWN'];
  it.each([
    ['+@all', all],
    ['allcommands', all],
    ['-@all', []],
    ['-@all +@read +@write', ['FLUSHALL']],
    ['+@all -@dangerous', []],
    ['+@all -@admin', ['FLUSHALL']],
    ['+@all -@dangerous +flushall', ['FLUSHALL']],
    ['-@all +get +set +config|get', []],
    ['-@all +config', ['CONFIG']],
    ['-@all +@all -@all', []],
  ])('%s', (rules, expected) => {
    expect(dangerousCommands(rules)).toEqual(expected);
  });
});

/** The same server under an address that is taken for one on the network. */
function afar(store: Store): Store {
  return { ...store, endpoint: { host: '10.0.0.5', port: 6379 } };
}

describe('what servers tell', () => {
  const redis = withRedis({ password: 'quiet-harbour-0815' });
  const postgres = withPostgres();

  async function redisFacts(url: string) {
    const store = parseStore('redis', url);
    const client = await connectRedis(store);
    try {
      return await redisProtection(afar(store), client);
    } finally {
      client.disconnect();
    }
  }

  it('a Redis with a password, asked by its default user', async () => {
    expect(await redisFacts(redis.url())).toMatchObject({
      kind: 'redis',
      address: 'redis://10.0.0.5:6379',
      loopback: false,
      tls: false,
      open: false,
    });
    expect((await redisFacts(redis.url())).dangerous).toContain('CONFIG');
  });

  it('a Redis whose default user needs no password, and one that tells nothing', async () => {
    const admin = new Redis(redis.url());
    try {
      await admin.acl('SETUSER', 'shop', 'on', '>lantern-4711', '~*', '+@all', '-@admin', '-@dangerous');
      const url = redis.url().replace(/\/\/.*@/, '//shop:lantern-4711@');
      expect(await redisFacts(url)).toMatchObject({ open: null, protectedMode: null, dangerous: null });
      await admin.acl('SETUSER', 'shop', '+acl', '+config|get');
      expect(await redisFacts(url)).toMatchObject({ open: false });
      await admin.acl('SETUSER', 'default', 'nopass');
      expect(await redisFacts(url)).toMatchObject({ open: true });
    } finally {
      await admin.acl('SETUSER', 'default', 'resetpass', '>quiet-harbour-0815');
      await admin.quit();
    }
  });

  it('a store on loopback is not asked', async () => {
    const store = parseStore('redis', redis.url());
    const client = await connectRedis(store);
    client.disconnect();
    expect(await redisProtection(store, client)).toMatchObject({
      loopback: true,
      open: null,
      dangerous: null,
    });
  });

  it('a PostgreSQL says by its first messages whether it asks', async () => {
    const store = parseStore('postgres', postgres.url());
    const { client, asked, tls } = await connectPostgres(store);
    await client.end();
    expect(asked).toBe(postgres.password() !== '');
    const facts = await postgresProtection(afar(store), { tls, asked, superuser: true });
    expect(facts).toMatchObject({
      kind: 'postgres',
      loopback: false,
      open: !asked,
      dangerous: ['superuser'],
    });
    const certified: Store = {
      ...afar(store),
      tls: { mode: 'require', verify: 'none', certFile: 'client.pem' },
    };
    expect(await postgresProtection(certified, { tls: true, asked: false, superuser: null })).toMatchObject({
      open: null,
      dangerous: null,
    });
  });
});
