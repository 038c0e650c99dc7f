import type net from 'node:net';
import pg from 'pg';
import postgres from 'postgres';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeFrontend } from '../../../src/wire/postgres/index.ts';
import { withPostgres } from '../../support/engines.ts';
import {
  failure,
  PlainPostgresReader,
  postgresGate,
  type RawClient,
  rawClient,
  rawOver,
  sleep,
  until,
  type Watched,
} from './support.ts';

const server = withPostgres();
const target = () => ({ host: server.host(), port: server.port() });

/** Closers that must run before the database is dropped. */
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function urlOf({ gate }: Watched): string {
  const url = new URL(server.url());
  url.hostname = gate.endpoint.host;
  url.port = String(gate.endpoint.port);
  return url.href;
}

async function client(watched: Watched): Promise<pg.Client> {
  const one = new pg.Client({ connectionString: urlOf(watched) });
  one.on('error', () => {});
  await one.connect();
  closers.push(
    () => watched.gate.hold(false),
    () => one.end().catch(() => {}),
  );
  return one;
}

async function items(watched: Watched): Promise<pg.Client> {
  const one = await client(watched);
  await one.query(
    'create table items (id int primary key, price int); insert into items values (1, 10), (2, 20)',
  );
  watched.gate.hold(true);
  return one;
}

const price = async () => (await server.sql('select price from items where id = 1'))[0]?.price;

describe('a statement', () => {
  test('waits at a closed gate; startup and silent statements pass', async () => {
    const reader = new PlainPostgresReader();
    const watched = await postgresGate(target(), { reader: () => reader });
    watched.gate.hold(true);
    const one = await client(watched);
    expect(reader.parameters.get('user')).toBe('postgres');
    await one.query('select 1');
    const made = one.query('create table t (a int)');
    const held = await watched.offered('create table');
    expect(held).toMatchObject({ store: 'postgres', kind: 'message', session: 'postgres:1' });
    expect(await server.sql("select to_regclass('t') as t")).toEqual([{ t: null }]);
    watched.gate.release(held.id, 'forward');
    await made;
    expect(await watched.result(held.id)).toBe('CREATE TABLE');
  });

  test('with parameters is one message (pg)', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const updated = one.query('update items set price = $1 where id = $2', [11, 1]);
    expect(await watched.pass('update items')).toBe('UPDATE 1');
    expect((await updated).rowCount).toBe(1);
    const read = one.query({ name: 'by id', text: 'select * from items where id = $1', values: [1] });
    expect(await watched.pass('select * from items')).toBe('SELECT 1 1,11');
    expect((await read).rows).toEqual([{ id: 1, price: 11 }]);
    const again = one.query({
      name: 'by id',
      text: 'select * from items where id = $1',
      values: [2],
      rowMode: 'array',
    });
    expect(await watched.pass('select * from items')).toBe('SELECT 1 2,20');
    expect((await again).rows).toEqual([[2, 20]]);
  });

  test('of several connections of a pool is told by its session', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const pool = new pg.Pool({ connectionString: urlOf(watched), max: 4 });
    closers.unshift(() => pool.end());
    const sums = [1, 2, 3].map((n) => pool.query(`select ${n} + price as sum from items where id = 1`));
    await until(() => watched.gate.held().length === 3);
    expect(new Set(watched.gate.held().map(({ session }) => session)).size).toBe(3);
    for (const n of [3, 1, 2]) await watched.pass(`select ${n}`);
    expect((await Promise.all(sums)).map(({ rows }) => rows[0].sum)).toEqual([11, 12, 13]);
    watched.gate.hold(false);
  });

  test('that waits for a row lock stays unanswered, with its server process', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const two = await client(watched);
    await one.query('begin');
    const first = one.query('update items set price = 11 where id = 1');
    await watched.pass('update items');
    const second = two.query('update items set price = price + 1 where id = 1');
    await watched.release('update items');
    await until(() => watched.gate.unanswered()[0]?.silent === false);
    const [waiting] = watched.gate.unanswered();
    const blockers = await server.sql(`select pg_blocking_pids(${waiting?.backendPid}) as pids`);
    expect(blockers).toEqual([{ pids: [(one as unknown as { processID: number }).processID] }]);
    await first;
    const committed = one.query('commit');
    await watched.pass('commit');
    await Promise.all([committed, second]);
    expect(await price()).toBe(12);
  });
});

