/** What INFO tells of a server. */
import { expect, test } from 'vitest';
import { infoChecks, parseInfo } from '../../src/doctor/redis.ts';

test.each([
  ['redis_version:7.0.1\r\ncluster_enabled:1', 'redis.cluster', 'lack'],
  ['redis_version:4.0.1', 'redis.version', 'lack'],
  ['redis_version:7.2.4\r\nvalkey_version:8.0.1', 'redis.version', 'ok'],
  ['maxmemory:1048576\r\nmaxmemory_human:1.00M\r\nmaxmemory_policy:noeviction', 'redis.eviction', 'lack'],
  ['maxmemory:0\r\nmaxmemory_policy:noeviction', 'redis.eviction', 'ok'],
  ['', 'redis.eviction', 'unknown'],
  ['role:slave\r\nmaster_host:h\r\nmaster_port:1', 'redis.role', 'ok'],
] as const)('INFO %j gives %s %s', (text, id, state) => {
  expect(infoChecks(parseInfo(text), 'redis').find((check) => check.id === id)?.state).toBe(state);
});
