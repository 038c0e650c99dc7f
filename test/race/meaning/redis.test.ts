/** What Redis commands mean to others: whether they pass, what people read, what they touch. */
import { describe, expect, it } from 'vitest';
import { footprintKey } from '../../../src/race/explore/footprint.ts';
import { openRedisReader, type RedisReaderOptions } from '../../../src/race/meaning/index.ts';
import { encodeReply, type Reply } from '../../../src/wire/redis/index.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
/** Words of a command; quoted ones may hold blanks. */
const words = (line: string): Uint8Array[] =>
  (line.match(/'[^']*'|\S+/g) ?? []).map((word) => bytes(word.replace(/^'(.*)'$/, '$1')));

function open(more: Partial<RedisReaderOptions> = {}): ReturnType<typeof openRedisReader> {
  return openRedisReader({ exploration: { tracking: false }, ...more });
}

/** `silent`, or label and footprint; a few commands in a row, all of them answered OK. */
function meaning(lines: string, more: Partial<RedisReaderOptions> = {}): string {
  const reader = open(more);
  let last = '';
  for (const line of lines.split('; ')) {
    const { silent, label, footprint } = reader.command(words(line));
    last = silent ? 'silent' : `${label} | ${footprintKey(footprint).replaceAll('\n', ', ')}`;
    reader.replied(bytes('+OK\r\n'));
  }
  return last;
}

describe('a command', () => {
  it.each([
    'HELLO 3 AUTH u p',
    'AUTH secret',
    'CLIENT SETINFO LIB-NAME x',
    'CLIENT TRACKING ON',
    'SELECT 3',
    'PING',
    'ECHO x',
    'INFO',
    'COMMAND DOCS',
    'CONFIG GET save',
    'SCRIPT LOAD x',
    'SCRIPT EXISTS x',
    'FUNCTION LOAD x',
    'TIME',
    'READONLY',
    'MULTI',
    'MULTI; SET a 1',
    'MULTI; DISCARD',
    'MULTI; PING; EXEC',
    'UNWATCH',
    'WAIT 0 0',
    'UNSUBSCRIBE',
    'CLUSTER SLOTS',
    'RESET',
  ])('%s passes at once', (line) => {
    expect(meaning(line)).toBe('silent');
  });

  it.each([
    ['GET item:1', 'GET item:1 | r redis:0:item:1'],
    ['get item:1', 'GET item:1 | r redis:0:item:1'],
    ['SELECT 2; GET item:1', 'GET item:1 | r redis:2:item:1'],
    ['SET item:1 v EX 60', 'SET item:1 | w redis:0:item:1'],
    ['SET item:1 v NX', 'SET item:1 NX | w redis:0:item:1'],
    ['SET item:1 NX', 'SET item:1 | w redis:0:item:1'],
    ['DEL item:1 item:2', 'DEL item:1 item:2 | w redis:0:item:1, w redis:0:item:2'],
    ['MGET a b', 'MGET a b | r redis:0:a, r redis:0:b'],
    ['MSET a 1 b 2', 'MSET a b | w redis:0:a, w redis:0:b'],
    ['GETEX a', 'GETEX a | r redis:0:a'],
    ['GETEX a EX 5', 'GETEX a | w redis:0:a'],
    ['GETDEL a', 'GETDEL a | w redis:0:a'],
    ['INCR a', 'INCR a | w redis:0:a'],
    ['EXPIRE a 60', 'EXPIRE a | w redis:0:a'],
    ['TTL a', 'TTL a | r redis:0:a'],
    ['HGET h f', 'HGET h | r redis:0:h'],
    ['SUNIONSTORE to a b', 'SUNIONSTORE to a b | r redis:0:a, r redis:0:b, w redis:0:to'],
    ['ZUNIONSTORE to 2 a b', 'ZUNIONSTORE to a b | r redis:0:a, r redis:0:b, w redis:0:to'],
    ['COPY a b DB 3', 'COPY a b | r redis:0:a, w redis:3:b'],
    ['MOVE a 1', 'MOVE a 1 | w redis:0:a, w redis:1:a'],
    ['SWAPDB 0 1', 'SWAPDB 0 1 | w redis:0, w redis:1'],
    ['RENAME a b', 'RENAME a b | w redis:0:a, w redis:0:b'],
    ['KEYS set:*', 'KEYS set:* | r redis:0~set:*'],
    ['KEYS set:?', 'KEYS set:? | r redis:0~set:*'],
    ['KEYS s[ae]t:1', 'KEYS s[ae]t:1 | r redis:0~s*'],
    ['KEYS a\\*b', 'KEYS a\\*b | r redis:0~a\\*b'],
    ['SCAN 0 MATCH set:* COUNT 5', 'SCAN MATCH set:* | r redis:0~set:*'],
    ['SCAN 0', 'SCAN | r redis:0'],
    ['HSCAN h 0', 'HSCAN h | r redis:0:h'],
    ['DBSIZE', 'DBSIZE | r redis:0'],
    ['RANDOMKEY', 'RANDOMKEY | r redis:0'],
    ['FLUSHDB ASYNC', 'FLUSHDB | w redis:0'],
    ['FLUSHALL', 'FLUSHALL | w redis:*'],
    [
      'SORT l BY w_*->f GET # GET d_* STORE to',
      'SORT l STORE to | r redis:0:l, r redis:0~d_*, r redis:0~w_*, w redis:0:to',
    ],
    ['BLPOP a b 0', 'BLPOP a b | w redis:0:a, w redis:0:b'],
    ['XREAD BLOCK 0 STREAMS a b 0 0', 'XREAD a b | r redis:0:a, r redis:0:b'],
    ['XGROUP CREATE s g $', 'XGROUP CREATE s | w redis:0:s'],
    ['OBJECT ENCODING a', 'OBJECT ENCODING a | r redis:0:a'],
    ['OBJECT IDLETIME a', 'OBJECT IDLETIME a | w redis:0:a'],
    ['JSON.GET d $.a', 'JSON.GET d | r redis:0:d'],
    ['JSON.SET d $ 1', 'JSON.SET d | w redis:0:d'],
    ['JSON.MGET a b $.x', 'JSON.MGET a b | r redis:0:a, r redis:0:b'],
    ['PUBLISH news hello', 'PUBLISH news | w push:*'],
    ['SUBSCRIBE news', 'SUBSCRIBE news | r push:*'],
    ['EVAL x 1 k', 'EVAL k | w push:*, w redis:*'],
    ['EVALSHA 3F2A9c 1 k a', 'EVALSHA 3f2a… k | w push:*, w redis:*'],
    ['FCALL_RO f 1 k', 'FCALL_RO f k | r redis:*'],
    ['CONFIG SET maxmemory 1', 'CONFIG | w push:*, w redis:*'],
    ['FT.SEARCH idx *', 'FT.SEARCH | w push:*, w redis:*'],
    ['WATCH a', 'WATCH a | r redis:0:a'],
    ['MULTI; SET item:1 v; DEL list; EXEC', 'EXEC SET item:1, DEL list | w redis:0:item:1, w redis:0:list'],
    ['WATCH a; MULTI; SET b 1; EXEC', 'EXEC SET b | r redis:0:a, w redis:0:b'],
    ['WATCH a; UNWATCH; MULTI; SET b 1; EXEC', 'EXEC SET b | w redis:0:b'],
    ['MULTI; SELECT 4; GET a; EXEC; GET a', 'GET a | r redis:4:a'],
  ])('%s: %s', (line, expected) => {
    expect(meaning(line)).toBe(expected);
  });

  it('goes back to the database before a SELECT that failed', () => {
    const reader = open();
    reader.command(words('SELECT 99'));
    reader.replied(bytes('-ERR DB index is out of range\r\n'));
    expect(footprintKey(reader.command(words('GET a')).footprint)).toBe('r redis:0:a');
  });

  it('of a declared script touches its keys', () => {
    expect(meaning('EVALSHA 3f2a 2 a b x', { scripts: 'declared' })).toBe(
      'EVALSHA 3f2a… a b | w redis:0:a, w redis:0:b',
    );
  });

  it('that the scenario names passes', () => {
    expect(meaning('PUBLISH a b', { silent: ['publish'] })).toBe('silent');
    expect(meaning('CONFIG SET a b', { silent: ['CONFIG SET'] })).toBe('silent');
    expect(meaning('MULTI; PUBLISH a b; SET k 1; EXEC', { silent: ['PUBLISH'] })).toBe(
      'EXEC SET k | w redis:0:k',
    );
  });

  it('of a module has the keys that the server tells', () => {
    const commands = [{ name: 'cell.throttle', flags: ['write'], first: 1, last: 1, step: 1 }];
    expect(meaning('THROTTLE k 1', { commands: [{ ...commands[0]!, name: 'throttle' }] })).toBe(
      'THROTTLE k | w redis:0:k',
    );
  });

  it('that writes tells those who track, once anybody does', () => {
    const exploration = { tracking: false };
    expect(meaning('SET a 1', { exploration })).toBe('SET a | w redis:0:a');
    meaning('CLIENT TRACKING ON', { exploration });
    expect(meaning('SET a 1', { exploration })).toBe('SET a | w push:*, w redis:0:a');
    expect(meaning('GET a', { exploration })).toBe('GET a | r redis:0:a');
  });

  it('is labelled without random content, and touches its true key', () => {
    const id = '3f2a9c4e-0000-4000-8000-0123456789ab';
    expect(meaning(`GET session:${id}`)).toBe(`GET session:{uuid} | r redis:0:session:${id}`);
    expect(meaning('GET lock:1766383762123')).toBe('GET lock:{time} | r redis:0:lock:1766383762123');
    expect(meaning('GET q:5f2a9c4e00004000a0000123456789ab')).toMatch(/^GET q:\{\w+\} /);
  });
});

describe('a reply', () => {
  const told = (line: string, reply: Reply): string | null => {
    const reader = open();
    reader.command(words(line));
    return reader.replied(encodeReply(reply));
  };
  const bulk = (value: string): Reply => ({ type: 'bulk', value });
  const integer = (value: number): Reply => ({ type: 'integer', value });
  const nil: Reply = { type: 'null' };
  const ok: Reply = { type: 'simple', text: 'OK' };

  it.each<[string, Reply, string | null]>([
    ['GET a', nil, 'miss'],
    ['GET a', bulk('{"name":"old"}'), '{"name":"old"}'],
    ['GET a', bulk('x'.repeat(100)), `${'x'.repeat(39)}…`],
    ['GET password', bulk('correct horse'), '…'],
    ['SET a v', ok, null],
    ['SET a v EX 60', ok, 'EX 60'],
    ['SET a v NX', nil, 'not set'],
    ['SETEX a 60 v', ok, 'EX 60'],
    ['DEL a b', integer(1), '1 removed'],
    ['EXPIRE a 60', integer(0), 'no change'],
    ['INCR a', integer(7), '7'],
    ['MGET a b', { type: 'array', items: [bulk('x'), nil] }, '1 found, 1 missing'],
    ['HGETALL a', { type: 'map', entries: [[bulk('f'), bulk('v')]] }, '1 field'],
    ['HGETALL a', { type: 'array', items: [] }, 'miss'],
    ['LRANGE a 0 -1', { type: 'array', items: [bulk('x'), bulk('y')] }, '2 elements'],
    [
      'GET a',
      { type: 'error', text: 'WRONGTYPE Operation against a key' },
      'error WRONGTYPE Operation against a key',
    ],
    ['PING', { type: 'simple', text: 'PONG' }, 'PONG'],
  ])('to %s: %j is %s', (line, reply, expected) => {
    expect(told(line, reply)).toBe(expected === null ? null : expected.slice(0, 40));
  });

  it('tells bytes that are no text by their number', () => {
    expect(told('GET a', { type: 'bulk', value: Uint8Array.of(0x80, 4, 0x95, 0xff, 0xfe, 0) })).toBe(
      '6 bytes',
    );
  });

  it('of EXEC tells what each command gave', () => {
    const reader = open();
    for (const line of ['MULTI', 'GET a', 'DEL b']) {
      reader.command(words(line));
      reader.replied(bytes('+QUEUED\r\n'));
    }
    reader.command(words('EXEC'));
    expect(reader.replied(encodeReply({ type: 'array', items: [nil, integer(1)] }))).toBe('miss, 1 removed');
    reader.command(words('EXEC'));
    expect(reader.replied(encodeReply(nil))).toBe('aborted: a watched key changed');
  });
});

describe('a push', () => {
  const push = (...items: Reply[]): string => {
    const { silent, label, footprint } = open().push(encodeReply({ type: 'push', items }));
    return silent ? 'silent' : `${label} | ${footprintKey(footprint)}`;
  };
  const bulk = (value: string): Reply => ({ type: 'bulk', value });

  it('says what it is about and not what it says', () => {
    const names: Reply = { type: 'array', items: [bulk('item:1')] };
    expect(push(bulk('invalidate'), names)).toBe('push invalidate item:1 | r push:*');
    expect(push(bulk('invalidate'), { type: 'null' })).toBe('push invalidate everything | r push:*');
    expect(push(bulk('message'), bulk('news'), bulk('secret'))).toBe('push message news | r push:*');
    expect(push(bulk('pmessage'), bulk('n*'), bulk('news'), bulk('x'))).toBe('push pmessage news | r push:*');
    expect(push(bulk('subscribe'), bulk('news'), { type: 'integer', value: 1 })).toBe('silent');
  });
});