describe('closing a gate', () => {
  test('leaves what was sent alone, and holds what the same connection says next', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    watched.gate.hold(false);
    const pool = new pg.Pool({ connectionString: urlOf(watched), max: 1 });
    closers.unshift(() => pool.end());
    const slow = pool.query('select pg_sleep(0.2)');
    const read = pool.query('select price from items where id = 1');
    await until(() => watched.gate.unanswered().some(({ label }) => label.includes('pg_sleep')));
    watched.gate.hold(true);
    await slow;
    await watched.offered('select price');
    const write = one.query('update items set price = 11 where id = 1');
    await watched.pass('update items');
    await write;
    watched.gate.hold(false);
    expect((await read).rows).toEqual([{ price: 11 }]);
  });
});

describe('a pipeline', () => {
  test('is released unit by unit (postgres.js)', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const sql = postgres(urlOf(watched), { max: 1, onnotice: () => {}, fetch_types: false });
    closers.unshift(() => sql.end({ timeout: 1 }));
    const rows = Promise.all([
      sql`select price from items where id = ${1}`,
      sql`update items set price = ${30} where id = ${1}`,
      sql`select price from items where id = ${1}`,
    ]);
    expect(await watched.pass('select price')).toBe('SELECT 1 10');
    expect(await watched.pass('update items')).toBe('UPDATE 1');
    expect(await watched.pass('select price')).toBe('SELECT 1 30');
    expect((await rows).map((result) => result[0]?.price ?? null)).toEqual([10, null, 30]);
    const inside = sql.begin(async (tx) => {
      await tx`update items set price = 31 where id = 1`;
      return tx`select price from items where id = 1`;
    });
    await watched.pass('update items');
    await watched.pass('select price');
    expect(await watched.pass('commit')).toBe('COMMIT');
    expect((await inside)[0]?.price).toBe(31);
    expect(watched.degraded).toEqual([]);
  });

  test('of raw units offers the oldest only', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    const unit = (n: number) =>
      Buffer.concat([
        encodeFrontend.parse('', `select ${n} + price from items where id = 1`),
        encodeFrontend.bind({}),
        encodeFrontend.describe('portal'),
        encodeFrontend.execute(),
        encodeFrontend.sync(),
      ]);
    raw.send(Buffer.concat([unit(1), unit(2), unit(3)]));
    for (const n of [1, 2, 3]) {
      await watched.offered(`select ${n}`);
      expect(watched.labels()).toHaveLength(1);
      expect(await watched.pass(`select ${n}`)).toBe(`SELECT 1 ${10 + n}`);
    }
    await raw.until('SELECT 1\0Z\0\0\0\x05I');
  });

  test('with Flush is answered when every part is (Parse, Describe · Bind, Execute · Sync)', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    raw.send(
      Buffer.concat([
        encodeFrontend.parse('s', 'select price from items where id = $1'),
        encodeFrontend.describe('statement', 's'),
        encodeFrontend.flush(),
        encodeFrontend.bind({ statement: 's', values: ['1'], resultFormats: [1] }),
        encodeFrontend.execute(),
        encodeFrontend.flush(),
        encodeFrontend.flush(),
        encodeFrontend.close('statement', 's'),
        encodeFrontend.sync(),
      ]),
    );
    expect(await watched.pass('select price')).toBe('SELECT 1 10');
    const answer = await raw.until('Z\0\0\0\x05I');
    // ParseComplete, then BindComplete behind the description, then CloseComplete behind the rows.
    expect(answer.startsWith('1')).toBe(true);
    expect(answer).toContain('2\0\0\0\x04D');
    expect(answer).toContain('SELECT 1\x003\0\0\0\x04Z');
    await watched.quiet();
  });

  test('is passed over up to Sync after an error, and none of it is held', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    const ask = (text: string) => [
      encodeFrontend.parse('', text),
      encodeFrontend.bind({}),
      encodeFrontend.execute(),
    ];
    raw.send(
      Buffer.concat([
        ...ask('select nothing'),
        encodeFrontend.flush(),
        ...ask('update items set price = 99'),
        encodeFrontend.flush(),
        encodeFrontend.sync(),
        encodeFrontend.query('select price from items where id = 1'),
      ]),
    );
    expect(await watched.pass('select nothing')).toBe('42703');
    expect(await watched.pass('select price')).toBe('SELECT 1 10');
    await raw.until('Z\0\0\0\x05I');
    await watched.quiet();
  });
});

