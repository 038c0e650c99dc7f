/**
 * A strict reader of the XML that reports use: elements, attributes and text (XML 1.0, fifth edition). What is not well
 * formed throws.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly inside. */
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const DECLARATION = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/;
/** Char, 2.2. */
const CHAR = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const OPEN = /<([A-Za-z][\w.-]*)((?:\s+[A-Za-z][\w.-]*="[^"<]*")*)\s*(\/?)>/y;
const CLOSE = /<\/([A-Za-z][\w.-]*)\s*>/y;
const TEXT = /[^<]+/y;

export function parseXml(source: string): XmlElement {
  if (!CHAR.test(source)) throw new Error('A character is no Char.');
  const declaration = DECLARATION.exec(source)?.[0];
  if (declaration === undefined) throw new Error('The declaration is missing.');
  const reader = { source, at: declaration.length };
  const root = elementAt(reader);
  if (source.slice(reader.at).trim() !== '')
    throw new Error(`Something follows the root: ${source.slice(reader.at)}`);
  return root;
}

interface Reader {
  readonly source: string;
  at: number;
}

function take(pattern: RegExp, reader: Reader): RegExpExecArray | null {
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.source);
  if (match !== null) reader.at += match[0].length;
  return match;
}

function elementAt(reader: Reader): XmlElement {
  const open = take(OPEN, reader);
  if (open === null) throw new Error(`No element at ${reader.source.slice(reader.at, reader.at + 40)}`);
  const [, name = '', attributeText = '', empty] = open;
  const attributes = attributesOf(attributeText);
  if (empty === '/') return { name, attributes, children: [], text: '' };
  const children: XmlElement[] = [];
  let text = '';
  for (;;) {
    const close = take(CLOSE, reader);
    if (close !== null) {
      if (close[1] !== name) throw new Error(`</${close[1]}> ends <${name}>.`);
      return { name, attributes, children, text };
    }
    const run = take(TEXT, reader);
    if (run === null) children.push(elementAt(reader));
    else text += unescaped(run[0]);
  }
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([\w.-]+)="([^"]*)"/g)) {
    if (name in attributes) throw new Error(`${name} stands twice.`);
    // 3.3.3: white space in an attribute is read as a space.
    attributes[name] = unescaped(value.replace(/[\t\n\r]/g, ' '));
  }
  return attributes;
}

function unescaped(text: string): string {
  if (text.includes(']]>')) throw new Error(']]> stands in text.');
  // 2.11: a carriage return is read as a line end.
  return text.replace(/\r\n?/g, '\n').replace(/&([^;]*;?)/g, (_, reference: string) => {
    const character = reference.endsWith(';') ? ENTITIES[reference.slice(0, -1)] : undefined;
    if (character === undefined) throw new Error(`&${reference} is no entity.`);
    return character;
  });
}
