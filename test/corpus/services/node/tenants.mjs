// Hono + postgres.js + node-redis, behind an HTTP proxy. Settings of a tenant and pages in the reader's language; keys with dots,
// values in an envelope like superjson's. BUG: WS115-tenant the key leaves the tenant out · WS115-language the language.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import postgres from 'postgres';
import { createClient } from 'redis';
import { ask, BUG, dice, exclusive, sleep, workers } from './traffic.mjs';

const sql = postgres(process.env.DATABASE_URL, { max: 6, onnotice() {} });
const redis = createClient({ url: process.env.REDIS_URL });
await redis.connect();
const roll = dice(77);
const alone = exclusive();
const TENANTS = ['acme', 'globex', 'initech'];
const SECTIONS = ['theme', 'billing', 'mail'];
const LANGUAGES = ['en', 'de', 'fr'];
const SLUGS = ['home', 'about', 'terms', 'press', 'jobs'];

await sql`create table settings(tenant text, section text, document text, version int default 1, primary key (tenant, section))`;
await sql`create table pages(slug text, language text, title text, primary key (slug, language))`;
for (const tenant of TENANTS)
  for (const section of SECTIONS) await sql`insert into settings values (${tenant}, ${section}, ${`${section} of ${tenant}`})`;
for (const slug of SLUGS)
  for (const language of LANGUAGES) await sql`insert into pages values (${slug}, ${language}, ${`Title ${slug} in ${language}`})`;

const settingsKey = (tenant, section) => (BUG === 'WS115-tenant' ? `cfg.settings.${section}` : `cfg.${tenant}.settings.${section}`);
const pageKey = (slug, language) => (BUG === 'WS115-language' ? `page.${slug}` : `page.${slug}.${language}`);
const pack = (row) => JSON.stringify({ json: row, meta: { values: { at: ['Date'] } } });
const unpack = (text) => JSON.parse(text).json;

async function through(key, load) {
  const cached = await redis.get(key);
  if (cached !== null) return unpack(cached);
  return alone(key, async () => {
    const [row] = await load();
    await redis.set(key, pack(row), { EX: 60 });
    return row;
  });
}

const app = new Hono();
app.get('/settings/:section', async (c) => {
  const tenant = c.req.header('x-tenant');
  const section = c.req.param('section');
  return c.json(await through(settingsKey(tenant, section), () => sql`select tenant, section, document, version from settings where tenant = ${tenant} and section = ${section}`));
});
app.put('/settings/:section', async (c) => {
  const tenant = c.req.header('x-tenant');
  const section = c.req.param('section');
  const { document } = await c.req.json();
  const key = settingsKey(tenant, section);
  await alone(key, async () => {
    await sql`update settings set document = ${document}, version = version + 1 where tenant = ${tenant} and section = ${section}`;
    await redis.del(key);
  });
  return c.json({});
});
app.get('/pages/:slug', async (c) => {
  const language = (c.req.header('accept-language') ?? 'en').slice(0, 2);
  const slug = c.req.param('slug');
  return c.json(await through(pageKey(slug, language), () => sql`select slug, language, title from pages where slug = ${slug} and language = ${language}`));
});
const server = serve({ fetch: app.fetch, port: +process.env.PORT, hostname: '127.0.0.1' });
await sleep(100);

const pick = (list) => list[roll(list.length) - 1];
await Promise.all([
  ...workers(BUG === '' ? 3 : 1, BUG === '' ? 20 : 60, async () => {
    if (roll(2) === 1) await ask('GET', `/settings/${pick(SECTIONS)}`, { headers: { 'x-tenant': pick(TENANTS) } });
    else await ask('GET', `/pages/${pick(SLUGS)}`, { headers: { 'accept-language': pick(LANGUAGES) } });
    await sleep(roll(10));
  }),
  ...workers(1, BUG === '' ? 10 : 5, async (turn) => {
    await sleep(10 + roll(BUG === '' ? 60 : 200));
    await ask('PUT', `/settings/${pick(SECTIONS)}`, { headers: { 'x-tenant': pick(TENANTS) }, body: { document: `Document ${turn} ${roll(1e6)}` } });
  }),
]);
server.close();
server.closeAllConnections();
await redis.close();
await sql.end();
