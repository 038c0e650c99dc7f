/** Compressions that Node 20 does not undo by itself, and those that bear no sign of their own. */
import { brotliCompressSync, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/observe/payload/limits.ts';
import { decodeLz4Block } from '../../../src/observe/payload/lz4.ts';
import { decodeSnappy } from '../../../src/observe/payload/snappy.ts';
import { decodeZstd } from '../../../src/observe/payload/zstd.ts';
import { digester, hasWord, inspect, leafAt } from './support.ts';

const base64 = (text: string): Buffer => Buffer.from(text, 'base64');

/** What all samples hold: twelve items with `Blue shirt` and prices from 10 in steps of 3.5. */
const DOCUMENT = JSON.stringify({
  items: Array.from({ length: 12 }, (_, i) => ({
    id: i,
    name: 'Blue shirt',
    price: 10 + i * 3.5,
    tags: ['cotton', 'summer'],
  })),
});
const LAST_PRICE = '48.5';

/** Made by the zstd and lz4 programs. */
const ZSTD = {
  'level 3, Huffman literals, a checksum':
    'KLUv/QRY3QQAQkcYGnC3Ot7RDYEPSiP2YxQAwEHVQ9PcvrxU+h9ejeGWbUoLcG5XS6tobNUitZpixEo+jfEJpVzofZ4otSrICUe9DyJQ8jtE4jzc53XGAjVcDIH7HcojuQ/y+yCeEfidSljjmRgAYMSIwgkAEyEKhwVQA6ME0AGHBVADowggBCMLIAHODSAEIwugBqP8GOiAw4LSgROikM13q6A41UzR',
  'level 19, no checksum':
    'KLUv/QBolQQAkoYWGHCtDv4v/DuJF0+nqtffgL/age8l9f/PGZPxmlsz9/BeO2aCa90rYC5oAONVk3Ea54ygN06tDnLlqMDihY+IpM9XvVK5QBsjhvjCx3k0X7USealYeGjGKi8FG6gQsLZGZdoOUC9OxjCECET8/1NUJA8w4hqAWDOlQ+ExTIPP+89TKk5VxDsvbSutyJ6CIQM=',
  'fast, literals as they are':
    'KLUv/QRItQcANAx7Iml0ZW1zIjogW3siaWQiOiAwLCAibmFtZSI6ICJCbHVlIHNoaXJ0IiwgInByaWNlIjogMTAuMCwgInRhZ3MiOiBbImNvdHRvbiIsICJzdW1tZXIiXX0sIHsiaWQiOiAxLCAibmFtZSI6ICJCbHVlIHNoaXJ0IiwgInByaWNlIjogMTMuNTIsIDcuMDMsIDIwLjU0LCA0LjA1LCA3LjU2LCAzMS4wNywgNC41OCwgOC4wOSwgNDEuNTE0NS4xOC41XX0VANBMyDg3gAaicG5QEtCMoBwAH0E5AD6CkoBmBOUA+AjKAfARlAQ0IygH4MMwKoMUONVM0Q==',
} as const;
const LZ4_FRAME =
  'BCJNGGBAgtIAAADwIXsiaXRlbXMiOiBbeyJpZCI6IDAsICJuYW1lIjogIkJsdWUgc2hpcnQiLCAicHJpYxcAMDEwLiUAMXRhZzgAcCJjb3R0b24iALNzdW1tZXIiXX0sIE4AHzFOAA8/My41TgAVHzJOAA8fN5wAFx8zTgAOLzIwnAAXHzROAA8fNJwAFx81TgAPHzecABcfNk4ADi8zMZwAFx83TgAPHzScABcfOE4ADx84nAAXHzlOAA4vNDGcABcfMQ0DDy80NQ0DGA8OAw8vNDieAAtQIl19XX0AAAAA';
/** The one block of the frame, and the length of what it holds. */
const LZ4_BLOCK = base64(LZ4_FRAME).subarray(11, -4);
const LENGTH = Buffer.from([949 & 255, 949 >> 8, 0, 0]);

/** A Snappy block of a text: literals of 60 bytes at most, and one copy where the text allows it. */
function snappyOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const parts: number[] =
    bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 60);
    const before = bytes.subarray(0, at).lastIndexOf(piece.subarray(0, 20));
    if (before >= 0 && piece.length >= 20) {
      const distance = at - before;
      parts.push(((20 - 1) << 2) | 2, distance & 255, distance >> 8);
      at += 20;
    } else {
      parts.push((piece.length - 1) << 2, ...piece);
      at += piece.length;
    }
  }
  return Buffer.from(parts);
}

