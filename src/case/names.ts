/** Names of cases, which are names of folders. */

const NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;
/** Longest name that is made up. */
const LONGEST = 60;

export function isCaseName(name: string): boolean {
  return NAME.test(name) && !name.endsWith('.');
}

/** A name out of words: `WS104: item:{id}` → `ws104-item-id`; null where nothing is left of them. */
export function slugOf(text: string): string | null {
  const slug = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST)
    .replace(/^-+|-+$/g, '');
  return slug === '' ? null : slug;
}
