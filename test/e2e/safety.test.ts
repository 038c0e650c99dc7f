/** Secrets in the cache and responses that belong to one user: told, and never shown. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FindingsDocument, FindingsSchema } from '../../src/report/findings-document.ts';
import { recordedText, withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';
import { nodeService } from './services.ts';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const JWT = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: '7' })}.Rb3H0mJkq9wT1xZl2cVn8sYp4uEo6aGd5fKj7iLhMtQ`;
const BCRYPT = '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW';
const SESSION = 'Zx81LkQ0vTn5Rb3Hm9Yw2Ec7Uf4Jd6Gs';

/** A service with accounts; `careful`: it caches chosen fields, names keys by digests and marks responses private. */
function accounts(careful: boolean): string {
  return `
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
const { Redis } = require('ioredis');
const { Pool } = require('pg');
const careful = ${careful};
const redis = new Redis(process.env.REDIS_URL);
const pool = new Pool({ connectionString: process.env.DATABASE_URL });
await pool.query('CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, password_hash text NOT NULL)');
await pool.query('INSERT INTO users VALUES (7, $1, $3), (8, $2, $3)', ['Ada Lovelace', 'Grace Hopper', '${BCRYPT}']);
const server = createServer(async (request, response) => {
  const id = Number(request.url.split('/').at(-1));
  const token = request.headers.authorization.slice('Bearer '.length);
  const name = careful ? createHash('sha256').update(token).digest('hex') : token;
  await redis.get('granted:' + name) ?? await redis.set('granted:' + name, '1', 'EX', 60);
  let text = await redis.get('user:' + id);
  if (text === null) {
    const columns = careful ? 'id, name' : '*';
    const { rows } = await pool.query('SELECT ' + columns + ' FROM users WHERE id = $1', [id]);
    text = JSON.stringify(rows[0]);
    await redis.set('user:' + id, text, 'EX', 60);
  }
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', careful ? 'private, max-age=60' : 'public, max-age=60');
  response.end(text);
});
await new Promise((resolve) => server.listen(Number(process.env.PORT), '127.0.0.1', resolve));
for (const id of [7, 8, 7, 8])
  await fetch('http://127.0.0.1:' + process.env.FRONT + '/account/' + id, {
    headers: { authorization: 'Bearer ${JWT}', cookie: 'sessionid=${SESSION}' },
  }).then((answer) => answer.text());
server.close();
server.closeAllConnections();
await redis.quit();
await pool.end();
`;
}

describe('safety', () => {
  const whystale = withWhystale();
  const redis = withRedis();
  const postgres = withPostgres();

  async function watched(careful: boolean, ...flags: readonly string[]) {
    const out = join(whystale.folder(), 'rec');
    const [port, target] = [await freePort(), await freePort()];
    const env = { REDIS_URL: redis.url(), DATABASE_URL: postgres.url(), FRONT: String(port) };
    const command = nodeService(whystale.folder(), accounts(careful));
    const http = ['--http', `${port}=http://127.0.0.1:${target}`, '--env', 'PORT={port}'];
    const end = await whystale.run(['watch', '--json', ...flags, ...http, '--out', out, '--', ...command], {
      env,
    });
    const document = FindingsSchema.parse(JSON.parse(end.stdout)) as FindingsDocument;
    return { end, document, out, printed: `${end.stdout}${end.stderr}${recordedText(out)}` };
  }

  const told = ({ findings }: FindingsDocument) =>
    findings.map((f) => `${f.code} ${f.template} ${f.confidence} ${f.writer ?? f.reader} ${f.keys}`).sort();

  test.each([[[]], [['--values']]])('a careless service %j', async (flags) => {
    const { end, document, out, printed } = await watched(false, ...flags);
    expect(end.exitCode, end.stderr).toBe(1);
    expect(told(document)).toEqual([
      'WS301 granted:{id} proved GET /account/{id} 1',
      'WS301 user:{id} proved GET /account/{id} 2',
      'WS303 GET /account/{id} likely GET /account/{id} 2',
    ]);
    expect(document.findings.find(({ template }) => template === 'user:{id}')?.summary).toBe(
      'user:{id} holds a password hash at password_hash.',
    );
    for (const secret of [JWT, BCRYPT, SESSION]) {
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(secret.slice(20));
    }
    const explained = await whystale.run(['explain', '--json', out]);
    expect(explained.exitCode).toBe(1);
    expect(JSON.parse(explained.stdout).findings).toEqual(document.findings);
    const text = await whystale.run(['explain', out]);
    expect(text.stdout).toContain('secret-in-cache');
    expect(text.stdout).toContain('private-response-cached');
  });

  test('a careful one', async () => {
    const { end, document } = await watched(true);
    expect(told(document)).toEqual([]);
    expect(end.exitCode, end.stderr).toBe(0);
  });
});
