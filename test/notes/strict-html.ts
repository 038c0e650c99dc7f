/**
 * A tokenizer of HTML that knows only what a page of notes may consist of: a list of elements, each with its attributes, quoted, and
 * every sign of markup in a text written as an entity. It throws at anything else, so that whatever slips past the escaping is found,
 * also where a browser would mend it.
 */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Texts in it, with those of its elements. */
  text: string;
  readonly inside: readonly string[];
}

const VOID = ['meta', 'link', 'br', 'hr', 'img', 'input'];

const GLOBAL = ['id', 'class', 'lang', 'tabindex', 'hidden', 'role', 'aria-label', 'aria-labelledby'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  html: [],
  head: [],
  body: [],
  title: [],
  meta: ['charset', 'http-equiv', 'content', 'name'],
  link: ['rel', 'href', 'type', 'title'],
  script: ['src', 'defer'],
  a: ['href', 'rel'],
  img: ['src', 'alt', 'loading'],
  ol: ['start'],
  th: ['scope'],
  meter: ['min', 'max', 'value'],
  input: ['type', 'autocomplete', 'spellcheck'],
  select: ['data-kind'],
  option: ['value'],
  nav: [],
  time: ['datetime'],
  button: ['type'],
};
const PLAIN =
  'header footer main article aside section search label p div h1 h2 h3 h4 h5 h6 ul li dl dt dd b em strong s small span code pre blockquote hr br table thead tbody tr td figure figcaption'.split(
    ' ',
  );

const TAG = /<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+(?:="[^"<>]*")?)*)>/y;
const ATTRIBUTE = / ([a-z-]+)(?:="([^"<>]*)")?/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

function decoded(text: string): string {
  const rest = text.replace(/&(?:amp|lt|gt|quot|#39);/g, '');
  if (/[&<>]/.test(rest)) throw new Error(`markup in a text: ${text.slice(0, 200)}`);
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]!);
}

/** Every element of a page, or of a part of one, in order. */
export function strictHtml(source: string): readonly Element[] {
  let at = source.startsWith('<!DOCTYPE html>') ? 15 : 0;
  const open: Element[] = [];
  const elements: Element[] = [];
  while (at < source.length) {
    if (source[at] !== '<') {
      const end = source.indexOf('<', at);
      const words = decoded(source.slice(at, end < 0 ? undefined : end));
      for (const element of open) element.text += words;
      if (open.some(({ name }) => name === 'script')) throw new Error(`an inline script: ${words}`);
      at = end < 0 ? source.length : end;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(source);
    if (tag === null) throw new Error(`no tag of ours: ${source.slice(at, at + 200)}`);
    const [whole, close, name = '', attributes = ''] = tag;
    at += whole.length;
    if (close === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes another element at ${at}`);
      continue;
    }
    const element = elementOf(
      name,
      attributes,
      open.map((one) => one.name),
    );
    elements.push(element);
    if (!VOID.includes(name)) open.push(element);
  }
  if (open.length > 0) throw new Error(`${open.at(-1)!.name} is not closed`);
  return elements;
}

function elementOf(name: string, written: string, inside: readonly string[]): Element {
  const allowed = ALLOWED[name] ?? (PLAIN.includes(name) ? [] : null);
  if (allowed === null) throw new Error(`no element of ours: ${name}`);
  const attributes: Record<string, string> = {};
  for (const [, attribute = '', value = ''] of written.matchAll(ATTRIBUTE)) {
    if (![...allowed, ...GLOBAL].includes(attribute))
      throw new Error(`${name} has the attribute ${attribute}`);
    if (attribute in attributes) throw new Error(`${name} has ${attribute} twice`);
    attributes[attribute] = decoded(value);
  }
  return { name, attributes, text: '', inside };
}
