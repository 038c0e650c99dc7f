import { describe, expect, it } from 'vitest';
import { numberPlaceholders } from '../../../src/observe/otlp/placeholders.ts';
import { shapes } from '../../../src/observe/sql/shape.ts';
import { KINDS, readOne } from './support.ts';

const redis = (attributes: Record<string, string>) =>
  readOne({ attributes: { 'db.system.name': 'redis', ...attributes } }).statement;
const postgres = (text: string) =>
  readOne({ attributes: { 'db.system.name': 'postgresql', 'db.query.text': text } }).statement;

describe('a Redis client’s span', () => {
  it.each([
    ['current names', { 'db.query.text': 'GET item:7', 'db.operation.name': 'GET' }, 'GET'],
    ['the names before', { 'db.statement': 'get item:7', 'db.operation': 'get' }, 'GET'],
    ['the operation alone', { 'db.operation.name': 'hgetall' }, 'HGETALL'],
    [
      'a command of a transaction',
      { 'db.query.text': 'SET a [1 other]', 'db.operation.name': 'MULTI' },
      'SET',
    ],
    ['a pipeline of one command', { 'db.operation.name': 'PIPELINE SET' }, 'SET'],
    ['a pipeline as one text', { 'db.statement': 'SET ? ?\nGET ?\nGET ?' }, 'SET GET'],
    ['a module’s command', { 'db.statement': 'ft.search items *' }, 'FT.SEARCH'],
    ['a text that is no command', { 'db.statement': '"secret"' }, undefined],
    ['nothing', {}, undefined],
  ])('is read by %s', (_, attributes, statement) =>
    expect(redis(attributes as Record<string, string>)).toBe(statement));

  it('keeps no key and no value', () => {
    const span = readOne({ attributes: { 'db.system': 'redis', 'db.statement': 'SET item:7 lamp' } });
    expect(JSON.stringify(span)).not.toMatch(/item:7|lamp/);
  });

  it.each([
    [{ 'db.system.name': 'redis', 'server.port': 6379 }, 6379],
    [{ 'db.system': 'redis', 'net.peer.port': 6380 }, 6380],
    [{ 'db.system': 'redis', 'net.peer.port': '6380' }, 6380],
    [{ 'db.system': 'redis', 'net.peer.port': 70_000 }, undefined],
    [{ 'db.system': 'redis' }, undefined],
  ])('of %j is on port %s', (attributes, port) => expect(readOne({ attributes }).port).toBe(port));
});

describe('a PostgreSQL client’s span', () => {
  it.each([
    'SELECT id, name FROM items WHERE id = $1',
    "select  *\n from items where name = 'lamp' and price > 12.5 -- secret",
    'INSERT INTO items (id, name) VALUES ($1, $2), ($3, $4) RETURNING id',
    "UPDATE items SET data = data - 'key' WHERE data ? 'other' AND tags ?| array['a']",
    'SELECT 7 % id, @ -5, data @> $1, a[1:2] FROM items',
    'SELECT "na?me" FROM items WHERE x::int = 5 AND y = $$lit%s$$',
  ])('has the shape that the wire has: %s', (sql) => expect(postgres(sql)).toBe(shapes(sql)[0]!.shape));

  it('joins the shapes of several statements', () => {
    expect(postgres('BEGIN; UPDATE items SET price = 5; COMMIT')).toBe(
      'BEGIN; UPDATE items SET price = $1; COMMIT',
    );
  });

  it('without text has no statement', () => {
    const span = readOne({ name: 'pg.connect', attributes: { 'db.system.name': 'postgresql' } });
    expect(span).toMatchObject({ system: 'postgresql' });
    expect(span).not.toHaveProperty('statement');
  });
});

describe('any other database’s span', () => {
  it.each([
    ['mysql', { 'db.statement': 'SELECT "secret"', 'db.operation': 'select' }, 'SELECT'],
    ['mongodb', { 'db.statement': '{"find":"secret"}' }, undefined],
    ['memcached', { 'db.operation.name': 'get secret key' }, undefined],
  ])('%s names its operation only', (system, attributes, statement) => {
    const span = readOne({ attributes: { 'db.system': system, ...attributes } });
    expect(span.system).toBe(system);
    expect(span.statement).toBe(statement);
    expect(JSON.stringify(span)).not.toContain('secret');
  });

  it('counts whatever its kind, but for a server', () => {
    const attributes = { 'db.system': 'redis', 'db.statement': 'GET a' };
    expect(readOne({ kind: KINDS.internal, attributes }).statement).toBe('GET');
    expect(readOne({ kind: KINDS.server, attributes }).statement).toBeUndefined();
  });
});

describe('placeholders of drivers', () => {
  it.each([
    [
      'SELECT * FROM t WHERE a = %s AND b IN (%s, %s) LIMIT %s',
      'SELECT * FROM t WHERE a = $1 AND b IN ($2, $3) LIMIT $4',
    ],
    ['UPDATE t SET a=%(price)s WHERE id=%(id)s', 'UPDATE t SET a=$1 WHERE id=$2'],
    [
      "SELECT a %% 2 FROM t WHERE n LIKE 'x%%' AND id = %s",
      "SELECT a % 2 FROM t WHERE n LIKE 'x%%' AND id = $1",
    ],
    ['SELECT a %s FROM t', 'SELECT a %s FROM t'],
    [
      'SELECT * FROM t WHERE a = ? AND d ? $1 AND d ?| ? LIMIT ?',
      'SELECT * FROM t WHERE a = $1 AND d ? $1 AND d ?| $2 LIMIT $3',
    ],
    ['SELECT * FROM t WHERE a = ?::int AND b=?', 'SELECT * FROM t WHERE a = $1::int AND b=$2'],
    ['SELECT * FROM t WHERE a = :id AND b > :from::date', 'SELECT * FROM t WHERE a = $1 AND b > $2::date'],
    [
      'SELECT * FROM t WHERE a = @id AND b @> c AND d @@ e',
      'SELECT * FROM t WHERE a = $1 AND b @> c AND d @@ e',
    ],
    ['SELECT a[1:n], "x?" FROM t WHERE c = \'?\'', 'SELECT a[1:n], "x?" FROM t WHERE c = \'?\''],
    ['SELECT 1', 'SELECT 1'],
    ['', ''],
  ])('%s', (sql, numbered) => expect(numberPlaceholders(sql)).toBe(numbered));

  it('have the shape of the parameters that the wire has', () => {
    const wire = shapes('SELECT id FROM items WHERE id = $1 AND kind IN ($2, $3)')[0]!.shape;
    for (const sign of ['%s', '?', ':x', '@x', '%(x)s'])
      expect(postgres(`SELECT id FROM items WHERE id = ${sign} AND kind IN (${sign}, ${sign})`)).toBe(wire);
  });

  it('take time linear in the text', () => {
    const long = `SELECT ${'?, '.repeat(60_000)}?`;
    expect(numberPlaceholders(long)).toMatch(/\$60001$/);
  });
});
