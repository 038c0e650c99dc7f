/**
 * The one place where text becomes HTML. A template holds markup that stands in this program; whatever is put into it is escaped,
 * unless it is {@link Html} itself, which only templates make.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls may not stand in a page, and direction marks hide what a command says.
const FORBIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup that may stand in a page as it is. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Piece = string | number | Html | null | readonly Piece[];

export const NOTHING = new Html('');

/** Text without what may not stand in a page; controls and marks that turn the direction become U+FFFD. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(FORBIDDEN, '\ufffd');
}

export function escapeHtml(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Markup with texts in it: each is escaped, fit for an element's content and for a quoted attribute. */
export function html(markup: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let out = markup[0]!;
  for (let i = 0; i < pieces.length; i++) out += markupOf(pieces[i]!) + markup[i + 1]!;
  return new Html(out);
}

function markupOf(piece: Piece): string {
  if (piece === null) return '';
  if (piece instanceof Html) return piece.markup;
  if (typeof piece === 'string') return escapeHtml(piece);
  if (typeof piece === 'number') return String(piece);
  return piece.map(markupOf).join('');
}
