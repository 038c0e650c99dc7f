// ioredis + pg. Keys `u/N/card` hold HTML fragments; removals go over a connection of their own, and Redis does not take
// them. BUG: WS105-noperm an ACL user without DEL · WS105-multi the same within MULTI · WS105-readonly Redis is a replica for
// a while · WS105-timeout the reply does not come in time · WS105-lost the connection breaks. Clean: tries until it is done.
import Redis from 'ioredis';
import pg from 'pg';
import { BUG, dice, exclusive, sleep, workers } from './traffic.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 6 });
const admin = new Redis(process.env.REDIS_URL);
const roll = dice(31);
const alone = exclusive();
const USERS = 5;

await pool.query('create table users(id int primary key, name text, city text)');
for (let id = 1; id <= USERS; id++) await pool.query('insert into users values ($1, $2, $3)', [id, `Person number ${id}`, `Town ${id * 17}`]);
await admin.call('ACL', 'SETUSER', 'web', 'on', '>open', '~*', '&*', '+@all', '-del', '-unlink');

const denied = BUG === 'WS105-noperm' || BUG === 'WS105-multi';
const user = denied ? { username: 'web', password: 'open' } : {};
const redis = new Redis(process.env.REDIS_URL, user);
const given = ['WS105-timeout', 'WS105-lost'].includes(BUG);
const remover = new Redis(process.env.REDIS_URL, {
  ...user,
  ...(given ? { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, retryStrategy: () => 5 } : {}),
  ...(BUG === 'WS105-timeout' ? { socketTimeout: 40 } : {}),
});
remover.on('error', () => undefined);
const key = (id) => `u/${id}/card`;
const html = ({ id, name, city }) => `<article id="u${id}"><h2>${name}</h2><p>lives in ${city}</p></article>`;

async function card(id) {
  const cached = await redis.get(key(id));
  if (cached !== null) return cached;
  return alone(id, async () => {
    const { rows } = await pool.query('SELECT id, name, city FROM users WHERE id = $1', [id]);
    await redis.set(key(id), html(rows[0]), 'EX', 50).catch(() => undefined);
    return html(rows[0]);
  });
}

async function remove(id) {
  if (BUG === 'WS105-multi') return remover.multi().publish('users', `${id}`).del(key(id)).exec();
  while (remover.status !== 'ready') await sleep(2);
  return remover.del(key(id));
}

/** What happens to the store just before a removal. */
async function trouble() {
  if (BUG === '' || BUG === 'WS105-readonly') {
    await admin.call('REPLICAOF', '127.0.0.1', '1');
    setTimeout(() => admin.call('REPLICAOF', 'NO', 'ONE'), 70);
  } else if (given) {
    const id = await remover.client('ID');
    await admin.call('CLIENT', 'PAUSE', '100', 'WRITE');
    if (BUG === 'WS105-lost') setTimeout(() => admin.client('KILL', 'ID', id), 20);
  }
}

/** Writers and fills of one user take turns, so that nothing but the removal decides. */
const move = (id, city, troubled) =>
  alone(id, async () => {
    await pool.query('UPDATE users SET city = $2 WHERE id = $1', [id, city]);
    if (troubled) await trouble();
    for (let attempt = 1; ; attempt++) {
      try {
        return await remove(id);
      } catch (error) {
        if (BUG !== '') return console.error(`cache: ${error.message}, going on`);
        await sleep(attempt * 10);
      }
    }
  });

for (let id = 1; id <= USERS; id++) await card(id);
await Promise.all([
  ...workers(4, 55, async () => {
    await card(roll(USERS));
    await sleep(roll(20));
  }),
  ...workers(1, 9, async (turn) => {
    await sleep(30 + roll(20));
    const id = roll(USERS);
    await card(id);
    await move(id, `Town ${turn}-${roll(1e6)}`, turn % 3 === 1);
  }),
]);
for (const connection of [redis, remover, admin]) connection.disconnect();
await pool.end();