describe('COPY', () => {
  const data = [
    encodeFrontend.copyData(Buffer.from('3\t30\n')),
    encodeFrontend.copyData(Buffer.from('4\t40\n')),
  ];
  const copy = 'copy items from stdin';

  test.each([
    ['in a query', [encodeFrontend.query(copy)], []],
    [
      'in the extended protocol',
      [
        encodeFrontend.parse('', copy),
        encodeFrontend.bind({}),
        encodeFrontend.execute(),
        encodeFrontend.sync(),
      ],
      [encodeFrontend.sync()],
    ],
    [
      'in the extended protocol with Flush',
      [
        encodeFrontend.parse('', copy),
        encodeFrontend.bind({}),
        encodeFrontend.execute(),
        encodeFrontend.flush(),
      ],
      [encodeFrontend.sync()],
    ],
  ])('takes its data %s', async (_how, begin, end) => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    raw.send(Buffer.concat(begin));
    await watched.release('copy items');
    await until(() => /G\0\0\0[\s\S]*$/.test(raw.received()));
    for (const part of [...data, encodeFrontend.copyDone(), ...end]) raw.send(part);
    await raw.until('COPY 2\0Z\0\0\0\x05I');
    raw.send(encodeFrontend.query('select count(*) from items'));
    expect(await watched.pass('select count')).toBe('SELECT 1 4');
    await watched.quiet();
  });

  test('takes data that were sent too early', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    raw.send(
      Buffer.concat([
        encodeFrontend.parse('', copy),
        encodeFrontend.bind({}),
        encodeFrontend.execute(),
        encodeFrontend.sync(),
        ...data,
        encodeFrontend.copyDone(),
        encodeFrontend.sync(),
        encodeFrontend.query('select count(*) from items'),
      ]),
    );
    expect(await watched.pass('copy items')).toBe('COPY 2');
    expect(await watched.pass('select count')).toBe('SELECT 1 4');
  });

  test.each([
    ['a query', [encodeFrontend.query(copy)], []],
    [
      'the extended protocol',
      [
        encodeFrontend.parse('', copy),
        encodeFrontend.bind({}),
        encodeFrontend.execute(),
        encodeFrontend.sync(),
      ],
      [encodeFrontend.sync()],
    ],
  ])('that fails ends in %s', async (_how, begin, end) => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    raw.send(Buffer.concat(begin));
    const id = await watched.release('copy items');
    await until(() => /G\0\0\0[\s\S]*$/.test(raw.received()));
    raw.send(
      Buffer.concat([encodeFrontend.copyData(Buffer.from('no number\n')), encodeFrontend.copyDone(), ...end]),
    );
    expect(await watched.result(id)).toBe('22P02 I');
    raw.send(encodeFrontend.query('select count(*) from items'));
    expect(await watched.pass('select count')).toBe('SELECT 1 2');
    await watched.quiet();
  });

  test('gives its data', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    raw.send(encodeFrontend.query('copy items to stdout'));
    expect(await watched.pass('copy items to')).toBe('COPY 2');
    expect(await raw.until('Z\0\0\0\x05I')).toContain('2\t20\n');
  });
});

describe('an answer', () => {
  test('may be large', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const read = one.query("select n, repeat('x', 100000) as text from generate_series(1, 300) n");
    expect(await watched.pass('select n')).toMatch(/^SELECT 300 1,xxx/);
    expect((await read).rows).toHaveLength(300);
    const write = one.query('select length($1) as length', ['y'.repeat(30 << 20)]);
    await watched.pass('select length');
    expect((await write).rows[0].length).toBe(30 << 20);
  }, 60_000);

  test('does not include what the server says by itself', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const heard: (string | undefined)[] = [];
    one.on('notification', ({ payload }) => heard.push(payload));
    const listening = one.query('listen news');
    await watched.pass('listen');
    await listening;
    await server.sql("notify news, 'hello'");
    await until(() => heard.length === 1);
    expect(watched.gate.held()).toEqual([]);
  });
});

