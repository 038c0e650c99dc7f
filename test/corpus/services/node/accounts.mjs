// knex + ioredis with automatic pipelining. Keys `acct_N`, values MessagePack; writers take a lock in Redis.
// BUG: WS106 cached inside a transaction that rolls back · WS109 written through without order · WS111 "no such account"
// outlives its creation · WS113 written through without a time to live.
import { decode, encode } from '@msgpack/msgpack';
import Redis from 'ioredis';
import Knex from 'knex';
import { BUG, dice, sleep, workers } from './traffic.mjs';

const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });
const db = Knex({ client: 'pg', connection: process.env.DATABASE_URL, pool: { min: 1, max: 9 } });
const roll = dice(71);
const ACCOUNTS = BUG === 'WS109' ? 2 : 5;

await db.schema.createTable('accounts', (table) => {
  table.integer('id').primary();
  table.string('owner');
  table.integer('balance');
});
for (let id = 1; id <= ACCOUNTS; id++) await db('accounts').insert({ id, owner: `Owner name ${id}`, balance: 5000 + id });

const key = (id) => `acct_${id}`;
const pack = (row) => Buffer.from(encode(row ?? null));
const store = (id, row) => redis.set(key(id), pack(row), 'EX', 30);

async function account(id) {
  const cached = await redis.getBuffer(key(id));
  if (cached !== null) return decode(cached);
  return locked(id, async () => {
    const row = await db('accounts').where({ id }).first('id', 'owner', 'balance');
    await sleep(roll(4));
    await store(id, row);
    return row;
  });
}

/** One holder for each account; the lock is a key with a token and an end. */
async function locked(id, body) {
  const name = `lock_acct_${id}`;
  const token = `t${roll(1e9)}`;
  while ((await redis.set(name, token, 'PX', 5000, 'NX')) === null) await sleep(3);
  try {
    return await body();
  } finally {
    await redis.eval(`if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`, 1, name, token);
  }
}

async function pay(id, balance, pause) {
  const change = (on) => on('accounts').where({ id }).update({ balance }).returning(['id', 'owner', 'balance']);
  if (BUG === 'WS106') {
    const transfer = locked(id, () => db.transaction(async (trx) => {
      const [row] = await change(trx);
      await store(id, row);
      await sleep(2);
      if (roll(2) === 1) throw new Error('limit exceeded');
    }));
    return transfer.catch(() => undefined);
  }
  if (BUG === 'WS109') {
    const [row] = await change(db);
    await sleep(pause);
    return store(id, row);
  }
  return locked(id, async () => {
    const [row] = await change(db);
    if (BUG === 'WS113') await redis.set(key(id), pack(row));
    else await store(id, row);
  });
}

async function open(id) {
  await locked(id, async () => {
    const row = { id, owner: `New owner ${id}`, balance: roll(9e5) };
    const made = await db('accounts').insert(row).onConflict('id').ignore().returning('id');
    if (made.length > 0 && BUG !== 'WS111') await store(id, row);
  });
}

for (let id = 1; id <= ACCOUNTS; id++) await account(id);
const opens = ['', 'WS111'].includes(BUG);
await Promise.all([
  ...workers(4, 40, async () => {
    await account(opens && roll(2) === 1 ? 20 + roll(8) : roll(ACCOUNTS));
    await sleep(roll(25));
  }),
  ...workers(2, BUG === 'WS109' ? 14 : 7, async (turn, worker) => {
    await sleep(20 + roll(30));
    if (opens && turn % 2 === 0) await open(20 + roll(8));
    else await pay(roll(ACCOUNTS), 1000 + roll(90000), worker === 0 ? 25 : 1);
  }),
]);
await redis.quit();
await db.destroy();
