import { describe, expect, test } from 'vitest';
import { connectRedis } from '../../src/watch/bypass.ts';
import { askServer, type RedisServer, sayRoles } from '../../src/watch/redis-server.ts';
import { parseStore } from '../../src/watch/stores.ts';
import { withRedis } from '../support/engines.ts';

const redis = withRedis({ password: 'secret' });

/** What the server tells a user with these rights, and what was said of it. */
async function asked(...rules: readonly string[]): Promise<{ server: RedisServer; said: readonly string[] }> {
  const admin = await connectRedis(parseStore('redis', redis.url()));
  await admin.acl('SETUSER', 'app', 'reset', 'on', '>quiet', '~*', '+select', ...rules);
  admin.disconnect();
  const store = parseStore('redis', redis.url().replace(':secret@', 'app:quiet@'));
  const client = await connectRedis(store);
  const said: string[] = [];
  try {
    return { server: await askServer(store, client, (code) => void said.push(code)), said };
  } finally {
    client.disconnect();
  }
}

describe('a Redis tells its role', () => {
  test('by INFO', async () => {
    const { server, said } = await asked('+@all');
    expect(server).toMatchObject({ version: redis.engine().version, replica: false, primary: null });
    expect(said).toEqual([]);
  });

  test('by ROLE where INFO is refused', async () => {
    const { server, said } = await asked('+role');
    expect(server).toMatchObject({ version: 'unknown', replica: false });
    expect(said).toEqual(['redis-info']);
  });

  test('not at all where both are, PING with them', async () => {
    expect((await asked('+get')).server).toMatchObject({ replica: null, primary: null });
  });
});

describe('of several servers', () => {
  const store = parseStore('redis', 'redis://app:quiet@10.0.0.6:6379');
  const said = (...servers: readonly { replica: boolean; primary: string | null }[]) => {
    const texts: string[] = [];
    sayRoles(
      servers.map((one) => ({ store, ...one })),
      (_, text) => void texts.push(text),
    );
    return texts;
  };
  const primary = { replica: false, primary: null };
  const replica = { replica: true, primary: '10.0.0.5:6379' };

  test('a primary with its replicas needs no word', () => {
    expect(said(primary, replica, replica)).toEqual([]);
    expect(said()).toEqual([]);
  });

  test('a replica alone is told to come with its primary', () => {
    expect(said(replica)).toEqual([expect.stringContaining('--redis primary=redis://10.0.0.5:6379')]);
    expect(said(replica)[0]).not.toContain('quiet');
  });

  test('two primaries are no keyspace', () => {
    expect(said(primary, primary)).toEqual([expect.stringContaining('no replicas of each other')]);
  });
});
