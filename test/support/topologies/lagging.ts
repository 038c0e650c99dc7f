/**
 * A service that reads its cache at a replica of Redis and is right in all it does: after every change it removes the key.
 * In the middle the replica loses its primary, so that it goes on serving what was removed; then it finds it again.
 */
import { type Command, nodeService } from '../../e2e/services.ts';

export interface LaggingPorts {
  /** Ports of the servers themselves, for what an administrator does. */
  readonly primary: number;
  readonly replica: number;
}

export function laggingService(folder: string, ports: LaggingPorts): Command {
  return nodeService(
    folder,
    `
const { Redis } = require('ioredis');
const { Client } = require('pg');
const primary = new Redis(process.env.REDIS_URL);
const replica = new Redis(process.env.REDIS_REPLICA_URL);
const administrator = new Redis(Number('${ports.replica}'), '127.0.0.1');
const source = new Client({ connectionString: process.env.DATABASE_URL });
await source.connect();
const follow = (port) => administrator.call('REPLICAOF', '127.0.0.1', String(port));
const caughtUp = async () => {
  while (!/master_link_status:up/.test(await administrator.info('replication'))) await new Promise((done) => setTimeout(done, 20));
  await primary.wait(1, 5000);
};
let old = 0;
async function read(id, expected) {
  const hit = await replica.get('lamps:' + id);
  if (hit !== null) {
    if (JSON.parse(hit).price !== expected) old += 1;
    return;
  }
  const { rows } = await source.query('SELECT id, name, price FROM lamps WHERE id = $1', [id]);
  await primary.set('lamps:' + id, JSON.stringify(rows[0]), 'EX', 300);
}
async function reprice(id, price) {
  await source.query('UPDATE lamps SET price = $1 WHERE id = $2', [price, id]);
  await primary.del('lamps:' + id);
}
for (const id of [11, 12, 13]) await read(id, '');
await primary.wait(1, 5000);
await follow(1);
for (const round of ['201.5', '202.5', '203.5']) {
  for (const id of [11, 12, 13]) await reprice(id, round);
  for (const id of [11, 12, 13, 11, 12, 13]) await read(id, round);
  // A reader that goes to the primary fills the key again, which the replica is not told either.
  for (const id of [11, 12]) {
    const { rows } = await source.query('SELECT id, name, price FROM lamps WHERE id = $1', [id]);
    await primary.set('lamps:' + id, JSON.stringify(rows[0]), 'EX', 300);
  }
  for (const id of [11, 12, 13]) await read(id, round);
}
await follow(${ports.primary});
await caughtUp();
const served = old;
for (const id of [11, 12, 13, 11, 12, 13]) await read(id, '203.5');
console.log('old values served: ' + served + ', then ' + (old - served));
await source.end();
for (const redis of [primary, replica, administrator]) redis.disconnect();
`,
  );
}

/**
 * A service that removes the key after every change and fills it again: lamps from the standby, desks from the primary
 * (the twin). Its standby does not replay while it runs, so a lamp's fill always misses the change.
 */
export function refillingService(folder: string): Command {
  return nodeService(
    folder,
    `
const { Redis } = require('ioredis');
const { Client } = require('pg');
const redis = new Redis(process.env.REDIS_URL);
const primary = new Client({ connectionString: process.env.DATABASE_URL });
const standby = new Client({ connectionString: process.env.DATABASE_REPLICA_URL });
await Promise.all([primary.connect(), standby.connect()]);
async function read(table, id) {
  const key = table + ':' + id;
  const hit = await redis.get(key);
  if (hit !== null) return JSON.parse(hit);
  const source = table === 'lamps' ? standby : primary;
  const { rows } = await source.query('SELECT id, name, price FROM ' + table + ' WHERE id = $1', [id]);
  await redis.set(key, JSON.stringify(rows[0]), 'EX', 300);
  return rows[0];
}
for (const table of ['lamps', 'desks']) {
  for (const id of [11, 12, 13]) {
    await read(table, id);
    await read(table, id);
    await primary.query('UPDATE ' + table + ' SET price = $1 WHERE id = $2', [String(500 + id), id]);
    await redis.del(table + ':' + id);
    await read(table, id);
    await read(table, id);
    const { price } = await read(table, id);
    console.log(table + ' ' + id + ' at ' + Number(price));
  }
}
for (const client of [primary, standby]) await client.end();
await redis.quit();
`,
  );
}