describe('zstd', () => {
  it.each(Object.entries(ZSTD))('%s', (_, frame) => {
    const payload = inspect(base64(frame));
    expect(payload.format).toBe('zstd+json');
    expect(payload.truncated).toBeUndefined();
    expect(leafAt(payload, 'items.11.price')).toBe(digester.scalar(LAST_PRICE));
    expect(leafAt(payload, 'items.0.name')).toBe(digester.scalar('Blue shirt'));
  });

  it('joins frames and passes over those of other content', () => {
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frame = base64(ZSTD['level 19, no checksum']);
    const content = decodeZstd(Buffer.concat([skippable, frame, skippable, frame]), LIMITS.bytes);
    expect(content?.cut).toBe(false);
    expect(content?.bytes.length).toBe(2 * 949);
  });

  it('ends at its bound, whatever a frame would unpack to', () => {
    // One RLE block of 128 KiB after another: each byte of input makes 32 KiB.
    const block = [0x02, 0x00, 0x10, 0x61];
    const bomb = Buffer.from([
      0x28,
      0xb5,
      0x2f,
      0xfd,
      0x00,
      0x58,
      ...Array.from({ length: 20_000 }, () => block).flat(),
    ]);
    const content = decodeZstd(bomb, 300_000);
    expect(content?.cut).toBe(true);
    expect(content?.bytes.length).toBe(300_000);
  });

  it('gives the beginning of what is cut, and nothing of what needs a dictionary', () => {
    const raw = Buffer.from('{"name":"Blue shirt"}');
    const cut = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, raw.length << 3, 0, 0, ...raw, 0xff]);
    expect(decodeZstd(cut, LIMITS.bytes)).toEqual({ bytes: new Uint8Array(raw), cut: true });
    const dictionary = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x05, 0x15, 1, 0, 0]);
    expect(inspect(dictionary)).toEqual({ format: 'zstd', leaves: [], truncated: true });
  });

  it('never throws, whatever is changed in a frame', () => {
    const frames = Object.values(ZSTD).map(base64);
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...frames), changes, fc.nat(400), (frame, edits, drop) => {
        const bytes = Buffer.from(frame);
        for (const [at, byte] of edits) bytes[4 + (at % (bytes.length - 4))] = byte;
        const content = decodeZstd(bytes.subarray(0, Math.max(4, bytes.length - (drop % 50))), 50_000);
        expect(content === null || content.bytes.length <= 50_000).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what bears no sign of its compression', () => {
  const short = '{"id":4711,"name":"Blue shirt","note":"Blue shirt Blue shirt Blue shirt Blue shirt"}';
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['lz4-block+json', Buffer.concat([LENGTH, LZ4_BLOCK])],
    // phpredis: a checksum of the length before the length.
    ['lz4-block+json', Buffer.concat([Buffer.from([0x5a]), LENGTH, LZ4_BLOCK])],
    ['br+json', brotliCompressSync(DOCUMENT)],
    ['deflate+json', deflateRawSync(DOCUMENT)],
    ['snappy+json', snappyOf(DOCUMENT)],
  ];
  it.each(cases)('%s', (format, bytes) => {
    const payload = inspect(bytes);
    expect(payload.format).toBe(format);
    expect(payload.truncated).toBeUndefined();
    expect(leafAt(payload, 'items.11.price')).toBe(digester.scalar(LAST_PRICE));
  });

  it('a framed Snappy stream does', () => {
    const block = snappyOf(short);
    const chunk = Buffer.from([0x00, block.length + 4, 0, 0, 1, 2, 3, 4, ...block]);
    const stream = Buffer.concat([Buffer.from('ff060000734e61507059', 'hex'), chunk]);
    const payload = inspect(stream);
    expect(payload.format).toBe('snappy+json');
    expect(leafAt(payload, 'id')).toBe(digester.scalar('4711'));
  });

  it('a page under Brotli is searched for words', () => {
    const page = `<ul>${'<li><b>Blue shirt</b> <i>€19.99</i></li>'.repeat(5)}</ul>`;
    const payload = inspect(brotliCompressSync(page));
    expect(payload.format).toBe('br+text');
    expect(hasWord(payload, 'Blue shirt')).toBe(true);
    expect(hasWord(payload, '19.99')).toBe(true);
  });

  it('random bytes are none of it', () => {
    const odd: string[] = [];
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
        const { format } = inspect(bytes);
        if (/^(?:br|snappy|lz4-block|deflate)\+/.test(format)) odd.push(format);
      }),
      { numRuns: 600 },
    );
    expect(odd).toEqual([]);
  });

  it('a length that a block does not keep is not believed', () => {
    expect(decodeLz4Block(Buffer.concat([Buffer.from([0xb4, 3, 0, 0]), LZ4_BLOCK]), LIMITS.bytes)).toBeNull();
    expect(decodeLz4Block(Buffer.from([0xff, 0xff, 0xff, 0x7f, 0x10, 0x61]), LIMITS.bytes)).toBeNull();
    expect(decodeSnappy(snappyOf(short).subarray(0, -1), LIMITS.bytes)).toBeNull();
    expect(decodeSnappy(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]), LIMITS.bytes)).toBeNull();
  });
});

describe('running text', () => {
  it('is searched for names of many words', () => {
    const payload = inspect(
      'Today: Organic cotton shirt model 4 deluxe edition for only 40.50 EUR, while stocks last',
    );
    expect(hasWord(payload, 'Organic cotton shirt model 4 deluxe edition')).toBe(true);
    expect(hasWord(payload, '40.50')).toBe(true);
  });

  it('spends its bound on short runs before long ones', () => {
    const words = Array.from({ length: 900 }, (_, i) => `word${i}`).join(' ');
    const payload = inspect(`${words} the last words`);
    expect(payload.words?.length).toBe(LIMITS.words);
    expect(hasWord(payload, 'word899')).toBe(true);
    expect(hasWord(payload, 'word0 word1 word2 word3 word4 word5')).toBe(false);
  });
});
