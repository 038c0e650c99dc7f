/** Borders are found wherever the stream is cut into chunks, and no byte is lost or changes its place. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServerFramer } from '../../../src/race/gate/postgres/server-framer.ts';
import { ClientFramer } from '../../../src/race/gate/postgres/unit.ts';
import { CommandFramer } from '../../../src/race/gate/redis/command.ts';
import { ReplyFramer } from '../../../src/race/gate/redis/reply-framer.ts';
import { concat, encodeBackend, encodeFrontend } from '../../../src/wire/postgres/index.ts';
import { encodeCommand, encodeReply, type Reply } from '../../../src/wire/redis/index.ts';

const latin = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('latin1');

/** The bytes in chunks of their own, cut where the numbers say. */
function chunks(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length]
    .map((end, i) => bytes.slice(at[i - 1] ?? 0, end))
    .filter(({ length }) => length > 0);
}

const cuts = fc.array(fc.nat(10_000), { maxLength: 12 });
const word = fc.string({ maxLength: 30 });

const reply: fc.Arbitrary<Reply> = fc.oneof(
  word.map((value): Reply => ({ type: 'bulk', value })),
  fc.constant<Reply>({ type: 'simple', text: 'OK' }),
  fc.integer().map((value): Reply => ({ type: 'integer', value })),
  fc.constant<Reply>({ type: 'null' }),
  fc.constant<Reply>({ type: 'error', text: 'ERR no' }),
  fc.array(word, { maxLength: 4 }).map(
    (words): Reply => ({
      type: 'array',
      items: words.map((value): Reply => ({ type: 'bulk', value })),
    }),
  ),
  fc.array(word, { maxLength: 3 }).map(
    (words): Reply => ({
      type: 'map',
      entries: words.map(
        (value) =>
          [
            { type: 'bulk', value },
            { type: 'array', items: [] },
          ] as const,
      ),
      streamed: words.length === 2,
    }),
  ),
);
const push = word.map(
  (value): Reply => ({
    type: 'push',
    items: [
      { type: 'bulk', value: 'message' },
      { type: 'bulk', value },
    ],
  }),
);
const attributed = fc.tuple(fc.oneof(reply, push), word).map(
  ([of, value]): Reply => ({
    type: 'attribute',
    entries: [
      [
        { type: 'bulk', value: 'ttl' },
        { type: 'bulk', value },
      ],
    ],
    of,
  }),
);

const isPush = (one: Reply): boolean => (one.type === 'attribute' ? isPush(one.of) : one.type === 'push');

describe('Redis', () => {
  test('commands', () => {
    const line = fc.constantFrom('PING\r\n', '\r\nset a "b c"\r\n', 'get a\n');
    const command = fc.oneof(
      fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => encodeCommand(words)),
      line.map((text) => new Uint8Array(Buffer.from(text))),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), cuts, (commands, at) => {
        const found: string[] = [];
        const framer = new CommandFramer({
          command: (parts) => found.push(latin(parts)),
          lost: (_code, why) => expect.fail(why),
        });
        for (const chunk of chunks(Buffer.concat(commands), at)) framer.feed(chunk);
        expect(found).toEqual(commands.map((bytes) => latin([bytes])));
        expect(framer.rest()).toEqual([]);
      }),
    );
  });

  test('replies and pushes', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(reply, push, attributed), { maxLength: 8 }), cuts, (replies, at) => {
        const found: (readonly [string, boolean])[] = [];
        let pieces: Uint8Array[] = [];
        const framer = new ReplyFramer({
          ambiguous: () => false,
          piece: (bytes) => pieces.push(bytes),
          ended: () => {
            found.push([latin(pieces), false]);
            pieces = [];
          },
          whole: (bytes, pushed) => found.push([latin([bytes]), pushed]),
          lost: (_code, why) => expect.fail(why),
        });
        const encoded = replies.map((one) => encodeReply(one));
        for (const chunk of chunks(Buffer.concat(encoded), at)) framer.feed(chunk);
        expect(found).toEqual(encoded.map((bytes, i) => [latin([bytes]), isPush(replies[i]!)]));
      }),
    );
  });
});

describe('PostgreSQL', () => {
  test('messages of a client', () => {
    const message = fc.oneof(
      word.map((text) => encodeFrontend.query(text.replaceAll('\0', ''))),
      word.map((text) => encodeFrontend.copyData(Buffer.from(text))),
      fc.constantFrom(
        encodeFrontend.sync(),
        encodeFrontend.flush(),
        encodeFrontend.bind({ values: ['1', null] }),
      ),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), cuts, (messages, at) => {
        const all = [encodeFrontend.startup({ user: 'me' }), ...messages];
        const found: string[] = [];
        const framer = new ClientFramer({
          message: (_type, _body, parts) => found.push(latin(parts)),
          lost: (_code, why) => expect.fail(why),
        });
        for (const chunk of chunks(concat(all), at)) framer.feed(chunk);
        expect(found).toEqual(all.map((bytes) => latin([bytes])));
      }),
    );
  });

  test('an answer is swallowed whole, and what belongs to none is not', () => {
    const told = [
      encodeBackend.parameterStatus('TimeZone', 'UTC'),
      encodeBackend.notification(7, 'news', 'hello'),
    ];
    const answer = fc.constantFrom(
      encodeBackend.dataRow(['1', null]),
      encodeBackend.commandComplete('SELECT 1'),
      encodeBackend.errorResponse('42P01'),
      ...told,
    );
    fc.assert(
      fc.property(
        fc.array(answer, { maxLength: 6 }),
        fc.array(answer, { maxLength: 6 }),
        cuts,
        (gone, stays, at) => {
          const end = encodeBackend.readyForQuery('I');
          const passed: Uint8Array[] = [];
          const framer = new ServerFramer({
            wantsRows: () => true,
            pass: (bytes) => passed.push(bytes),
            message: (type) => {
              if (type === end[0]) framer.swallowing = false;
            },
            lost: (_code, why) => expect.fail(why),
          });
          framer.swallowing = true;
          for (const chunk of chunks(concat([...gone, end, ...stays]), at)) framer.feed(chunk);
          expect(latin(passed)).toBe(latin([...gone.filter((bytes) => told.includes(bytes)), ...stays]));
        },
      ),
    );
  });
});
