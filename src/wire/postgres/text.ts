/**
 * Bytes ↔ text. The wire room sees neither Node nor DOM types, so the two globals it needs are declared here, as
 * small as they are used.
 */
declare const TextDecoder: new (
  label?: string,
) => {
  decode(input: Uint8Array): string;
};
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/** Turns bytes `[start, end)` into text; never throws. */
export type TextReader = (bytes: Uint8Array, start: number, end: number) => string;

/** Up to this length, ASCII is put together here: the call into the platform's decoder costs more than the text. */
const SHORT_TEXT = 16;
const GROUP = 8;

const encoder = new TextEncoder();

/** Undefined when a byte is not ASCII. Characters are joined in groups, because a string that grows by single ones is
 * stored as a chain of them. */
function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let bits = 0;
  for (let at = start; at < end; at++) bits |= bytes[at] as number;
  if (bits > 0x7f) return undefined;
  if (end - start <= GROUP) return group(bytes, start, end - start);
  return group(bytes, start, GROUP) + group(bytes, start + GROUP, end - start - GROUP);
}

/** One to {@link GROUP} ASCII characters. */
function group(b: Uint8Array, i: number, count: number): string {
  const from = String.fromCharCode;
  const c0 = b[i] as number;
  const c1 = b[i + 1] as number;
  const c2 = b[i + 2] as number;
  const c3 = b[i + 3] as number;
  switch (count) {
    case 1:
      return from(c0);
    case 2:
      return from(c0, c1);
    case 3:
      return from(c0, c1, c2);
    case 4:
      return from(c0, c1, c2, c3);
    case 5:
      return from(c0, c1, c2, c3, b[i + 4] as number);
    case 6:
      return from(c0, c1, c2, c3, b[i + 4] as number, b[i + 5] as number);
    case 7:
      return from(c0, c1, c2, c3, b[i + 4] as number, b[i + 5] as number, b[i + 6] as number);
    default:
      return (
        from(c0, c1, c2, c3) +
        from(b[i + 4] as number, b[i + 5] as number, b[i + 6] as number, b[i + 7] as number)
      );
  }
}

function readerFor(label: string): TextReader {
  const decoder = new TextDecoder(label);
  return (bytes, start, end) => {
    if (end <= start) return '';
    if (end - start <= SHORT_TEXT) {
      const text = shortAscii(bytes, start, end);
      if (text !== undefined) return text;
    }
    return decoder.decode(bytes.subarray(start, end));
  };
}

/** UTF-8; bytes that are not become U+FFFD. */
export const readUtf8: TextReader = readerFor('utf-8');

/** PostgreSQL's names of client encodings → labels of the Encoding Standard. All of them agree with ASCII below 0x80,
 * which {@link readerFor} relies on; encodings that are not listed are read as UTF-8. */
const ENCODINGS: Readonly<Record<string, string>> = {
  LATIN1: 'iso-8859-1',
  LATIN2: 'iso-8859-2',
  LATIN9: 'iso-8859-15',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_7: 'iso-8859-7',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN866: 'ibm866',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  EUC_JP: 'euc-jp',
  EUC_KR: 'euc-kr',
  EUC_CN: 'gbk',
  GBK: 'gbk',
  GB18030: 'gb18030',
  BIG5: 'big5',
};

/** The reader for a `client_encoding` as ParameterStatus names it. */
export function textReader(clientEncoding: string): TextReader {
  const label = ENCODINGS[clientEncoding.toUpperCase()];
  if (label === undefined) return readUtf8;
  try {
    return readerFor(label);
  } catch {
    return readUtf8; // a platform built without this encoding
  }
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
