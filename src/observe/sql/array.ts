/** The text form of PostgreSQL arrays (the manual's chapter 8.15.6): `{1,2,"a,b",NULL}`. */

/** Elements looked at in one array. */
export const MAX_ELEMENTS = 10_000;

/** Elements of a one-dimensional array; null for NULL. null when the text is no such array or has too many. */
export function arrayElements(text: string): (string | null)[] | null {
  const body = /^(?:\[[^\]]*\]=)?\{([\s\S]*)\}\s*$/.exec(text.trimStart())?.[1];
  if (body === undefined) return null;
  const elements: (string | null)[] = [];
  const element = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^,"{}]*))\s*(,|$)/y;
  if (body.trim() === '') return elements;
  while (element.lastIndex <= body.length) {
    const match = element.exec(body);
    if (!match || elements.length >= MAX_ELEMENTS) return null;
    elements.push(match[1] === undefined ? bare(match[2]!) : match[1].replace(/\\([\s\S])/g, '$1'));
    if (match[3] === '') return elements;
  }
  return null;
}

function bare(text: string): string | null {
  const trimmed = text.trim().replace(/\\([\s\S])/g, '$1');
  return trimmed.toLowerCase() === 'null' ? null : trimmed;
}
