/** Credentials pass to the stores and appear nowhere else: not in the recording, not in what is printed. */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { beforeEach, describe, expect, test } from 'vitest';
import { type CliEnd, recordedText, withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { type Command, lampService, nodeService } from './services.ts';

const PASSWORD = 'Br0ken-Lantern-4711';
const USER_PASSWORD = 'quiet-harbour-0815';

describe('credentials', () => {
  const whystale = withWhystale();
  const redis = withRedis({ password: PASSWORD });
  const postgres = withPostgres();

  beforeEach(async () => {
    const admin = new Redis(redis.url());
    await admin.acl('SETUSER', 'shop', 'on', `>${USER_PASSWORD}`, '~*', '&*', '+@all');
    await admin.quit();
  });

  const asUser = () => redis.url().replace(/\/\/.*@/, `//shop:${USER_PASSWORD}@`);

  async function watched(
    command: Command,
    env: Record<string, string>,
    args: readonly string[] = [],
  ): Promise<{ readonly end: CliEnd; readonly text: string }> {
    const out = join(whystale.folder(), 'rec');
    const end = await whystale.run(['watch', ...args, '--out', out, '--', ...command], { env });
    return { end, text: recordedText(out) };
  }

  function expectSilence({ end, text }: { end: CliEnd; text: string }): void {
    expect(text.length).toBeGreaterThan(1_000);
    for (const secret of [PASSWORD, USER_PASSWORD, postgres.password()]) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
        expect(text.includes(form), 'recording').toBe(false);
        expect(end.stdout.includes(form), 'stdout').toBe(false);
        expect(end.stderr.includes(form), 'stderr').toBe(false);
      }
    }
  }

  const lamp = (cache: 'ioredis' | 'node-redis with RESP3'): Command =>
    lampService(whystale.folder(), cache, 'pg');

  test.each([
    ['AUTH password', 'ioredis', () => redis.url()],
    ['AUTH user password', 'ioredis', () => asUser()],
    ['HELLO AUTH', 'node-redis with RESP3', () => redis.url()],
    ['HELLO AUTH of a user', 'node-redis with RESP3', () => asUser()],
  ] as const)('%s', async (_, cache, url) => {
    const result = await watched(lamp(cache), { REDIS_URL: url(), DATABASE_URL: postgres.url() });
    expect(result.end.exitCode, result.end.stderr).toBe(1);
    expectSilence(result);
  });

  test('given on the command line, in JSON mode', async () => {
    const stores = ['--redis', asUser(), '--postgres', postgres.url()];
    const result = await watched(lamp('ioredis'), {}, ['--json', ...stores]);
    expect(result.end.exitCode, result.end.stderr).toBe(1);
    expectSilence(result);
  });

  test('in the arguments and in the lines of the service, as far as they are recorded', async () => {
    const code = `
      console.log('cache is ' + process.env.REDIS_URL);
      console.error('source is ' + process.env.DATABASE_URL);
      const { Redis } = require('ioredis');
      const redis = new Redis(process.env.REDIS_URL);
      for (let i = 0; i < 20; i += 1) await redis.set('lamp:' + i, 'x', 'EX', 60);
      await redis.quit();`;
    const command = [...nodeService(whystale.folder(), code), '--cache', redis.url()];
    const { text } = await watched(command, { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() });
    expect(text).toContain('cache is ');
    expect(text.includes(PASSWORD)).toBe(false);
    expect(text.includes(postgres.password())).toBe(false);
  });

  test('that are refused by the store', async () => {
    const code = `
      const { Redis } = require('ioredis');
      const redis = new Redis(process.env.REDIS_URL.replace(/:[^:@]*@/, ':mistaken-password@'), { retryStrategy: () => null });
      redis.on('error', () => {});
      await redis.get('lamp:7').catch((error) => console.log(error.message));
      redis.disconnect();`;
    const { end, text } = await watched(nodeService(whystale.folder(), code), {
      REDIS_URL: redis.url(),
      DATABASE_URL: postgres.url(),
    });
    expect(`${text}${end.stdout}${end.stderr}`).not.toContain('mistaken-password');
    expect(end.exitCode).toBe(3);
  });
});
