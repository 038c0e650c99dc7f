/** UTF-8 without platform types: the wire room knows neither Node nor the DOM. */

/** Bytes of a text; unpaired surrogates become U+FFFD. */
export function utf8(text: string): Uint8Array {
  const out: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) out.push(point);
    else if (point < 0x800) out.push(0xc0 | (point >> 6), tail(point));
    else if (point >= 0xd800 && point < 0xe000) out.push(0xef, 0xbf, 0xbd);
    else if (point < 0x10000) out.push(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    else out.push(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
  }
  return Uint8Array.from(out);
}

function tail(point: number): number {
  return 0x80 | (point & 0x3f);
}
