import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCommand, encodeReply, join, NameTable, type Reply } from '../../../src/wire/redis/index.ts';
import { cut, expectedEvents, scanCommands, scanReplies } from './support.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const everyByte = (data: Uint8Array) => [...data].map((b) => Uint8Array.of(b));
const cuts = fc.array(fc.nat(), { maxLength: 12 });

const body = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 40 }),
  fc.constant('a\r\n$3\r\nb'),
);
const line = fc.stringMatching(/^[ -~]{0,30}$/);
const scalar: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ type: fc.constantFrom('simple' as const, 'error' as const), text: line }),
  fc.record({
    type: fc.constant('double' as const),
    text: fc.constantFrom('1.5', 'inf', '-inf', 'nan', '0'),
  }),
  fc.record({ type: fc.constant('bigNumber' as const), text: fc.bigInt().map(String) }),
  fc.record({ type: fc.constant('integer' as const), value: fc.maxSafeInteger() }),
  fc.record({
    type: fc.constantFrom(
      'bulk' as const,
      'bulkError' as const,
      'verbatim' as const,
      'streamedBulk' as const,
    ),
    value: body,
  }),
  fc.record({ type: fc.constant('null' as const) }),
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
);
const nested = fc.letrec<{ reply: Reply }>((tie) => {
  const items = fc.array(tie('reply'), { maxLength: 4 });
  const entries = fc.array(fc.tuple(tie('reply'), tie('reply')), { maxLength: 3 });
  return {
    reply: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.record({ type: fc.constantFrom('array' as const, 'set' as const), items, streamed: fc.boolean() }),
      fc.record({ type: fc.constant('map' as const), entries, streamed: fc.boolean() }),
      fc.record({ type: fc.constant('attribute' as const), entries, of: tie('reply') }),
    ),
  };
}).reply;
const frame = fc.oneof(
  { weight: 5, arbitrary: nested },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('push' as const), items: fc.array(nested, { maxLength: 3 }) }),
  },
);

describe('replies', () => {
  it('are read as they were written, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), cuts, (replies, at) => {
        const stream = join(replies.map((reply) => encodeReply(reply)));
        const expected = { events: replies.flatMap((reply) => expectedEvents(reply)), unknown: [] };
        expect(scanReplies([stream])).toEqual(expected);
        expect(scanReplies(cut(stream, at))).toEqual(expected);
        expect(scanReplies(everyByte(stream))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a miss of RESP2', '$-1\r\n', ['0 _']],
    ['a null array', '*-1\r\n', ['0 _']],
    ['a null of RESP3', '_\r\n', ['0 _']],
    ['an empty bulk string', '$0\r\n\r\n', ['0 $0 ']],
    ['an integer with a sign', ':+7\r\n:-7\r\n', ['0 :7', '0 :-7']],
    ['a CR within a line', '+a\rb\r\r\n', ['0 +4 a\rb\r']],
    ['a verbatim string', '=9\r\ntxt:Hello\r\n', ['0 $5 Hello']],
    ['a streamed string', '$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n', ['0 $5 Hello']],
    ['a streamed set', '~?\r\n:1\r\n:2\r\n.\r\n', ['0 ~-1', '1 :1', '1 :2', '0 close ~']],
    [
      'an attribute inside an array',
      '*2\r\n|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n:9\r\n',
      ['0 *2', '1 $1 a', '1 :9', '0 close *'],
    ],
    [
      'a push before a reply',
      '>2\r\n+a\r\n*1\r\n:1\r\n+OK\r\n',
      ['0p >2', '1p +1 a', '1p *1', '2p :1', '1p close *', '0p close >', '0 +2 OK'],
    ],
    ['an attribute of nothing', '|0\r\n+OK\r\n', ['0 +2 OK']],
    [
      'nested empty aggregates',
      '*1\r\n*1\r\n*0\r\n',
      ['0 *1', '1 *1', '2 *0', '2 close *', '1 close *', '0 close *'],
    ],
  ])('reads %s', (_, text, events) => {
    expect(scanReplies([bytes(text)])).toEqual({ events, unknown: [] });
    expect(scanReplies(everyByte(bytes(text)))).toEqual({ events, unknown: [] });
  });

  it.each([
    ['an unknown type', 'HTTP/1.1 200 OK\r\n'],
    ['a length without digits', '$\r\n'],
    ['a length with letters', '$1x\r\n'],
    ['a negative length', '$-2\r\n'],
    ['a negative count', '*-3\r\n'],
    ['a body longer than its length', '$2\r\nabc\r\n'],
    ['a boolean of another kind', '#x\r\n'],
    ['a null with text', '_x\r\n'],
    ['an end mark out of place', '.\r\n'],
    ['a part out of place', ';2\r\nab\r\n'],
    ['a part of a string missing', '$?\r\n$1\r\na\r\n'],
    ['a number too long', ':123456789012345678901\r\n'],
    ['an integer without digits', ':-\r\n'],
    ['a short verbatim string', '=3\r\ntxt\r\n'],
    ['nesting without end', '*1\r\n'.repeat(5000)],
    ['a line feed alone', ':1\n'],
  ])('reports %s once', (_, text) => {
    for (const chunks of [[bytes(text)], everyByte(bytes(text))]) {
      const seen = scanReplies([...chunks, bytes('+OK\r\n')]);
      expect(seen.unknown).toHaveLength(1);
      expect(seen.events).not.toContain('0 +2 OK');
    }
  });

  it('survive any damage', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(255),
        cuts,
        (replies, where, byte, at) => {
          const stream = join(replies.map((reply) => encodeReply(reply)));
          stream[where % stream.length] = byte;
          const whole = scanReplies([stream]);
          expect(whole.unknown.length).toBeLessThanOrEqual(1);
          expect(scanReplies(cut(stream, at))).toEqual(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('survive any bytes at all', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'+-:$*_#,(!=%~>|;.?0123456789ab\r\n', '\r\n', '\r\n') }),
        cuts,
        (text, at) => {
          expect(scanReplies(cut(bytes(text), at))).toEqual(scanReplies([bytes(text)]));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keep no more of a body than the cap', () => {
    const stream = join([
      encodeReply({ type: 'bulk', value: 'abcdefghij' }),
      encodeReply({ type: 'verbatim', value: 'abcdefghij' }),
    ]);
    const expected = ['0 $10 abcd', '0 $10 abcd'];
    expect(scanReplies([stream], { bodyCap: 4 }).events).toEqual(expected);
    expect(scanReplies(everyByte(stream), { bodyCap: 4 }).events).toEqual(expected);
  });
});

