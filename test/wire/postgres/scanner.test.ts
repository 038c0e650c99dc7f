import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBackend as B, concat, encodeFrontend as F } from '../../../src/wire/postgres/encode.ts';
import { MessageScanner } from '../../../src/wire/postgres/scanner.ts';

interface Found {
  readonly type: number;
  readonly body: string;
  readonly length: number;
}

const CAP = 40;

/** Scans pieces, each in a buffer that is overwritten afterwards. */
function scan(
  direction: 'client' | 'server',
  pieces: readonly Uint8Array[],
  options: { readonly cap?: number; readonly answers?: number } = {},
) {
  const found: Found[] = [];
  const damage: string[] = [];
  const answers: number[] = [];
  const scanner = new MessageScanner(direction, {
    capture: () => options.cap ?? CAP,
    message: (type, bytes, start, end, length) =>
      found.push({ type, body: Buffer.from(bytes.subarray(start, end)).toString('hex'), length }),
    answer: (byte) => answers.push(byte),
    damaged: (reason) => damage.push(reason),
  });
  for (let i = 0; i < (options.answers ?? 0); i++) scanner.expectAnswer();
  for (const piece of pieces) {
    const shared = piece.slice();
    scanner.push(shared);
    shared.fill(0xee);
  }
  return { found, damage, answers };
}

/** Cuts bytes at the given places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

const CLIENT = concat([
  F.sslRequest(),
  F.startup({ user: 'a' }),
  F.password('x'),
  F.sync(),
  F.query('select 1'),
  F.copyData(new Uint8Array(100).fill(7)),
  F.flush(),
  F.terminate(),
]);
const SERVER = concat([
  B.authenticationOk(),
  B.parameterStatus('a', 'b'),
  B.readyForQuery(),
  B.parseComplete(),
  B.dataRow(['x'.repeat(90), null]),
  B.noData(),
  B.commandComplete('SELECT 1'),
]);

describe('message borders', () => {
  test.each([
    ['client', CLIENT, 8],
    ['server', SERVER, 7],
  ] as const)('%s: any split finds the same messages', (direction, stream, count) => {
    const whole = scan(direction, [stream]);
    expect(whole.found).toHaveLength(count);
    expect(whole.damage).toEqual([]);
    expect(
      scan(
        direction,
        [...stream].map((byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { maxLength: 12 }), (cuts) => {
        expect(scan(direction, pieces(stream, cuts))).toEqual(whole);
      }),
    );
  });

  test('bodies are captured up to the cap and skipped beyond it', () => {
    const { found } = scan('server', pieces(SERVER, [60, 70]));
    expect(found[4]).toMatchObject({ type: 'D'.charCodeAt(0), length: 2 + 4 + 90 + 4 });
    expect(found[4]?.body).toHaveLength(CAP * 2);
    expect(scan('server', [SERVER], { cap: 0 }).found.every(({ body }) => body === '')).toBe(true);
  });

  test('a claimed length alone takes no memory', () => {
    const header = Uint8Array.of('d'.charCodeAt(0), 0x3f, 0xff, 0xff, 0xff);
    const { found, damage } = scan('server', [header, new Uint8Array(10)], { cap: 1 << 30 });
    expect({ found, damage }).toEqual({ found: [], damage: [] });
  });

  test('single-byte answers come before the first message', () => {
    const stream = concat([Uint8Array.of(0x4e), Uint8Array.of(0x4e), SERVER]);
    for (const cut of [0, 1, 2, 3]) {
      const { answers, found } = scan('server', pieces(stream, [cut]), { answers: 2 });
      expect(answers).toEqual([0x4e, 0x4e]);
      expect(found).toHaveLength(7);
    }
  });

  test('nothing follows a cancel request', () => {
    const { found, damage } = scan('client', [F.cancelRequest(1, new Uint8Array(4)), F.query('select 1')]);
    expect(found).toHaveLength(1);
    expect(damage).toEqual([]);
  });
});

describe('damage', () => {
  test.each([
    ['client', 'an unknown type', concat([F.startup({}), Uint8Array.of(1, 0, 0, 0, 4)])],
    ['client', 'a length below four', concat([F.startup({}), Uint8Array.of(0x51, 0, 0, 0, 3)])],
    ['client', 'a negative length', concat([F.startup({}), Uint8Array.of(0x51, 0xff, 0, 0, 0)])],
    ['client', 'HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['client', 'TLS at once', Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3)],
    ['client', 'protocol 2', Uint8Array.of(0, 0, 0, 8, 0, 2, 0, 0)],
    ['client', 'a startup packet without a code', Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0)],
    ['server', 'HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
  ] as const)('%s: %s is told once', (direction, _name, stream) => {
    const follow = [stream, F.query('select 1'), Uint8Array.of(0xff)];
    expect(scan(direction, follow).damage).toHaveLength(1);
    const bytewise = [...concat(follow)].map((byte) => Uint8Array.of(byte));
    expect(scan(direction, bytewise)).toEqual(scan(direction, follow));
  });

  test('arbitrary bytes never throw and are told at most once', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('client' as const, 'server' as const),
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
        (direction, chunks) => {
          const prefix = direction === 'client' ? [F.startup({})] : [B.readyForQuery()];
          expect(scan(direction, [...prefix, ...chunks]).damage.length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 500 },
    );
  });
});
