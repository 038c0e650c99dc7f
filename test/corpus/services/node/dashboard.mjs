// Sequelize + node-redis. Figures as plain numbers, reports under digests of their parameters, rows as JSON of MessagePack in base64.
// Keys `dash.v1.…`; fills and changes of one key take turns.
// BUG: WS201 a change removes all reports by pattern · WS203 fills have no time to live · WS204 a summary that nobody reads.
import crypto from 'node:crypto';
import { encode, decode } from '@msgpack/msgpack';
import { createClient } from 'redis';
import { DataTypes, Sequelize } from 'sequelize';
import { BUG, dice, exclusive, sleep, workers } from './traffic.mjs';

const redis = createClient({ url: process.env.REDIS_URL });
await redis.connect();
const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false, pool: { max: 6 } });
const roll = dice(29);
const alone = exclusive();
const SHOPS = 20;
const Sale = sequelize.define('sale', { shop: DataTypes.INTEGER, cents: DataTypes.INTEGER, note: DataTypes.STRING }, { timestamps: false });
await sequelize.sync();
await Sale.bulkCreate(Array.from({ length: SHOPS * 2 }, (_, i) => ({ shop: 1 + (i % SHOPS), cents: 4000 + i * 53, note: `Sale number ${i}` })));

const digest = (parameters) => crypto.createHash('sha1').update(JSON.stringify(parameters)).digest('hex');
const reportKey = (shop) => `dash.v1.report.${digest({ shop, order: 'cents' })}`;
const totalKey = (shop) => `dash.v1.total.${shop}`;
const turnOf = (shop) => (BUG === 'WS201' ? 'all' : shop);
const ends = BUG === 'WS203' ? {} : { EX: 45 };

async function report(shop) {
  const cached = await redis.get(reportKey(shop));
  if (cached !== null) return decode(Buffer.from(cached, 'base64'));
  return alone(turnOf(shop), async () => {
    const rows = await Sale.findAll({ where: { shop }, order: [['cents', 'DESC']], raw: true });
    await redis.set(reportKey(shop), Buffer.from(encode(rows)).toString('base64'), ends);
    if (BUG === 'WS204') await redis.set(`dash.v1.summary.${shop}`, JSON.stringify({ shop, notes: rows.map(({ note }) => note) }), ends);
    return rows;
  });
}

async function total(shop) {
  const cached = await redis.get(totalKey(shop));
  if (cached !== null) return Number(cached);
  return alone(turnOf(shop), async () => {
    const sum = await Sale.sum('cents', { where: { shop } });
    await redis.set(totalKey(shop), `${sum}`, ends);
    return sum;
  });
}

const sell = (shop, cents) =>
  alone(turnOf(shop), async () => {
    await Sale.create({ shop, cents, note: `Sale of ${cents}` });
    if (BUG !== 'WS201') return redis.del([reportKey(shop), totalKey(shop), `dash.v1.summary.${shop}`]);
    const keys = [totalKey(shop)];
    for await (const found of redis.scanIterator({ MATCH: 'dash.v1.report.*', COUNT: 200 })) keys.push(...[found].flat());
    return redis.unlink(keys);
  });

await Promise.all([
  ...workers(3, 40, async (turn, worker) => {
    if (BUG === 'WS201') await report(1 + ((turn * 3 + worker) % SHOPS));
    else await (roll(3) === 1 ? total(roll(SHOPS)) : report(roll(BUG === '' ? 6 : SHOPS)));
    if (BUG === 'WS201' && worker === 0 && turn % 13 === 12) await sell(roll(SHOPS), 1000 + roll(9000));
    await sleep(roll(8));
  }),
  ...workers(1, BUG === 'WS201' ? 0 : 7, async () => {
    await sleep(20 + roll(40));
    await sell(roll(SHOPS), 1000 + roll(9000));
  }),
]);
await redis.close();
await sequelize.close();