describe('a fault', () => {
  test('reset: the statement has no effect, the transaction is rolled back', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    await one.query('begin');
    const first = one.query('update items set price = 11 where id = 1');
    await watched.pass('update items');
    await first;
    const commit = failure(one.query('commit'));
    expect(watched.gate.closing()).not.toEqual([]);
    expect(await watched.pass('commit', 'reset')).toBe('connection reset');
    expect(await commit).not.toBe('did not fail');
    await watched.quiet();
    expect(watched.gate.connections()).toBe(0);
    expect(watched.gate.closing()).toEqual([]);
    expect(await price()).toBe(10);
    const locks = await server.sql(
      "select count(*)::int as n from pg_locks where relation = 'items'::regclass and pid <> pg_backend_pid()",
    );
    expect(locks).toEqual([{ n: 0 }]);
  });

  test('reply-lost: the statement took effect, the client does not know', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const update = failure(one.query('update items set price = $1', [11]));
    expect(await watched.pass('update items', 'reply-lost')).toBe('UPDATE 2, reply lost');
    expect(await update).not.toBe('did not fail');
    expect(await price()).toBe(11);
    expect(watched.shown('update items')?.server).not.toContain('UPDATE 2');
    expect(watched.shown('update items')?.ended).toBe(true);
  });

  test.each([
    ['a query', (one: pg.Client) => one.query('update items set price = 11')],
    ['a statement with parameters', (one: pg.Client) => one.query('update items set price = $1', [11])],
  ])('error: %s fails, and its transaction with it', async (_what, update) => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const alone = update(one).catch((error: unknown) => error);
    expect(await watched.pass('update items', 'error')).toBe('57014 I');
    expect(await alone).toMatchObject({
      code: '57014',
      message: 'canceling statement due to statement timeout',
    });
    await one.query('begin');
    const inside = update(one).catch((error: unknown) => error);
    expect(await watched.pass('update items', 'error')).toBe('57014 E');
    expect(await inside).toMatchObject({ code: '57014' });
    const after = one.query('select price from items').catch((error: unknown) => error);
    await watched.pass('select price');
    expect(await after).toMatchObject({ code: '25P02' });
    const rollback = one.query('rollback');
    await watched.pass('rollback');
    await rollback;
    expect(await price()).toBe(10);
    expect(watched.shown('update items')?.server).toContain('57014');
    expect(watched.shown('update items')?.client).not.toContain('no such portal');
  });

  test('error: a COMMIT that fails rolls back, as the server would', async () => {
    const watched = await postgresGate(target(), { fault: { code: '40001', text: 'could not serialize' } });
    const one = await items(watched);
    await one.query('begin');
    const update = one.query('update items set price = 11');
    await watched.pass('update items');
    await update;
    const commit = failure(one.query('COMMIT'));
    expect(await watched.pass('COMMIT', 'error')).toBe('40001 I');
    expect(await commit).toBe('could not serialize');
    const read = one.query('select price from items where id = 1');
    expect(await watched.pass('select price')).toBe('SELECT 1 10');
    expect((await read).rows).toEqual([{ price: 10 }]);
  });

  test('error: in a unit that ends in Flush everything up to Sync is passed over', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    const ask = (text: string) => [
      encodeFrontend.parse('', text),
      encodeFrontend.bind({}),
      encodeFrontend.execute(),
      encodeFrontend.flush(),
    ];
    raw.send(Buffer.concat([...ask('update items set price = 1'), ...ask('update items set price = 2')]));
    expect(await watched.pass('update items', 'error')).toBe('57014');
    raw.send(encodeFrontend.sync());
    expect(await raw.until('Z\0\0\0\x05I')).toMatch(/^E[\s\S]*57014/);
    expect(await price()).toBe(10);
    await watched.quiet();
  });

  test('delay: the answer is held, the statement took effect', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    let done = false;
    const update = one.query('update items set price = 11').then(() => {
      done = true;
    });
    const id = await watched.release('update items', 'delay');
    expect(await watched.result(id)).toBe('UPDATE 2');
    expect(await price()).toBe(11);
    await sleep(20);
    expect(done).toBe(false);
    watched.gate.deliver(id);
    await update;
  });
});