describe('commands', () => {
  const command = fc.array(body, { minLength: 1, maxLength: 6 });

  it('are read as they were written, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 5 }), cuts, (sent, at) => {
        const stream = join(sent.map(encodeCommand));
        const args = sent.map((words) => words.map((word) => Buffer.from(word).toString('latin1')));
        const whole = scanCommands([stream]);
        expect(whole.commands.map((c) => c.args)).toEqual(args);
        expect(whole.unknown).toEqual([]);
        expect(scanCommands(cut(stream, at))).toEqual(whole);
        expect(scanCommands(everyByte(stream))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('give the same view under caps, wherever the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(
            fc.nat(3000).map((n) => 'x'.repeat(n)),
            { minLength: 1, maxLength: 6 },
          ),
          { minLength: 1, maxLength: 3 },
        ),
        cuts,
        fc.constantFrom(
          { bodyCap: 2000, commandCap: 8000 },
          { bodyCap: 100, commandCap: 150 },
          { bodyCap: 5000, commandCap: 4000 },
        ),
        (sent, at, caps) => {
          const stream = join(sent.map(encodeCommand));
          expect(scanCommands(cut(stream, at), caps)).toEqual(scanCommands([stream], caps));
        },
      ),
    );
  });

  it.each([
    ['words', 'SET  a\tb \r\n', [['SET', 'a', 'b']]],
    ['a bare line feed', 'PING\n', [['PING']]],
    ['empty lines', '\r\n\n  \r\nPING\r\n', [['PING']]],
    ['double quotes', 'SET k "a b\\n\\x41\\"\\q\\xzz"\r\n', [['SET', 'k', 'a b\nA"qxzz']]],
    ['single quotes', "SET k 'it\\'s \\n'\r\n", [['SET', 'k', "it's \\n"]]],
    ['an empty word', 'SET k ""\r\n', [['SET', 'k', '']]],
    ['quotes within a word', 'SET k a"b c"\r\n', [['SET', 'k', 'ab c']]],
    ['an array after a line', 'PING\r\n*1\r\n$4\r\nPING\r\n', [['PING'], ['PING']]],
    ['arrays of nothing', '*0\r\n*-1\r\nPING\r\n', [['PING']]],
  ])('reads %s inline', (_, text, args) => {
    for (const chunks of [[bytes(text)], everyByte(bytes(text))]) {
      const seen = scanCommands(chunks);
      expect(seen.commands.map((c) => c.args)).toEqual(args);
      expect(seen.unknown).toEqual([]);
    }
  });

  it.each([
    ['unbalanced quotes', 'SET k "a\r\n'],
    ['text after a closing quote', 'SET k "a"b\r\n'],
    ['a line too long', 'x'.repeat(70_000)],
    ['TLS', '\x16\x03\x01\x02\x00\x01'],
    ['an argument that is no bulk string', '*1\r\n+PING\r\n'],
    ['a negative length', '*1\r\n$-1\r\n'],
    ['a count that is no number', '*x\r\n'],
    ['a length too large', '*1\r\n$99999999999999999\r\n'],
    ['an argument longer than its length', '*1\r\n$3\r\nPING\r\n'],
    ['a streamed count', '*?\r\n'],
  ])('reports %s once', (_, text) => {
    for (const chunks of [[bytes(text)], everyByte(bytes(text))]) {
      const seen = scanCommands([...chunks, bytes('\r\nPING\r\n')]);
      expect(seen.unknown).toHaveLength(1);
      expect(seen.commands).toEqual([]);
    }
  });

  it('survive any damage', () => {
    fc.assert(
      fc.property(
        fc.array(command, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(255),
        cuts,
        (sent, where, byte, at) => {
          const stream = join(sent.map(encodeCommand));
          stream[where % stream.length] = byte;
          expect(scanCommands(cut(stream, at))).toEqual(scanCommands([stream]));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are numbered by name, whatever the case', () => {
    const names = new NameTable(['get', 'SET', 'json.get']);
    const sent = ['GET', 'set', 'JSON.get', 'GE', 'GETX', '[ET', ''];
    const seen = scanCommands([join(sent.map((name) => encodeCommand([name, 'k'])))], { names });
    expect(seen.commands.map((c) => names.names[c.name])).toEqual(['GET', 'SET', 'JSON.GET', '', '', '', '']);
  });

  it('hold memory by what arrived and not by what was announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) scanCommands([bytes(`*1000000000\r\n$1000000000\r\nabc`)]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 << 20);
  });
});
