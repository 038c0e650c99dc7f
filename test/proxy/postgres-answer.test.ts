import { describe, expect, test } from 'vitest';
import { errorResponse, findAnswer, withoutChannelBinding } from '../../src/proxy/postgres-answer.ts';
import { prefaceStep } from '../../src/proxy/postgres-preface.ts';

const message = (type: string, body: Buffer) => {
  const head = Buffer.from(`${type}....`);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
};
const sasl = (...names: string[]) =>
  message('R', Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from(`${names.join('\0')}\0\0`)]));
const negotiate = message('v', Buffer.alloc(8));

describe('the server’s offer', () => {
  test('loses channel binding and nothing else', () => {
    const after = message('N', Buffer.from('later'));
    const bytes = Buffer.concat([
      negotiate,
      sasl('SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'OAUTHBEARER'),
      after,
    ]);
    const answer = findAnswer(bytes)!;
    expect(answer).toMatchObject({ kind: 'authentication', at: negotiate.length });
    const expected = Buffer.concat([negotiate, sasl('SCRAM-SHA-256', 'OAUTHBEARER'), after]);
    expect(Buffer.from(withoutChannelBinding(bytes, answer.at)).equals(expected)).toBe(true);
  });

  test.each([
    ['has no channel binding', sasl('SCRAM-SHA-256')],
    ['has nothing else', sasl('SCRAM-SHA-256-PLUS')],
    ['is no SASL', message('R', Buffer.from([0, 0, 0, 5, 1, 2, 3, 4]))],
    ['is AuthenticationOk', message('R', Buffer.alloc(4))],
  ])('stays as it is when it %s', (_when, bytes) => {
    expect(withoutChannelBinding(bytes, 0)).toBe(bytes);
  });

  test('is found only when it is whole', () => {
    const bytes = Buffer.concat([negotiate, sasl('SCRAM-SHA-256')]);
    for (let length = 0; length < bytes.length; length++) {
      expect(findAnswer(bytes.subarray(0, length))).toBeNull();
    }
    expect(findAnswer(bytes)?.kind).toBe('authentication');
    expect(findAnswer(errorResponse('no'))?.kind).toBe('error');
    expect(findAnswer(Buffer.from('HTTP/1.1 400'))?.kind).toBe('other');
  });
});

describe('the client’s first words', () => {
  const packet = (code: number, length = 8, extra = 0) => {
    const bytes = Buffer.alloc(8 + extra);
    bytes.writeInt32BE(length, 0);
    bytes.writeInt32BE(code, 4);
    return bytes;
  };
  test.each([
    ['nothing', Buffer.alloc(0), 'wait'],
    ['seven bytes', packet(80_877_103).subarray(0, 7), 'wait'],
    ['SSLRequest', packet(80_877_103), 'encryption'],
    ['GSSENCRequest', packet(80_877_104), 'encryption'],
    ['half a startup packet', packet(196_608, 40, 10), 'wait'],
    ['a startup packet', packet(196_608, 40, 32), 'startup'],
    ['protocol 3.2', packet(196_610, 40, 32), 'startup'],
    ['half a cancel request', packet(80_877_102, 16), 'wait'],
    ['a cancel request', packet(80_877_102, 16, 8), 'cancel'],
    ['a cancel request with a long key', packet(80_877_102, 44, 36), 'cancel'],
    ['an impossible length', packet(196_608, 1 << 30), 'startup'],
    ['text', Buffer.from('GET / HTTP/1.1'), 'startup'],
    ['TLS', Buffer.from([0x16, 3, 1]), 'tls'],
  ])('%s: %s', (_name, bytes, kind) => {
    expect(prefaceStep(bytes).kind).toBe(kind);
  });
});