describe('the end of a connection', () => {
  test('with a transaction open is held; then the transaction is rolled back', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    await one.query('begin');
    const update = one.query('update items set price = 11');
    await watched.pass('update items');
    await update;
    const ended = one.end();
    const held = await watched.offered('rollback');
    expect(held.kind).toBe('close');
    expect(watched.gate.unanswered()).toEqual([]);
    watched.gate.release(held.id, 'forward');
    await watched.quiet();
    await ended;
    expect(await price()).toBe(10);
  });

  test('without one passes, also without a farewell', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    (one as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await until(() => watched.gate.connections() === 0);
    await watched.quiet();
    expect(watched.gate.held()).toEqual([]);
  });

  test('comes behind what was said before it', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    raw.send(encodeFrontend.query('begin; update items set price = 11'));
    await watched.quiet();
    raw.send(encodeFrontend.query('update items set price = 12; commit'));
    await watched.offered('update items');
    raw.socket.destroy();
    await until(() => watched.gate.connections() === 1);
    await watched.pass('update items');
    await watched.quiet();
    expect(await price()).toBe(12);
  });

  test('by a killed process frees its locks once quiet, and loses what was held', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    await one.query('begin');
    const update = one.query('update items set price = 11');
    await watched.pass('update items');
    await update;
    const commit = failure(one.query('commit'));
    await watched.offered('commit');
    watched.gate.reset();
    expect(await commit).not.toBe('did not fail');
    await watched.quiet();
    await server.sql("set lock_timeout = '10ms'; update items set price = price + 1");
    expect(await price()).toBe(11);
  });

  test('by a killed process leaves a statement behind that waits for a lock', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const holder = new pg.Client({ connectionString: server.url() });
    await holder.connect();
    closers.push(() => holder.end());
    await holder.query('begin; update items set price = 50 where id = 1');
    const update = failure(one.query('update items set price = price + 1 where id = 1'));
    const id = await watched.release('update items');
    watched.gate.reset();
    expect(await update).not.toBe('did not fail');
    await sleep(50);
    expect(watched.gate.unanswered()).toMatchObject([{ id, silent: false }]);
    await holder.query('commit');
    expect(await watched.result(id)).toBe('UPDATE 1');
    await watched.quiet();
    expect(await price()).toBe(51);
  });

  test('cancel requests pass', async () => {
    const watched = await postgresGate(target());
    const one = await items(watched);
    const slow = failure(one.query('select pg_sleep(60)'));
    await watched.release('select pg_sleep(60)');
    await until(() => watched.gate.unanswered().length > 0);
    const { processID, secretKey } = one as unknown as { processID: number; secretKey: number };
    const secret = Buffer.alloc(4);
    secret.writeInt32BE(secretKey);
    const cancel = await rawClient(watched.gate.endpoint);
    cancel.send(encodeFrontend.cancelRequest(processID, secret));
    expect(await slow).toContain('canceling statement');
  });
});

describe('what cannot be ordered passes, and that is said', () => {
  test('another protocol', async () => {
    const watched = await postgresGate(target());
    await items(watched);
    const raw = await startRaw(watched);
    raw.send(encodeFrontend.query('update items set price = 13'));
    await watched.offered('update items');
    raw.send(Buffer.from([0x7f, 0, 0, 0, 4]));
    await until(() => raw.closed());
    expect(watched.degraded).toEqual(['gate-pg-protocol']);
  });

  test('replication', async () => {
    const watched = await postgresGate(target());
    watched.gate.hold(true);
    const one = new pg.Client({ connectionString: `${urlOf(watched)}?replication=database` });
    closers.push(() => one.end());
    await one.connect();
    const { rows } = await one.query('IDENTIFY_SYSTEM');
    expect(rows).toHaveLength(1);
    expect(watched.degraded).toEqual(['gate-pg-replication']);
  });
});

/** A connection that a driver has logged in, without the driver. */
async function startRaw(watched: Watched): Promise<RawClient> {
  const one = await client(watched);
  const { stream } = (one as unknown as { connection: { stream: net.Socket } }).connection;
  stream.removeAllListeners('data').removeAllListeners('end');
  closers.push(() => stream.destroy());
  return rawOver(stream);
}
