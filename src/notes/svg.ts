/**
 * Which drawings may be copied into the site. A drawing is shown as a picture, in which no browser runs scripts; but its file can be
 * opened by itself too. So only those are taken that consist of shapes and text: a list of elements and attributes, no addresses, no
 * entities of their own. What whystale draws passes.
 *
 * @see SVG 1.1 (Second Edition), XML 1.0 (Fifth Edition) 2.4 to 3.1
 */
const ELEMENTS = new Set(
  'svg g title desc style rect line path circle ellipse polyline polygon text tspan'.split(' '),
);
const ATTRIBUTES = new Set(
  (
    'xmlns viewBox width height role aria-labelledby aria-label aria-hidden id class x y x1 x2 y1 y2 cx cy r rx ry d dx dy points ' +
    'transform fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-dasharray stroke-linecap stroke-linejoin ' +
    'opacity text-anchor dominant-baseline font-size font-family font-weight font-style preserveAspectRatio version'
  ).split(' '),
);
const SVG = 'http://www.w3.org/2000/svg';

const OPEN = /<([A-Za-z][\w:-]*)((?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const CLOSE = /<\/([A-Za-z][\w:-]*)\s*>/y;
const TEXT = /[^<]+/y;
const ATTRIBUTE = /\s+([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const HEAD =
  /^\ufeff?\s*(?:<\?xml version="1\.[01]"(?: encoding="(?:utf|UTF)-8")?(?: standalone="(?:yes|no)")?\s*\?>\s*)?/;
const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/;
/** What loads, or could be read as something that loads. */
const IN_STYLE = /@import|@font-face|@namespace|url\s*\(|expression|behavior|binding|\\|javascript/i;
const IN_VALUE = /url\s*\(|javascript|data:|&#|\\/i;

/** Null: it may be copied; else why not, without a full stop. */
export function svgProblem(source: string): string | null {
  let at = HEAD.exec(source)?.[0].length ?? 0;
  const open: string[] = [];
  let roots = 0;
  while (at < source.length) {
    const tag = matched(OPEN, source, at);
    if (tag !== null) {
      const [whole, name = '', attributes = '', empty] = tag;
      const problem = elementProblem(name, attributes);
      if (problem !== null) return problem;
      if (open.length === 0 && (name !== 'svg' || roots++ > 0)) return 'it is no one drawing';
      if (empty === '') open.push(name);
      at += whole.length;
      continue;
    }
    const end = matched(CLOSE, source, at);
    if (end !== null) {
      if (open.pop() !== end[1]) return 'its elements do not close in order';
      at += end[0].length;
      continue;
    }
    const words = matched(TEXT, source, at)?.[0];
    if (words === undefined) return 'it holds markup other than elements';
    const problem = textProblem(words, open.at(-1));
    if (problem !== null) return problem;
    at += words.length;
  }
  return open.length > 0 || roots !== 1 ? 'it is no whole drawing' : null;
}

function matched(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function elementProblem(name: string, attributes: string): string | null {
  if (!ELEMENTS.has(name)) return `it holds <${name.slice(0, 40)}>`;
  for (const [, attribute = '', quoted, single] of attributes.matchAll(ATTRIBUTE)) {
    const value = quoted ?? single ?? '';
    if (!ATTRIBUTES.has(attribute)) return `it holds the attribute ${attribute.slice(0, 40)}`;
    if (attribute === 'xmlns' && value !== SVG) return 'it is of another namespace';
    if (IN_VALUE.test(value) || ENTITY.test(value)) return `its attribute ${attribute} could load something`;
  }
  return null;
}

function textProblem(words: string, within: string | undefined): string | null {
  if (ENTITY.test(words)) return 'it holds entities of its own';
  if (within === undefined) return words.trim() === '' ? null : 'there is text beside the drawing';
  // Entities in a style would be read after this look at it.
  if (within === 'style' && (IN_STYLE.test(words) || words.includes('&')))
    return 'its style could load something';
  return null;
}
