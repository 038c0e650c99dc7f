/** What cannot work is told as a coded error, in text and as one JSON document, with the exit code of its kind. */
import { createServer, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';

const NODE = process.execPath;
const IDLE = [NODE, '-e', 'setInterval(() => {}, 1000)'];

describe('what cannot work ends with a coded error', () => {
  const whystale = withWhystale();
  const redis = withRedis({ password: 'open sesame' });
  const postgres = withPostgres();
  const STORES = () => ['--redis', redis.url(), '--postgres', postgres.url()];

  async function expectError(args: readonly string[], exitCode: number, text: RegExp): Promise<void> {
    const end = await whystale.run(['watch', '--no-record', ...args]);
    expect({ exitCode: end.exitCode, stderr: end.stderr }).toEqual({
      exitCode,
      stderr: expect.stringMatching(text),
    });
    const json = await whystale.run(['watch', '--no-record', '--json', ...args]);
    expect(json.exitCode).toBe(exitCode);
    expect(JSON.parse(json.stdout)).toBeTypeOf('object');
  }

  test('a service that dies at once', () =>
    expectError(
      [...STORES(), '--', NODE, '-e', 'console.error("no config"); process.exit(3)'],
      4,
      /exit code 3[\s\S]*no config/,
    ));

  test('a service that a signal ends', () =>
    expectError([...STORES(), '--', NODE, '-e', 'process.kill(process.pid, "SIGKILL")'], 4, /SIGKILL/));

  test('a command that does not exist', () =>
    expectError(
      [...STORES(), '--', 'no-such-program-anywhere'],
      2,
      /no-such-program-anywhere was not found/,
    ));

  test('an unreachable store', async () => {
    const port = await freePort();
    await expectError(
      ['--redis', `redis://127.0.0.1:${port}`, '--postgres', postgres.url(), '--', ...IDLE],
      4,
      /cannot be reached/,
    );
    await expectError(
      ['--redis', redis.url(), '--postgres', `postgresql://127.0.0.1:${port}/shop`, '--', ...IDLE],
      4,
      /cannot be reached/,
    );
  });

  test('a wrong password, which is not repeated', async () => {
    const wrong = (url: string) => {
      const parsed = new URL(url);
      parsed.password = 'mistaken4711';
      return parsed.href;
    };
    for (const stores of [
      ['--redis', wrong(redis.url()), '--postgres', postgres.url()],
      ['--redis', redis.url(), '--postgres', wrong(postgres.url())],
    ]) {
      await expectError([...stores, '--', ...IDLE], 4, /cannot be reached: (?![\s\S]*mistaken4711)/);
    }
  });

  test('a port that is in use', async () => {
    const { server, port } = await occupied();
    try {
      await expectError(
        [...STORES(), '--http', `${port}=http://127.0.0.1:9`, '--', ...IDLE],
        2,
        new RegExp(`already listens on 127.0.0.1:${port}`),
      );
      await expectError(
        [...STORES(), '--listen-redis', String(port), '--', ...IDLE],
        2,
        new RegExp(`already listens on 127.0.0.1:${port}`),
      );
    } finally {
      server.close();
    }
  });

  test('an unknown flag, with the one that was meant', () =>
    expectError(['--redes', 'x', '--', ...IDLE], 2, /--redis/));

  test('a URL of something else', () =>
    expectError(['--redis', 'mysql://127.0.0.1/shop', '--', ...IDLE], 2, /mysql/));

  test('a template that stands for nothing', () =>
    expectError([...STORES(), '--env', 'CACHE={redis.color}', '--', ...IDLE], 2, /redis\.color/));
});

async function occupied(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as { port: number }).port };
}
