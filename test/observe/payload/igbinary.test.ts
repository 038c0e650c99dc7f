import { describe, expect, it } from 'vitest';
import { inspect, leavesOf } from './support.ts';

/** Dumps as `igbinary_serialize` wrote them, in hexadecimal. */
function dump(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

const DOCUMENT =
  '00000002140a11016e060311066e6967687473068d11036e6567070511036269670a000111701101660c3ff80000000000001101740511017a001101650d11016c1403060006010601060206021104523130311105616761696e0e09';

describe('igbinary', () => {
  it('reads arrays, numbers of every width, texts and those that were written before', () => {
    const payload = inspect(dump(DOCUMENT));
    expect(payload.format).toBe('igbinary');
    expect(payload.truncated).toBeUndefined();
    expect(payload.leaves).toEqual(
      leavesOf({
        n: '3',
        nights: '141',
        neg: '-5',
        big: '70000',
        f: '1.5',
        t: 'true',
        z: 'null',
        e: '',
        'l.0': '1',
        'l.1': '2',
        'l.2': 'R101',
        again: 'R101',
      }),
    );
  });

  it.each([
    ['a number of 8 bytes', '000000022000000002dfdc1c35', { '': '12345678901' }],
    ['a text', '000000021103616263', { '': 'abc' }],
    ['an object', '000000021708737464436c617373140211026964060111046e616d65110178', { id: '1', name: 'x' }],
  ])('reads %s', (_, hex, leaves) => {
    const payload = inspect(dump(hex));
    expect(payload.format).toBe('igbinary');
    expect(payload.leaves).toEqual(leavesOf(leaves));
  });

  it.each([
    ['cut short', DOCUMENT.slice(0, 40)],
    ['something after the end', `${DOCUMENT}00`],
    ['a text that was never written', '00000002140106000e07'],
    ['a type that there is none of', '0000000226'],
  ])('is not taken for it: %s', (_, hex) => {
    expect(inspect(dump(hex)).format).not.toBe('igbinary');
  });
});

describe('a header before a document', () => {
  const pickle = Buffer.from('80054b034b8d86942e', 'hex');

  it.each(['|', '\n', '\0'])('is left out, whatever parts the two: %j', (between) => {
    const payload = inspect(Buffer.concat([Buffer.from(`{"ct": 1763824481.25, "v": 2}${between}`), pickle]));
    expect(payload.format).toBe('header+pickle');
    expect(payload.leaves).toEqual(leavesOf({ '0': '3', '1': '141' }));
  });

  it('is none when nothing readable follows', () => {
    expect(inspect('{"ct": 1}|and then words').format).toBe('text');
  });
});
