/** What a note's text consists of: plain data, drawn as HTML and as Markdown. There is no raw HTML in it, by construction. */
export type Inline =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'code'; readonly text: string }
  | { readonly is: 'break' }
  | { readonly is: 'emphasis' | 'strong' | 'struck'; readonly of: readonly Inline[] }
  | { readonly is: 'link'; readonly to: string; readonly of: readonly Inline[] }
  | { readonly is: 'image'; readonly from: string; readonly alt: string };

export type Block =
  | { readonly is: 'heading'; readonly level: number; readonly of: readonly Inline[] }
  | { readonly is: 'paragraph'; readonly of: readonly Inline[] }
  | { readonly is: 'code'; readonly language: string; readonly text: string }
  | { readonly is: 'quote'; readonly of: readonly Block[] }
  | {
      readonly is: 'list';
      /** Null: not numbered. */
      readonly start: number | null;
      /** Items stand close: no paragraphs of their own. */
      readonly tight: boolean;
      readonly items: readonly (readonly Block[])[];
    }
  | {
      readonly is: 'table';
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly is: 'rule' };

export function text(words: string): Inline {
  return { is: 'text', text: words };
}

export function paragraph(words: string): Block {
  return { is: 'paragraph', of: [text(words)] };
}

export function heading(level: number, words: string): Block {
  return { is: 'heading', level, of: [text(words)] };
}

export function list(items: readonly string[]): Block {
  return { is: 'list', start: null, tight: true, items: items.map((item) => [paragraph(item)]) };
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): Block {
  return {
    is: 'table',
    head: head.map((cell) => [text(cell)]),
    rows: rows.map((row) => row.map((cell) => [text(cell)])),
  };
}

/** What stands in the place of a picture that is not there. */
export function absentImage(alt: string): string {
  return alt === '' ? '[image]' : `[image: ${alt}]`;
}

/** The words of a text without its marks. */
export function inlineWords(of: readonly Inline[]): string {
  return of
    .map((one) => {
      if (one.is === 'text' || one.is === 'code') return one.text;
      if (one.is === 'break') return '\n';
      return one.is === 'image' ? one.alt : inlineWords(one.of);
    })
    .join('');
}
